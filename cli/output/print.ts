/** How a command's result reaches people and scripts: -field, -format, warnings on stderr. */
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../lib/wire/json.ts";
import type { Context } from "../context.ts";
import { CommandError } from "../io.ts";
import { encode, envelopeForOutput, sortKeys } from "./format.ts";
import { leaseRows, rowsOf, secretTable } from "./secret.ts";
import { goText, table } from "./text.ts";

/** A reply's secret: -field, else the whole in the chosen format, else what `asTable` makes of it. */
export function printSecret(context: Context, body: JsonMap, asTable: (body: JsonMap) => string = secretTable): void {
  warn(context, body);
  if (context.field !== undefined) {
    printField(context, new Map([...leaseRows(body), ...rowsOf(body)]), context.field);
    return;
  }
  const { format } = context.settings;
  context.io.out(format === "table" ? asTable(body) : encode(envelopeForOutput(body), format));
}

/** What a write answers: its data, or a sentence where there is none. */
export function printAnswer(context: Context, body: JsonMap | undefined, sentence: string): void {
  if (body !== undefined) printSecret(context, body);
  if (body === undefined || (context.field === undefined && secretTable(body) === "")) say(context, sentence);
}

/** Data that is not an envelope: status, lists, policies. */
export function printData(context: Context, data: Json, asTable: () => string): void {
  if (context.field !== undefined && isJsonMap(data)) {
    printField(context, data, context.field);
    return;
  }
  const { format } = context.settings;
  context.io.out(format === "table" ? asTable() : encode(data, format));
}

/** A sentence for people; in json and yaml there is nothing to say. */
export function say(context: Context, sentence: string): void {
  if (context.settings.format === "table") context.io.out(`${sentence}\n`);
}

/** The server's warnings, on stderr so that they never mix with a value. */
function warn(context: Context, body: JsonMap): void {
  const warnings = body.get("warnings");
  if (context.settings.format !== "table" || !isJsonList(warnings) || warnings.length === 0) return;
  context.io.err("WARNING! The following warnings were returned from the server:\n\n");
  for (const warning of warnings) context.io.err(`  * ${goText(warning)}\n\n`);
}

/** One value alone, without a newline unless a person looks on: `$(oksae read -field=password …)` is exact. */
export function printField(context: Context, fields: JsonMap, name: string): void {
  const value = fields.get(name);
  if (value === undefined) throw new CommandError(1, `Field "${name}" not present in secret`);
  const { format } = context.settings;
  if (format !== "table") context.io.out(encode(value, format));
  else context.io.out(context.io.outIsTerminal ? `${goText(value)}\n` : goText(value));
}

/** A list of names under the title "Keys". @throws CommandError 2 when there is none */
export function printKeys(context: Context, body: JsonMap | undefined, path: string): void {
  const data = body?.get("data");
  const keys = isJsonMap(data) ? data.get("keys") : undefined;
  if (!isJsonList(keys) || keys.length === 0) {
    if (context.settings.format === "json") context.io.out("{}\n");
    throw new CommandError(2, `No value found at ${path}`);
  }
  printData(context, keys, () => `Keys\n----\n${keys.map((key) => `${goText(key)}\n`).join("")}`);
}

/** The same with a column for each member of `key_info`; json and yaml show both. */
export function printKeyInfo(context: Context, body: JsonMap | undefined, path: string): void {
  const data = body?.get("data");
  const keys = isJsonMap(data) ? data.get("keys") : undefined;
  const info = isJsonMap(data) ? data.get("key_info") : undefined;
  if (!isJsonMap(info) || !isJsonList(keys) || keys.length === 0) {
    printKeys(context, body, path);
    return;
  }
  const members = keys.map((key) => info.get(goText(key)));
  const names = [...new Set(members.flatMap((one) => (isJsonMap(one) ? [...one.keys()] : [])))].sort();
  printData(context, sortKeys(data ?? null), () => {
    const rows = keys.map((key, i) => {
      const one = members[i];
      return [goText(key), ...names.map((name) => (isJsonMap(one) && one.has(name) ? goText(one.get(name)) : "n/a"))];
    });
    return table([["Keys", ...names], ...rows]);
  });
}
