/**
 * A strict reader of the BER that AWS's PKCS#7 messages use: low tag numbers, definite and indefinite lengths,
 * nothing after the outermost element, bounded depth and number of elements. Source: ITU-T X.690 (02/2021) section 8.
 */
import { Fault } from "../fault.ts";

export interface BerElement {
  /** The identifier octet: class, constructed bit and number. */
  readonly tag: number;
  /** The content octets; shared with the input, as is `whole`. */
  readonly content: Buffer;
  /** Identifier, length, content and, for the indefinite form, the end-of-contents octets. */
  readonly whole: Buffer;
  /** Empty for a primitive element. */
  readonly children: readonly BerElement[];
  /** False for the indefinite length form (0x80 … 00 00). */
  readonly definite: boolean;
}

export interface BerLimits {
  readonly depth: number;
  readonly elements: number;
}

const LIMITS: BerLimits = { depth: 16, elements: 512 };

/** @throws Fault "invalid" for whatever is not exactly one well-formed element, and past a limit */
export function readBer(bytes: Buffer, limits: BerLimits = LIMITS): BerElement {
  const reader = new Reader(bytes, limits);
  const root = reader.element(0, bytes.length, 0);
  if (root.whole.length !== bytes.length) throw bad("bytes after the outermost element");
  return root;
}

/** @returns the dotted form, each arc below 2^32 (X.690 section 8.19). @throws Fault "invalid" */
export function oidOf(element: BerElement | undefined): string {
  if (element?.tag !== 0x06 || element.content.length === 0) throw bad("object identifier expected");
  const arcs: number[] = [];
  let arc = 0;
  let fresh = true;
  for (const octet of element.content) {
    if (fresh && octet === 0x80) throw bad("object identifier with a padded arc");
    arc = arc * 128 + (octet & 0x7f);
    if (arc > 0xffffffff) throw bad("object identifier with too large an arc");
    fresh = (octet & 0x80) === 0;
    if (fresh) {
      arcs.push(arc);
      arc = 0;
    }
  }
  if (!fresh) throw bad("object identifier cut short");
  const [first = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - 40 * root, ...rest].join(".");
}

/** The bytes of an OCTET STRING: primitive, or constructed of primitive ones (X.690 section 8.7). @throws Fault "invalid" */
export function octetsOf(element: BerElement | undefined): Buffer {
  if (element?.tag === 0x04) return element.content;
  if (element?.tag !== 0x24) throw bad("octet string expected");
  return Buffer.concat(
    element.children.map((part) => {
      if (part.tag !== 0x04) throw bad("octet string of other things than octet strings");
      return part.content;
    }),
  );
}

/** True when neither the element nor anything in it uses the indefinite form. Other lengths are minimal already. */
export function isDefinite(element: BerElement): boolean {
  return element.definite && element.children.every(isDefinite);
}

class Reader {
  readonly #bytes: Buffer;
  readonly #limits: BerLimits;
  #elements = 0;

  constructor(bytes: Buffer, limits: BerLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  element(start: number, limit: number, depth: number): BerElement {
    if (depth > this.#limits.depth) throw bad("nested too deep");
    this.#elements += 1;
    if (this.#elements > this.#limits.elements) throw bad("too many elements");
    const tag = this.#octet(start, limit);
    if ((tag & 0x1f) === 0x1f) throw bad("high tag number");
    if (tag === 0) throw bad("unexpected end of contents");
    const constructed = (tag & 0x20) !== 0;
    const first = this.#octet(start + 1, limit);
    if (first === 0x80) {
      if (!constructed) throw bad("indefinite length on a primitive element");
      return this.#indefinite(tag, start, limit, depth);
    }
    const { length, at } = this.#length(first, start + 2, limit);
    const end = at + length;
    if (end > limit) throw bad("length beyond the end");
    const children: BerElement[] = [];
    for (let next = at; constructed && next < end; ) {
      const child = this.element(next, end, depth + 1);
      children.push(child);
      next += child.whole.length;
    }
    const content = this.#bytes.subarray(at, end);
    return { tag, content, whole: this.#bytes.subarray(start, end), children, definite: true };
  }

  #indefinite(tag: number, start: number, limit: number, depth: number): BerElement {
    const children: BerElement[] = [];
    let at = start + 2;
    while (this.#octet(at, limit) !== 0 || this.#octet(at + 1, limit) !== 0) {
      const child = this.element(at, limit, depth + 1);
      children.push(child);
      at += child.whole.length;
    }
    const content = this.#bytes.subarray(start + 2, at);
    return { tag, content, whole: this.#bytes.subarray(start, at + 2), children, definite: false };
  }

  /** Lengths take at most three octets and must be in the shortest form. */
  #length(first: number, at: number, limit: number): { length: number; at: number } {
    if (first < 0x80) return { length: first, at };
    const count = first & 0x7f;
    if (count > 3) throw bad("length of more than three octets");
    let length = 0;
    for (let i = 0; i < count; i += 1) length = length * 256 + this.#octet(at + i, limit);
    if (length < 0x80 || length < 256 ** (count - 1)) throw bad("length not in its shortest form");
    return { length, at: at + count };
  }

  #octet(at: number, limit: number): number {
    const octet = at < limit ? this.#bytes[at] : undefined;
    if (octet === undefined) throw bad("cut short");
    return octet;
  }
}

function bad(what: string): Fault {
  return new Fault("invalid", `malformed ASN.1: ${what}`);
}
