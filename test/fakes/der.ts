/** Just enough DER and BER writing to mint certificates and PKCS#7 messages. Source: ITU-T X.690. */

export function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), lengthOf(body.length), body]);
}

/** The indefinite form, as AWS's encoder writes the outer elements. */
export function indefinite(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(tag, 0x80), ...parts, Buffer.of(0, 0)]);
}

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x30, ...parts);
}

/** A SET OF: its elements sorted by their bytes. */
export function setOf(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x31, ...[...parts].sort((a, b) => Buffer.compare(a, b)));
}

/** A non-negative INTEGER from its big-endian octets. */
export function integer(octets: Uint8Array): Buffer {
  return tlv(0x02, ...((octets[0] ?? 0) & 0x80 ? [Buffer.of(0)] : []), octets);
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const out: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const octets = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      octets.unshift((left & 0x7f) | 0x80);
    out.push(...octets);
  }
  return tlv(0x06, Buffer.from(out));
}

/** UTCTime of a wall-clock time in milliseconds. */
export function utcTime(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/^..(..)-(..)-(..)T(..):(..):(..).*$/, "$1$2$3$4$5$6Z");
  return tlv(0x17, Buffer.from(text, "latin1"));
}

export const NULL = Buffer.of(0x05, 0x00);

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  if (length < 0x100) return Buffer.of(0x81, length);
  return Buffer.of(0x82, length >> 8, length & 0xff);
}
