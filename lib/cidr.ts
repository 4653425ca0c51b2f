/**
 * Addresses in CIDR blocks, for tokens and roles that are bound to networks. IPv4, IPv6 and IPv4 in IPv6
 * (::ffff:10.0.0.1, as a dual-stack socket reports its peers). Source: RFC 4632, RFC 4291 section 2.2.
 */
import { Fault } from "./fault.ts";

export interface Cidr {
  /** The first address of the block, as an IPv6 number; IPv4 lies under ::ffff:0:0/96. */
  readonly base: bigint;
  /** Bits that need not agree. */
  readonly free: bigint;
}

const V4_IN_V6 = 0xffff_0000_0000n;

/** @throws Fault "invalid" when `text` is neither an address nor address/bits */
export function parseCidr(text: string): Cidr {
  const [address = "", bits, more] = text.trim().split("/");
  const base = parseAddress(address);
  const width = address.includes(":") ? 128 : 32;
  const length = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (base === undefined || more !== undefined || !(length <= width)) {
    throw new Fault("invalid", "not a CIDR block: give a form such as 10.0.0.0/8 or 2001:db8::/32");
  }
  const free = BigInt(width - length);
  return { base: (base >> free) << free, free };
}

/** @returns false for what is no address */
export function cidrHas(cidr: Cidr, address: string): boolean {
  const number = parseAddress(address);
  return number !== undefined && number >> cidr.free === cidr.base >> cidr.free;
}

/** @returns undefined when `text` is no address; a zone ("%eth0") is ignored */
function parseAddress(text: string): bigint | undefined {
  const plain = text.split("%", 1)[0] ?? "";
  if (!plain.includes(":")) return parseV4(plain, V4_IN_V6);
  return parseV6(plain);
}

function parseV4(text: string, above: bigint): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) {
    return undefined;
  }
  return above + BigInt(parts.reduce((sum, part) => sum * 256 + Number(part), 0));
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...Array<bigint>(missing).fill(0n), ...tail].reduce((sum, group) => (sum << 16n) | group, 0n);
}

/** 16-bit groups; the last may be written as IPv4 (RFC 4291 section 2.2.3). */
function groups(text: string, last: boolean): readonly bigint[] | undefined {
  if (text === "") return [];
  const out: bigint[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes(".")) {
      const v4 = parseV4(part, 0n);
      if (v4 === undefined) return undefined;
      out.push(v4 >> 16n, v4 & 0xffffn);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) out.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return out;
}
