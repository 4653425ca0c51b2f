/** eq, ne, lt, le, gt, ge. Source: Go `text/template/funcs.go`; messages name types, never values. */
import { Fault } from "../fault.ts";
import { compareText } from "./bytes.ts";
import type { FunctionMap, TemplateFunction } from "./functions.ts";
import { stringKind, typeName, type Value } from "./values.ts";

type Kind = "bool" | "int" | "float" | "string" | "none";

function kindOf(value: Value): Kind {
  if (stringKind(value) !== undefined) return "string";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  return typeof value === "number" ? "float" : "none";
}

function isNil(value: Value): boolean {
  return value === undefined || value === null;
}

function incompatible(a: Value, b: Value): Fault {
  return new Fault("invalid", `incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
}

/** @throws Fault "invalid" when the two cannot be compared */
function isEqual(a: Value, b: Value): boolean {
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  const kind = kindOf(a);
  if (kind !== kindOf(b)) throw incompatible(a, b);
  if (kind === "string") return stringKind(a) === stringKind(b);
  if (kind !== "none") return a === b;
  throw new Fault("invalid", `non-comparable types ${typeName(a)} and ${typeName(b)}`);
}

/** @throws Fault "invalid" when the two have no order */
function isLess(a: Value, b: Value): boolean {
  const kind = kindOf(a);
  const other = kindOf(b);
  if (kind === "none" || other === "none") throw new Fault("invalid", "invalid type for comparison");
  if (kind !== other) throw incompatible(a, b);
  if (kind === "bool") throw new Fault("invalid", "invalid type for comparison");
  if (kind === "string") return compareText(stringKind(a) ?? "", stringKind(b) ?? "") < 0;
  return (a as number | bigint) < (b as number | bigint);
}

function pair(run: (a: Value, b: Value) => boolean): TemplateFunction {
  return { parameters: ["any", "any"], run: ([a, b]) => run(a, b) };
}

const eq: TemplateFunction = {
  parameters: ["any"],
  rest: "any",
  run: ([first, ...others]) => {
    if (others.length === 0) throw new Fault("invalid", "missing argument for comparison");
    return others.some((other) => isEqual(first, other));
  },
};

export const COMPARISONS: FunctionMap = new Map([
  ["eq", eq],
  ["ne", pair((a, b) => !isEqual(a, b))],
  ["lt", pair(isLess)],
  ["le", pair((a, b) => isLess(a, b) || isEqual(a, b))],
  ["gt", pair((a, b) => !isLess(a, b) && !isEqual(a, b))],
  ["ge", pair((a, b) => !isLess(a, b))],
]);
