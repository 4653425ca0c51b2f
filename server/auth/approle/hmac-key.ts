/**
 * The key that stands between what a client shows (a secret id, its accessor, a role id) and its name in the store:
 * names in the store are in clear, so only HMACs may be there. Each role has a key of its own.
 */
import { HmacSha256 } from "../../../lib/hmac.ts";
import type { Random } from "../../../lib/random.ts";
import { Secret } from "../../../lib/secret.ts";
import type { JsonMap } from "../../../lib/wire/json.ts";
import { textIn } from "../../contract/record.ts";

const BYTES = 32;
/** Bytes of what is taken as a secret id or a role id; the same bound as Vault's. */
export const LONGEST_ID = 4096;

export function newHmacKey(random: Random): Secret {
  return new Secret(random.bytes(BYTES).toString("hex"));
}

/** @returns 64 hexadecimal digits. The caller has looked at the length of `text`. */
export function hmacOf(key: Secret, text: string): string {
  const bytes = Buffer.from(key.reveal(), "hex");
  const hmac = new HmacSha256(bytes);
  bytes.fill(0);
  try {
    return hmac.hex(text);
  } finally {
    hmac.destroy();
  }
}

/** What a record holds of it, below the barrier. */
export function storedKey(key: Secret): string {
  return key.reveal();
}

export function keyFrom(record: JsonMap, name: string): Secret {
  return new Secret(textIn(record, name));
}
