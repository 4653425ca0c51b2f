/**
 * What a configuration text is once read, in HCL1 or in its JSON twin: values and members, each with the place
 * it was written at. Source of the grammar: hashicorp/hcl v1 (`hcl/scanner`, `hcl/parser`, `json/parser`).
 */
import { Fault } from "../fault.ts";

/** Lines and columns count from 1; columns in UTF-16 units. */
export interface Place {
  /** As the reader was told; "" for a text that has no file (a policy). */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface StringValue {
  readonly kind: "string";
  /** Escapes undone; "${…}" is left as it was written. */
  readonly text: string;
  readonly at: Place;
}

interface NumberValue {
  readonly kind: "number";
  /** As it was written: 0600 stays "0600", 1.0 stays "1.0". */
  readonly text: string;
  readonly at: Place;
}

interface BoolValue {
  readonly kind: "bool";
  readonly value: boolean;
  readonly at: Place;
}

/** JSON only. */
interface NullValue {
  readonly kind: "null";
  readonly at: Place;
}

export interface ListValue {
  readonly kind: "list";
  readonly items: readonly Value[];
  readonly at: Place;
}

export interface ObjectValue {
  readonly kind: "object";
  readonly members: readonly Member[];
  readonly at: Place;
}

export type Value = StringValue | NumberValue | BoolValue | NullValue | ListValue | ObjectValue;

export interface Label {
  readonly text: string;
  readonly at: Place;
}

/** `key = value`, or a block: `key "label" { … }`. A block's value is always an object. */
export interface Member {
  readonly key: string;
  readonly at: Place;
  readonly labels: readonly Label[];
  readonly value: Value;
}

export interface HclLimits {
  /** UTF-16 units of the text. */
  readonly size: number;
  /** Nested lists and objects. */
  readonly depth: number;
  /** Members of all objects, labels, and items of all lists together. */
  readonly members: number;
}

export const DEFAULT_HCL_LIMITS: HclLimits = { size: 1024 * 1024, depth: 32, members: 20_000 };

/** @returns "FILE:LINE:COLUMN", or "line L, column C" for a text without a file */
export function showPlace(at: Place): string {
  if (at.file === "") return `line ${String(at.line)}, column ${String(at.column)}`;
  return `${at.file}:${String(at.line)}:${String(at.column)}`;
}

/** What is wrong with the value or key written at `at`, for whoever interprets the tree further. */
export function faultAt(at: Place, message: string): Fault {
  return new Fault("invalid", `${showPlace(at)}: ${message}`);
}
