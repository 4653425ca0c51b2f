/** Security identifiers of Active Directory. Source: [MS-DTYP] section 2.4.2, forms .1 (text) and .2 (packet). */

/** "S-1-5-21-…"; undefined when the bytes are no SID. */
export function sidText(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes);
  if (buffer.length < 8) return undefined;
  const count = buffer.readUInt8(1);
  if (buffer.length !== 8 + 4 * count) return undefined;
  const parts = Array.from({ length: count }, (_, at) => buffer.readUInt32LE(8 + 4 * at));
  return ["S", buffer.readUInt8(0), buffer.readUIntBE(2, 6), ...parts].join("-");
}
