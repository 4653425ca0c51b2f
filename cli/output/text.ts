/**
 * Tables as `vault` prints them: columns four blanks apart, a rule below the header, nested values in the way
 * Go's %v prints them ("map[a:b]", "[a b]"), keys sorted. Source: Vault CLI, `vault read` and `vault kv get`.
 */
import { isJsonList, isJsonMap, type Json, JsonNumber } from "../../lib/wire/json.ts";

/** Rows without a header, as Vault shows a few facts. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const widest = Math.max(0, ...rows.map(([name]) => width(name)));
  return rows.map((row) => `${formatRow(row, [widest, 0])}\n`).join("");
}

/** @param rows the first is the header */
export function table(rows: readonly (readonly string[])[]): string {
  const [header = [], ...rest] = rows;
  const all = [header, header.map((title) => "-".repeat(title.length)), ...rest];
  const widths = header.map((_, column) => Math.max(...all.map((row) => width(shownCell(row[column] ?? "")))));
  return all.map((row) => `${formatRow(row, widths)}\n`).join("");
}

/** An empty cell says so: "n/a". */
function formatRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map(shownCell)
    .map((cell, column) =>
      column === widths.length - 1 ? cell : cell + " ".repeat((widths[column] ?? 0) - width(cell)),
    )
    .join("    ");
}

const shownCell = (cell: string): string => (cell === "" ? "n/a" : cell);

/** Code points: what a terminal shows in one column, but for wide and combining characters. */
function width(text: string): number {
  return Array.from(text).length;
}

export function keyValueTable(entries: Iterable<readonly [string, string]>): string {
  return table([["Key", "Value"], ...entries]);
}

export function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** As Go's %v shows a decoded JSON value. */
export function goText(value: Json | undefined): string {
  if (value === null || value === undefined) return "<nil>";
  if (typeof value === "string") return value;
  if (value instanceof JsonNumber) return value.text;
  if (isJsonList(value)) return `[${value.map(goText).join(" ")}]`;
  if (isJsonMap(value))
    return `map[${sorted(value)
      .map(([name, member]) => `${name}:${goText(member)}`)
      .join(" ")}]`;
  return String(value);
}

/** "====== Data ======" above a table of `keys`. */
export function sectionTitle(title: string, keys: Iterable<string>): string {
  const longest = Math.max(0, ...[...keys].map((key) => key.length));
  return padded(title, longest + 4 + 5);
}

/** The same, as wide as `path`. */
export function pathTitle(title: string, path: string): string {
  return padded(title, path.length);
}

function padded(title: string, total: number): string {
  const room = total - (title.length + 2);
  const signs = room <= 0 ? 4 : room + (room % 2);
  return `${"=".repeat(signs / 2)} ${title} ${"=".repeat(signs / 2)}`;
}
