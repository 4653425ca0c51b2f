/** Statements -> text. Source: Go `text/template/exec.go` (go1.26), `walk` and below. */
import { Fault } from "../fault.ts";
import { Budget, type TemplateLimits } from "./budget.ts";
import { Evaluator, type Frame } from "./evaluator.ts";
import type { FunctionMap } from "./functions.ts";
import type { ActionNode, BranchNode, CommandNode, Expression, ListNode, Statement, TemplateNode } from "./nodes.ts";
import { nodeText } from "./nodes.ts";
import { isList, isMap, isTrue, PENDING, sortedEntries, typeName, type Value } from "./values.ts";
import { skipped, Variables } from "./variables.ts";
import { formatValue, PLAIN } from "./verbs.ts";

export interface ExecuteOptions {
  readonly functions: FunctionMap;
  /** "error": to read a key that a map lacks is an error naming it. "default": it prints `<no value>`, as Go does. */
  readonly missingKey: "error" | "default";
  readonly limits: TemplateLimits;
}

/** What an execution gives. When something was pending the text has holes and is of no use. */
export interface Executed {
  readonly text: string;
  readonly pending: boolean;
}

type Jump = "break" | "continue" | undefined;
type Anything = Expression | CommandNode | ActionNode | TemplateNode;

export interface Program {
  readonly name: string;
  readonly trees: ReadonlyMap<string, ListNode>;
  /** `NAME:LINE:COLUMN` of a place in the source. */
  readonly locate: (at: number) => string;
}

/** Nothing after this point is certain: a loop may or may not have ended on a pending condition. */
class Uncertain extends Error {}

/** @throws Fault "invalid" or "too-large" */
export function execute(program: Program, data: Value, options: ExecuteOptions): Executed {
  const execution = new Execution(program, options);
  return execution.run(data);
}

interface Call extends Frame {
  readonly name: string;
}

class Execution {
  readonly #program: Program;
  readonly #budget: Budget;
  readonly #evaluator: Evaluator;
  readonly #missingKeyIsError: boolean;
  readonly #out: string[] = [];
  #pending = false;

