/**
 * Whether a request's parameters are within allowed_, denied_ and required_parameters.
 * Source: Vault, "Policies" page, section "Parameter constraints"; lists are compared item by item as Vault 1.21
 * does (`hashicorp/web-unified-docs` pull 1219 tells why). Two things are stricter than Vault so that a denial cannot be
 * stepped around: scalars are compared by their text (a denied "5" also denies 5), and "*" alone matches every value.
 */
import type { Value } from "../../lib/hcl/tree.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap, JsonNumber } from "../../lib/wire/json.ts";
import type { ParameterValues, PathRule } from "./rules.ts";

export function parametersFit(rule: PathRule, data: JsonMap): boolean {
  if (!rule.required.every((name) => data.has(name))) return false;
  if (data.size === 0) return true;
  if (rule.denied.has("*")) return false;
  for (const [name, value] of data) {
    const denied = rule.denied.get(name.toLowerCase());
    if (denied !== undefined && (denied.length === 0 || isDenied(value, denied))) return false;
  }
  return rule.allowed.size === 0 || allAllowed(rule.allowed, data);
}

function allAllowed(allowed: ParameterValues, data: JsonMap): boolean {
  const others = allowed.has("*");
  for (const [name, value] of data) {
    const values = allowed.get(name.toLowerCase());
    if (values === undefined ? !others : values.length > 0 && !isAllowed(value, values)) return false;
  }
  return true;
}

function isDenied(value: Json, denied: readonly Value[]): boolean {
  if (denied.some((entry) => matches(entry, value))) return true;
  return isJsonList(value) && value.some((item) => denied.some((entry) => matches(entry, item)));
}

function isAllowed(value: Json, allowed: readonly Value[]): boolean {
  if (allowed.some((entry) => matches(entry, value))) return true;
  return isJsonList(value) && value.every((item) => allowed.some((entry) => matches(entry, item)));
}

/** Both trees are bounded in depth by their readers. */
function matches(entry: Value, value: Json): boolean {
  if (entry.kind === "list") return isJsonList(value) && sameList(entry.items, value);
  if (entry.kind === "object") return isJsonMap(value) && sameMembers(entry, value);
  if (entry.kind === "null" || value === null) return entry.kind === "null" && value === null;
  return !isJsonList(value) && !isJsonMap(value) && sameScalar(entry, value);
}

type Scalar = Extract<Value, { kind: "string" | "number" | "bool" }>;

function sameScalar(entry: Scalar, value: string | boolean | JsonNumber): boolean {
  const text = value instanceof JsonNumber ? value.text : String(value);
  if (entry.kind === "string") return globMatches(entry.text, text);
  if (entry.kind === "bool") return text === String(entry.value);
  return text === entry.text || (value instanceof JsonNumber && Number(entry.text) === Number(text));
}

function sameList(entries: readonly Value[], values: readonly Json[]): boolean {
  return entries.length === values.length && entries.every((entry, i) => matches(entry, values[i] ?? null));
}

function sameMembers(entry: Extract<Value, { kind: "object" }>, value: JsonMap): boolean {
  if (entry.members.length !== value.size) return false;
  return entry.members.every((member) => {
    const other = value.get(member.key);
    return other !== undefined && matches(member.value, other);
  });
}

/** "*" at the begin, at the end, or both; elsewhere it is an ordinary character. */
function globMatches(glob: string, text: string): boolean {
  const open = glob.startsWith("*");
  const close = glob.endsWith("*");
  if (glob === "*") return true;
  if (open && close) return text.includes(glob.slice(1, -1));
  if (open) return text.endsWith(glob.slice(1));
  return close ? text.startsWith(glob.slice(0, -1)) : text === glob;
}
