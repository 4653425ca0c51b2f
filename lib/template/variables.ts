/** The variables of one template call, innermost last, and which of them a skipped part would have set. */
import type { BranchNode, Expression, ListNode, PipeNode, Statement } from "./nodes.ts";
import type { Value } from "./values.ts";

export class Variables {
  readonly #stack: { readonly name: string; value: Value }[];

  /** @param root the value of `$` */
  constructor(root: Value) {
    this.#stack = [{ name: "$", value: root }];
  }

  mark(): number {
    return this.#stack.length;
  }

  reset(mark: number): void {
    this.#stack.length = mark;
  }

  push(name: string, value: Value): void {
    this.#stack.push({ name, value });
  }

  /** The parser has seen to it that the variable exists. */
  set(name: string, value: Value): void {
    const variable = this.#stack.findLast((entry) => entry.name === name);
    if (variable !== undefined) variable.value = value;
  }

  get(name: string): Value {
    return this.#stack.findLast((entry) => entry.name === name)?.value;
  }
}

/** What leaving out a part of a template leaves open. */
export interface Skipped {
  /** Variables it may have assigned. */
  readonly assigned: ReadonlySet<string>;
  /** Whether it may have left the loop around it. */
  readonly jumps: boolean;
}

/** @param lists what was not executed */
export function skipped(...lists: readonly (ListNode | undefined)[]): Skipped {
  const assigned = new Set<string>();
  const jumps = lists.map((list) => list !== undefined && visitList(list, assigned));
  return { assigned, jumps: jumps.includes(true) };
}

/** @returns the variables that evaluating the arguments may have assigned */
export function assignedIn(args: readonly Expression[]): ReadonlySet<string> {
  const assigned = new Set<string>();
  for (const arg of args) visitExpression(arg, assigned);
  return assigned;
}

function visitList(list: ListNode, assigned: Set<string>): boolean {
  return list.map((statement) => visitStatement(statement, assigned)).includes(true);
}

function visitStatement(statement: Statement, assigned: Set<string>): boolean {
  switch (statement.type) {
    case "text":
      return false;
    case "break":
    case "continue":
      return true;
    case "action":
    case "template":
      if (statement.pipe !== undefined) visitPipe(statement.pipe, assigned);
      return false;
    case "if":
    case "with":
    case "range":
      return visitBranch(statement, assigned);
  }
}

function visitBranch({ type, pipe, list, otherwise }: BranchNode, assigned: Set<string>): boolean {
  visitPipe(pipe, assigned);
  const inner = visitList(list, assigned);
  const other = otherwise !== undefined && visitList(otherwise, assigned);
  return (inner && type !== "range") || other;
}

function visitPipe(pipe: PipeNode, assigned: Set<string>): void {
  if (pipe.assign) for (const { name } of pipe.variables) assigned.add(name);
  for (const command of pipe.commands) {
    for (const arg of command.args) visitExpression(arg, assigned);
  }
}

function visitExpression(expression: Expression, assigned: Set<string>): void {
  if (expression.type === "pipe") visitPipe(expression, assigned);
  else if (expression.type === "chain") visitExpression(expression.of, assigned);
}
