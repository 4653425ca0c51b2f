/** How a function joins a template, and how its arguments are checked. Source: Go `text/template/exec.go`, `evalCall`. */
import type { Budget } from "./budget.ts";
import type { Value } from "./values.ts";
import { typeName } from "./values.ts";

/** The types a Go function may ask for; "any" takes everything, with nil for what is missing. */
export type ParameterType = "any" | "string" | "int";

interface CallContext {
  /** To be charged before a result is made that can be larger than the arguments. */
  readonly budget: Budget;
}

export interface TemplateFunction {
  readonly parameters: readonly ParameterType[];
  /** The type of any number of further arguments. */
  readonly rest?: ParameterType;
  /**
   * Gets as many arguments as it declares, of the declared types ("string": string, "int": bigint), never a pending one.
   * May return `PENDING`. @throws Fault whose message names no value
   */
  readonly run: (args: readonly Value[], context: CallContext) => Value;
}

export type FunctionMap = ReadonlyMap<string, TemplateFunction>;

/** @returns what is wrong with passing `value`, `undefined` when nothing is */
export function typeError(value: Value, type: ParameterType): string | undefined {
  if (type === "any") return undefined;
  if (value === undefined) return `invalid value; expected ${type}`;
  if (typeof value === (type === "int" ? "bigint" : type)) return undefined;
  return `wrong type for value; expected ${type}; got ${value === null ? "interface {}" : typeName(value)}`;
}

/** @returns what is wrong with the number of arguments; `piped` when the last of `count` comes through the pipe */
export function countError(name: string, fn: TemplateFunction, count: number, piped: boolean): string | undefined {
  const wanted = fn.parameters.length;
  if (fn.rest === undefined) {
    return count === wanted
      ? undefined
      : `wrong number of args for ${name}: want ${String(wanted)} got ${String(count)}`;
  }
  const written = piped ? count - 1 : count;
  return count < wanted
    ? `wrong number of args for ${name}: want at least ${String(wanted)} got ${String(written)}`
    : undefined;
}

export function parameterAt(fn: TemplateFunction, index: number): ParameterType {
  return fn.parameters[index] ?? fn.rest ?? "any";
}
