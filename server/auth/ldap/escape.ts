/**
 * Text from outside inside filters and DNs: nothing in it can change their structure (GHSA-6mwx-4547-5vc9).
 * Source: RFC 4515 section 3 (filters), RFC 4514 section 2.4 (DNs).
 */

/** A value inside a filter. Characters beyond ASCII stay: a filter is UTF-8. */
export function escapeFilterValue(text: string): string {
  return text.replace(/[\0()*\\]/g, (character) => `\\${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** A value inside a DN. */
export function escapeDnValue(text: string): string {
  return text.replace(/["+,;<>\\=]|\p{Cc}|^[ #]| $/gu, (character) =>
    /\p{Cc}/u.test(character) ? hexBytes(character) : `\\${character}`,
  );
}

function hexBytes(character: string): string {
  return [...Buffer.from(character)].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
}
