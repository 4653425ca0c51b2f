/**
 * `policy fmt`: one form for every policy. Two blanks a level, one entry a line, an empty line between stanzas, lists on
 * one line while they fit. Source of the idea: `vault policy fmt`; equals signs are not aligned here.
 */
import { Fault } from "../fault.ts";
import { readHcl } from "../hcl/native.ts";
import { DEFAULT_HCL_LIMITS, type ObjectValue, type Value } from "../hcl/tree.ts";
import { type Comment, type Entry, type Node, type Noted, type ObjectNode, readNotes } from "./notes.ts";

const WIDTH = 100;

/**
 * @returns the same policy, its comments kept, ending in one new line; a JSON text as it came
 * @throws Fault "invalid" that begins with "line L, column C" when `text` is no HCL
 */
export function formatPolicy(text: string): string {
  if (/^\ufeff?\s*\{/.test(text)) return text;
  const before = readHcl(text, "", DEFAULT_HCL_LIMITS);
  const lines = objectLines(readNotes(text), 0);
  const out = lines.length === 0 ? "" : `${lines.join("\n")}\n`;
  if (shape(readHcl(out, "", DEFAULT_HCL_LIMITS)) !== shape(before)) {
    throw new Fault("internal", "formatting would have changed the policy: it is left as it was");
  }
  return out;
}

/** Everything but the places. */
function shape(value: Value): string {
  const plain = (one: Value): unknown => {
    if (one.kind === "list") return one.items.map(plain);
    if (one.kind === "object") return membersOf(one);
    return [one.kind, one.kind === "bool" ? one.value : one.kind === "null" ? null : one.text];
  };
  const membersOf = ({ members }: ObjectValue): unknown =>
    members.map((member) => [member.key, member.labels.map((label) => label.text), plain(member.value)]);
  return JSON.stringify(plain(value));
}

function objectLines({ entries, below }: ObjectNode, depth: number): string[] {
  const out: string[] = [];
  for (const [i, entry] of entries.entries()) {
    const before = entries[i - 1];
    if (before !== undefined && (entry.apart || isBlock(before) || isBlock(entry))) out.push("");
    out.push(...entryLines(entry, depth));
  }
  if (below.length > 0 && out.length > 0 && depth === 0) out.push("");
  out.push(...commentLines(below, depth, true));
  return out;
}

const isBlock = ({ value }: Entry): boolean => value.kind === "object" && value.entries.length > 0;
const indent = (depth: number): string => "  ".repeat(depth);

/** @param last nothing follows them: an empty line at their end is dropped */
function commentLines(comments: readonly Comment[], depth: number, last = false): string[] {
  const out: string[] = [];
  for (const { text, apart } of comments) {
    if (apart && out.length > 0 && out.at(-1) !== "") out.push("");
    if (text !== "" || (out.length > 0 && out.at(-1) !== "")) out.push(text === "" ? "" : indent(depth) + text);
  }
  if (last) while (out.at(-1) === "") out.pop();
  return out;
}

function entryLines(entry: Entry, depth: number): string[] {
  const head = `${entry.keys.join(" ")}${entry.assigned ? " =" : ""} `;
  const value = nodeLines(entry.value, depth, head.length);
  return placed(entry, `${head}${value[0] ?? ""}`, value.slice(1), depth);
}

/** With its comments above and behind it. */
function placed({ above, behind }: Noted, first: string, more: readonly string[], depth: number): string[] {
  const lines = [indent(depth) + first, ...more];
  const note = behind.join(" ");
  const heredoc = first.includes("<<") && more.length > 0;
  if (note === "") return [...commentLines(above, depth), ...lines];
  if (heredoc) return [...commentLines(above, depth), indent(depth) + note, ...lines];
  lines[lines.length - 1] = `${lines.at(-1) ?? ""} ${note}`;
  return [...commentLines(above, depth), ...lines];
}

/** The first line goes behind its key; the others are complete. */
function nodeLines(node: Node, depth: number, used: number): string[] {
  if (node.kind === "raw") return node.text.split("\n");
  if (node.kind === "list") return listLines(node, depth, used);
  const inner = objectLines(node, depth + 1);
  return inner.length === 0 ? ["{}"] : ["{", ...inner, `${indent(depth)}}`];
}

function listLines(node: Extract<Node, { kind: "list" }>, depth: number, used: number): string[] {
  const items = node.items.map(({ value }) => nodeLines(value, depth + 1, 0));
  const bare = node.below.length === 0 && node.items.every(({ above, behind }) => above.length + behind.length === 0);
  const short = items.every((lines) => lines.length === 1);
  const line = `[${items.map(([text]) => text).join(", ")}]`;
  if (bare && short && 2 * depth + used + line.length <= WIDTH) return [line];
  const out = node.items.flatMap((item, i) => {
    const [text = "", ...more] = items[i] ?? [];
    const heredoc = text.startsWith("<<");
    if (heredoc) return [...placed(item, text, more, depth + 1), `${indent(depth + 1)},`];
    const lines = [text, ...more];
    lines[lines.length - 1] = `${lines.at(-1) ?? ""},`;
    return placed(item, lines[0] ?? "", lines.slice(1), depth + 1);
  });
  return ["[", ...out, ...commentLines(node.below, depth + 1, true), `${indent(depth)}]`];
}
