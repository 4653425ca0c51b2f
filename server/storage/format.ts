/**
 * The version of everything that lies in a store: names of keys, records, encryption. One number, written when a
 * store is first opened and readable without a key, beside the keys of the contract. docs/format.md says what each version is.
 */
import { Fault } from "../../lib/fault.ts";

export const FORMAT = 1;

export function formatRecord(): Buffer {
  return Buffer.from(String(FORMAT));
}

/**
 * @param empty the store holds no key at all
 * @returns the version of a store that this program can read; undefined for an empty one
 * @throws Fault "unsupported" for a newer version, "invalid" for data that is not ours
 */
export function readFormat(record: Uint8Array | undefined, empty: boolean): number | undefined {
  if (record === undefined) {
    if (empty) return undefined;
    throw new Fault("invalid", "the storage holds data of another program: it has no oksae format version");
  }
  const text = Buffer.from(record).toString();
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Fault("invalid", "the format version of the storage cannot be read");
  const version = Number(text);
  if (version > FORMAT) {
    throw new Fault(
      "unsupported",
      `the storage was written by a newer oksae (format ${text}, this one reads up to ${String(FORMAT)}): upgrade, or restore a backup from before`,
    );
  }
  return version;
}