  constructor(program: Program, { functions, missingKey, limits }: ExecuteOptions) {
    this.#program = program;
    this.#budget = new Budget(limits);
    this.#missingKeyIsError = missingKey === "error";
    this.#evaluator = new Evaluator({
      functions,
      missingKeyIsError: this.#missingKeyIsError,
      budget: this.#budget,
    });
  }

  run(data: Value): Executed {
    try {
      this.#list(this.#call(this.#program.name, data), data, this.#program.trees.get(this.#program.name) ?? []);
    } catch (error) {
      if (!(error instanceof Uncertain)) throw error;
    }
    return { text: this.#out.join(""), pending: this.#pending };
  }

  #call(name: string, data: Value): Call {
    return {
      name,
      variables: new Variables(data),
      fault: (node, message, cause) => this.#fault(name, node, message, cause),
    };
  }

  #fault(name: string, node: Anything, message: string, cause?: unknown): Fault {
    const place = `template: ${this.#program.locate(node.at)}: executing ${JSON.stringify(name)} at <${nodeText(node)}>`;
    const kind = cause instanceof Fault ? cause.kind : "invalid";
    return new Fault(kind, `${place}: ${message}`, cause === undefined ? {} : { cause });
  }

  #list(call: Call, dot: Value, list: ListNode): Jump {
    return this.#budget.nested(() => {
      for (const statement of list) {
        const jump = this.#statement(call, dot, statement);
        if (jump !== undefined) return jump;
      }
      return undefined;
    });
  }

  #statement(call: Call, dot: Value, statement: Statement): Jump {
    this.#budget.step();
    switch (statement.type) {
      case "text":
        this.#write(statement.text);
        return undefined;
      case "action":
        this.#action(call, dot, statement);
        return undefined;
      case "break":
      case "continue":
        return statement.type;
      case "if":
      case "with":
        return this.#branch(call, dot, statement);
      case "range":
        return this.#range(call, dot, statement);
      case "template":
        this.#template(call, dot, statement);
        return undefined;
    }
  }

  #action(call: Call, dot: Value, node: ActionNode): void {
    const value = this.#evaluator.pipeline(call, dot, node.pipe);
    if (value === PENDING) this.#pending = true;
    if (node.pipe.variables.length > 0 || value === PENDING) return;
    if (value !== undefined) this.#write(formatValue(value, "v", PLAIN));
    else if (!this.#missingKeyIsError) this.#write("<no value>");
    else {
      const hint = "no value to print: the key is missing or null; use if or with where it is optional";
      throw this.#fault(call.name, node, hint);
    }
  }

  #branch(call: Call, dot: Value, node: BranchNode): Jump {
    const mark = call.variables.mark();
    const value = this.#evaluator.pipeline(call, dot, node.pipe);
    if (value === PENDING) {
      call.variables.reset(mark);
      this.#skip(call, node, node.list, node.otherwise);
      return undefined;
    }
    let jump: Jump;
    if (isTrue(value)) jump = this.#list(call, node.type === "with" ? value : dot, node.list);
    else if (node.otherwise !== undefined) jump = this.#list(call, dot, node.otherwise);
    call.variables.reset(mark);
    return jump;
  }

  /** What a part that may or may not be executed could have changed is unknown from here on. */
  #skip(call: Call, node: BranchNode, ...lists: readonly (ListNode | undefined)[]): void {
    this.#pending = true;
    const { assigned, jumps } = skipped(...lists);
    for (const name of assigned) call.variables.set(name, PENDING);
    if (node.type === "range" && node.pipe.assign) {
      for (const { name } of node.pipe.variables) call.variables.set(name, PENDING);
    }
    if (jumps) throw new Uncertain();
  }

  #range(call: Call, dot: Value, node: BranchNode): Jump {
    const mark = call.variables.mark();
    const value = this.#evaluator.pipeline(call, dot, node.pipe);
    if (value === PENDING) {
      call.variables.reset(mark);
      // A jump inside the body is about this loop itself; one in the else part is about the loop around it.
      this.#skip(call, node, [{ ...node, otherwise: undefined }], node.otherwise);
      return undefined;
    }
    const turns = this.#turns(call, node, value);
    const inside = call.variables.mark();
    let ran = false;
    for (const [key, element] of turns) {
      ran = true;
      this.#budget.step();
      this.#bind(call, node, key, element);
      const jump = this.#list(call, element, node.list);
      call.variables.reset(inside);
      if (jump === "break") break;
    }
    const jump = ran || node.otherwise === undefined ? undefined : this.#list(call, dot, node.otherwise);
    call.variables.reset(mark);
    return jump;
  }

  /** The pipeline has pushed the loop's variables already; each turn sets them. */
  #bind(call: Call, { pipe }: BranchNode, key: Value, element: Value): void {
    const [first, second] = pipe.variables;
    if (first === undefined) return;
    call.variables.set(first.name, second === undefined ? element : key);
    if (second !== undefined) call.variables.set(second.name, element);
  }

  #turns(call: Call, node: BranchNode, value: Value): Iterable<readonly [Value, Value]> {
    if (value === undefined || value === null) return [];
    if (isList(value)) return value.map((element, i) => [BigInt(i), element] as const);
    if (isMap(value)) return sortedEntries(value);
    if (typeof value !== "bigint") {
      throw this.#fault(call.name, node.pipe, `range can't iterate over a value of type ${typeName(value)}`);
    }
    if (node.pipe.variables.length > 1) {
      throw this.#fault(call.name, node.pipe, "can't use an int to iterate over more than one variable");
    }
    return countTo(value);
  }

  #template(call: Call, dot: Value, node: TemplateNode): void {
    const tree = this.#program.trees.get(node.name);
    if (tree === undefined) throw this.#fault(call.name, node, `template ${JSON.stringify(node.name)} not defined`);
    const data = node.pipe === undefined ? undefined : this.#evaluator.pipeline(call, dot, node.pipe);
    this.#list(this.#call(node.name, data), data, tree);
  }

  #write(text: string): void {
    this.#budget.output(text.length);
    this.#out.push(text);
  }
}

function* countTo(end: bigint): Generator<readonly [Value, Value]> {
  for (let i = 0n; i < end; i += 1n) yield [undefined, i];
}
