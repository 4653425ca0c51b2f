/** Reads a DN as a directory writes it. Source: RFC 4514 section 3. */

export interface DnPart {
  /** As it is written: "CN", "cn", "2.5.4.3". */
  readonly attribute: string;
  readonly value: string;
}

/** @returns the RDNs from the entry upwards, each with its parts; undefined when `text` is no DN or empty */
export function parseDn(text: string): readonly (readonly DnPart[])[] | undefined {
  const rdns = splitAt(text, /[,;]/)?.map((rdn) => splitAt(rdn, /\+/)?.map(parsePart));
  if (rdns === undefined) return undefined;
  const out: (readonly DnPart[])[] = [];
  for (const parts of rdns) {
    if (!parts?.every((part) => part !== undefined)) return undefined;
    out.push(parts);
  }
  return out;
}

/** Splits where a separator is not escaped; undefined when an escape is cut off at the end. */
function splitAt(text: string, separator: RegExp): readonly string[] | undefined {
  const out: string[] = [];
  let part = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "\\") {
      if (at + 1 === text.length) return undefined;
      part += text.slice(at, at + 2);
      at += 1;
    } else if (separator.test(character)) {
      out.push(part);
      part = "";
    } else part += character;
  }
  return [...out, part];
}

function parsePart(text: string): DnPart | undefined {
  const found = /^ *([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*) *= *(.*)$/s.exec(text);
  if (found === null) return undefined;
  const [, attribute = "", raw = ""] = found;
  const value = unescapeValue(trimEnd(raw));
  return value === undefined ? undefined : { attribute, value };
}

/** Blanks at the end, but not one that is escaped. */
function trimEnd(text: string): string {
  const bare = text.replace(/ +$/, "");
  const slashes = /\\*$/.exec(bare)?.[0].length ?? 0;
  return slashes % 2 === 1 ? `${bare} ` : bare;
}

function unescapeValue(text: string): string | undefined {
  const bytes: Buffer[] = [];
  let good = true;
  for (const [piece] of text.matchAll(/\\[0-9A-Fa-f]{2}|\\.|[^\\]+/gs)) {
    if (!piece.startsWith("\\")) bytes.push(Buffer.from(piece));
    else if (piece.length === 3) bytes.push(Buffer.from(piece.slice(1), "hex"));
    else {
      good &&= /^[ "#+,;<=>\\]$/.test(piece.slice(1));
      bytes.push(Buffer.from(piece.slice(1)));
    }
  }
  return good ? Buffer.concat(bytes).toString() : undefined;
}
