/**
 * Go's text/template: source in, text out, with Go's syntax, semantics and messages (https://pkg.go.dev/text/template, go1.26).
 * A template is data: it reaches only the value and the functions it is given, its maps are Maps, and every rendering
 * is bounded in steps, size and depth.
 *
 * What differs from Go: complex numbers and the verbs %b and %x of floats are not there; no value is a function, so `call`
 * always refuses; with `missingKey: "error"` to print a missing or null value is an error also where it came from `index`;
 * messages name types where Go prints the value, because values are secrets.
 */
import { Fault } from "../fault.ts";
import { BUILTINS } from "./builtins.ts";
import { byteLength, wellFormed } from "./bytes.ts";
import { type Executed, type ExecuteOptions, execute, type Program } from "./exec.ts";
import type { FunctionMap } from "./functions.ts";
import type { Delimiters } from "./lexer.ts";
import { parse } from "./parser.ts";
import type { Value } from "./values.ts";

export interface ParseTemplateOptions {
  /** How errors call the template. */
  readonly name: string;
  /** `{{` and `}}` when left out. */
  readonly delimiters?: Delimiters;
  /** Beside Go's own; may not replace those. Only names and arities are used here. */
  readonly functions?: FunctionMap;
}

export interface ParsedTemplate {
  /**
   * @param options `functions` must have every name that the parser was given
   * @throws Fault "invalid", "too-large" for a passed limit; the kind of the fault a function threw
   */
  execute(data: Value, options: ExecuteOptions): Executed;
}

const BUILT_IN_NAMES: ReadonlySet<string> = new Set([...BUILTINS.keys(), "and", "or", "call"]);

/** @throws Fault "invalid" `template: NAME:LINE: …` */
export function parseTemplate(source: string, options: ParseTemplateOptions): ParsedTemplate {
  const { name, functions = new Map() } = options;
  const text = wellFormed(source);
  const delimiters = options.delimiters ?? { left: "{{", right: "}}" };
  if (delimiters.left === "" || delimiters.right === "") {
    throw new Fault("invalid", `template: ${name}: a delimiter must not be empty`);
  }
  const isFunction = (word: string): boolean => BUILT_IN_NAMES.has(word) || functions.has(word);
  const trees = parse(text, { name, delimiters, isFunction });
  const program: Program = { name, trees, locate: (at) => locate(name, text, at) };
  return {
    execute: (data, { functions: given, missingKey, limits }) =>
      execute(program, data, { functions: new Map([...given, ...BUILTINS]), missingKey, limits }),
  };
}

/** Line from 1, column in bytes from 0: Go's own counting. */
function locate(name: string, text: string, at: number): string {
  const before = text.slice(0, at);
  const start = before.lastIndexOf("\n") + 1;
  const line = before.split("\n").length;
  return `${name}:${String(line)}:${String(byteLength(before.slice(start)))}`;
}
