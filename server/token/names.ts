/** From token strings and accessors to the names they have in storage and memory: HMAC-SHA256 with a key of this store. */
import { Fault } from "../../lib/fault.ts";
import { HmacSha256 } from "../../lib/hmac.ts";
import type { Random } from "../../lib/random.ts";
import type { Secret } from "../../lib/secret.ts";
import type { Storage } from "../contract/storage.ts";
import { INDEXED_KEY, NOTHING, SALT_KEY } from "./record.ts";

const FORMAT = 1;
const SIZE = 32;

export class Names {
  #key: HmacSha256 | undefined;

  /** Reads the key, makes it the first time: then there is no token without a lease's key either. */
  async open(storage: Storage, random: Random): Promise<void> {
    const stored = await storage.transact(async (tx) => {
      const before = await tx.get(SALT_KEY);
      if (before !== undefined) return before;
      const made = Buffer.concat([Buffer.of(FORMAT), random.bytes(SIZE)]);
      tx.put(SALT_KEY, made);
      tx.put(INDEXED_KEY, NOTHING);
      return made;
    });
    if (stored[0] !== FORMAT || stored.length !== SIZE + 1) {
      throw new Fault("internal", "stored token key has a format that this release does not read");
    }
    this.#key = new HmacSha256(stored.subarray(1));
  }

  forget(): void {
    this.#key?.destroy();
    this.#key = undefined;
  }

  /** @returns 64 hexadecimal digits */
  token(token: Secret): string {
    return this.#hmac("token", token.reveal());
  }

  accessor(accessor: string): string {
    return this.#hmac("accessor", accessor);
  }

  #hmac(kind: string, text: string): string {
    if (this.#key === undefined) throw new Fault("sealed", "Vault is sealed");
    return this.#key.hex(`${kind}\0${text}`);
  }
}
