/** What every stored value begins with: one byte that names its format, so that a later version can change it. */
import { Fault } from "./fault.ts";

/** @param format 1 to 255 */
export function encodeStored(format: number, text: string): Uint8Array {
  const size = Buffer.byteLength(text, "utf8");
  const bytes = Buffer.allocUnsafe(size + 1);
  bytes[0] = format;
  bytes.write(text, 1, "utf8");
  return bytes;
}

/**
 * @param what names the kind of value in the error
 * @throws Fault "internal" when a newer release has written it, or it is empty
 */
export function decodeStored(format: number, bytes: Uint8Array, what: string): string {
  if (bytes[0] !== format) {
    const found = String(bytes[0] ?? "none");
    throw new Fault("internal", `stored ${what} has format ${found}, this release reads ${String(format)}`);
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset + 1, bytes.byteLength - 1).toString("utf8");
}
