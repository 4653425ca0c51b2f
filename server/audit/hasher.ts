/**
 * HMACs of one audit device: "hmac-sha256:" and 64 hex digits, keyed with the device's salt, as Vault writes them and
 * sys/audit-hash computes them. Nothing clear is remembered: what is memoised hangs on the entry it was made for.
 */
import { HmacSha256 } from "../../lib/hmac.ts";
import type { Secret } from "../../lib/secret.ts";

export class Hasher {
  readonly #key: HmacSha256;

  /** @param salt zero-filled by the caller afterwards if it likes: it is copied */
  constructor(salt: Uint8Array) {
    this.#key = new HmacSha256(salt);
  }

  hash(text: string): string {
    return `hmac-sha256:${this.#key.hex(text)}`;
  }

  /** Zero-fills the salt. Do not use it afterwards. */
  forget(): void {
    this.#key.destroy();
  }

  hashSecret(secret: Secret): string {
    return this.hash(secret.reveal());
  }
}
