/** Takes known secrets out of a text, also where they stand in it as JSON, URL, base64 or hex. */
import type { Secret } from "../../lib/secret.ts";
import { wellFormed } from "../../lib/template/bytes.ts";

const MARKER = "[secret]";
/** A shorter value is hidden only where it stands alone: "1" is in every text. */
const SHORT = 4;
/** Lines of a value (a key in PEM form) that are long enough to be told from other text. */
const TELLING_LINE = 8;

/**
 * @param isCut whether the text's beginning is missing: then as much of it is dropped as a cut secret could take
 */
export function scrub(text: string, secrets: readonly Secret[], isCut: boolean): string {
  const values = secrets.map((secret) => secret.reveal()).filter((value) => value !== "");
  const forms = [...new Set(values.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  const longest = forms[0]?.length ?? 0;
  return forms.reduce(hide, isCut ? text.slice(longest) : text);
}

function hide(text: string, form: string): string {
  if (form.length >= SHORT) return text.replaceAll(form, MARKER);
  const escaped = form.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  return text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, "gu"), MARKER);
}

function formsOf(value: string): readonly string[] {
  const bytes = Buffer.from(value, "utf8");
  const lines = value.split(/\r?\n/).filter((line) => line.length >= TELLING_LINE);
  if (value.length < SHORT) return [value];
  return [
    value,
    value.trim(),
    ...lines,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(wellFormed(value)),
    bytes.toString("base64").replace(/=+$/, ""),
    bytes.toString("base64url"),
    bytes.toString("hex"),
    bytes.toString("hex").toUpperCase(),
  ].filter((form) => form.length >= SHORT);
}
