/**
 * What a storage key may be, and its order: the same on every engine, so that data moves between engines as it is.
 * The bound of 1,000 bytes is below every engine's own (lmdb 1,978, DynamoDB 1,024).
 */
import { Fault } from "../../lib/fault.ts";

const LONGEST_KEY = 1000;

/** Control characters (also those of C1) and lone surrogates, which have no UTF-8 form. */
const UNFIT = /[\p{Cc}\p{Cs}]/u;

/** @throws Fault "invalid" when `key` is empty, too long, has a control character or an empty segment */
export function checkKey(key: string): void {
  if (key === "") throw new Fault("invalid", "path is empty");
  if (key.startsWith("/") || key.endsWith("/") || key.includes("//")) {
    throw new Fault("invalid", "path has an empty segment: neither begin nor end it with a slash, nor double one");
  }
  checkText(key);
}

/** @throws Fault "invalid" when `prefix` is neither "" nor the name of a folder with its trailing slash */
export function checkPrefix(prefix: string): void {
  if (prefix === "") return;
  if (!prefix.endsWith("/")) throw new Fault("invalid", "prefix of a list must end in a slash");
  checkKey(prefix.slice(0, -1));
}

function checkText(key: string): void {
  if (key.length > LONGEST_KEY || Buffer.byteLength(key) > LONGEST_KEY) {
    throw new Fault("invalid", `path is longer than ${String(LONGEST_KEY)} bytes as it is stored`);
  }
  if (UNFIT.test(key)) throw new Fault("invalid", "path has a control character or is not valid Unicode");
}

/** Orders by UTF-8 bytes, which is the order of code points (and not JavaScript's, which is that of UTF-16 units). */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF: put them above U+E000 to U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit >= 0xe000 ? unit - 0x800 : unit + 0x2000;
}

/** The least string above every key that lies in `folder` ("a/b/"): "/" is 0x2f, "0" is 0x30. */
export function afterFolder(folder: string): string {
  return `${folder.slice(0, -1)}0`;
}
