/**
 * Expressions -> values. Source: Go `text/template/exec.go` (go1.26), `evalPipeline` and below. What Go does not know is
 * `PENDING`: everything computed from it is pending, and no function is called with it.
 */
import { Fault } from "../fault.ts";
import type { Budget } from "./budget.ts";
import {
  countError,
  type FunctionMap,
  type ParameterType,
  parameterAt,
  type TemplateFunction,
  typeError,
} from "./functions.ts";
import { isInt64 } from "./literals.ts";
import type { ChainNode, CommandNode, Expression, IdentifierNode, NumberNode, PipeNode } from "./nodes.ts";
import { nodeText } from "./nodes.ts";
import { isMap, isTrue, PENDING, Struct, typeName, type Value, type ValueMap } from "./values.ts";
import { assignedIn, type Variables } from "./variables.ts";

/** Stands for "nothing came through the pipe". */
const NOTHING = Symbol("nothing");
type Piped = Value | typeof NOTHING;

/** Where expressions are evaluated: one call of one template. */
export interface Frame {
  readonly variables: Variables;
  /** Makes the error that says where it happened. */
  readonly fault: (node: Expression | CommandNode, message: string, cause?: unknown) => Fault;
}

export interface EvaluatorOptions {
  readonly functions: FunctionMap;
  /** Whether to read a key which a map lacks is an error. */
  readonly missingKeyIsError: boolean;
  readonly budget: Budget;
}

export class Evaluator {
  readonly #functions: FunctionMap;
  readonly #missingKeyIsError: boolean;
  readonly #budget: Budget;

  constructor({ functions, missingKeyIsError, budget }: EvaluatorOptions) {
    this.#functions = functions;
    this.#missingKeyIsError = missingKeyIsError;
    this.#budget = budget;
  }

  /** Declares or assigns the pipeline's variables too. */
  pipeline(frame: Frame, dot: Value, pipe: PipeNode): Value {
    return this.#budget.nested(() => {
      let piped: Piped = NOTHING;
      for (const command of pipe.commands) {
        const value: Value = this.#command(frame, dot, command, piped);
        piped = value === null ? undefined : value;
      }
      const value = piped === NOTHING ? undefined : piped;
      for (const { name } of pipe.variables) {
        if (pipe.assign) frame.variables.set(name, value);
        else frame.variables.push(name, value);
      }
      return value;
    });
  }

  #command(frame: Frame, dot: Value, command: CommandNode, piped: Piped): Value {
    this.#budget.step();
    const [first, ...rest] = command.args;
    if (first.type === "identifier") return this.#function(frame, dot, first, command, rest, piped);
    const hasArguments = rest.length > 0 || piped !== NOTHING;
    if (first.type === "field" || first.type === "chain" || (first.type === "variable" && first.fields.length > 0)) {
      return this.#expression(frame, dot, first, hasArguments);
    }
    if (hasArguments) throw frame.fault(first, `can't give argument to non-function ${nodeText(first)}`);
    if (first.type === "nil") throw frame.fault(first, "nil is not a command");
    return this.#expression(frame, dot, first, false);
  }

  #expression(frame: Frame, dot: Value, node: Expression, hasArguments = false): Value {
    switch (node.type) {
      case "dot":
        return dot;
      case "nil":
        return null;
      case "bool":
      case "string":
        return node.value;
      case "number":
        return constant(frame, node);
      case "field":
        return this.#chain(frame, node, dot, node.names, hasArguments);
      case "variable":
        return this.#chain(frame, node, frame.variables.get(node.name), node.fields, hasArguments);
      case "chain":
        return this.#chain(frame, node, this.#origin(frame, dot, node), node.fields, hasArguments);
      case "pipe":
        return this.pipeline(frame, dot, node);
      case "identifier":
        return this.#function(frame, dot, node, node, [], NOTHING);
    }
  }

  #origin(frame: Frame, dot: Value, node: ChainNode): Value {
    if (node.of.type === "nil") throw frame.fault(node, `indirection through explicit nil in ${nodeText(node)}`);
    return this.#expression(frame, dot, node.of);
  }

  /** @param hasArguments whether the last field is given arguments, which only a method could take, and there are none */
  #chain(frame: Frame, node: Expression, from: Value, names: readonly string[], hasArguments: boolean): Value {
    let value = from;
    for (const [i, name] of names.entries()) {
      const isLast = i === names.length - 1;
      value = this.#field(frame, node, value, name, isLast && hasArguments);
    }
    return value;
  }

  #field(frame: Frame, node: Expression, receiver: Value, name: string, hasArguments: boolean): Value {
    if (receiver === PENDING) return PENDING;
    if (receiver === undefined) {
      if (this.#missingKeyIsError) throw frame.fault(node, `nil data; no entry for key ${JSON.stringify(name)}`);
      return undefined;
    }
    if (receiver === null) throw frame.fault(node, `nil pointer evaluating interface {}.${name}`);
    if (isMap(receiver)) return this.#key(frame, node, receiver, name, hasArguments);
    if (!(receiver instanceof Struct) || !receiver.fields.has(name)) {
      throw frame.fault(node, `can't evaluate field ${name} in type ${typeName(receiver)}`);
    }
    if (hasArguments) throw frame.fault(node, `${name} has arguments but cannot be invoked as function`);
    return receiver.fields.get(name);
  }

  #key(frame: Frame, node: Expression, map: ValueMap, name: string, hasArguments: boolean): Value {
    if (hasArguments) throw frame.fault(node, `${name} is not a method but has arguments`);
    if (this.#missingKeyIsError && !map.has(name)) {
      throw frame.fault(node, `map has no entry for key ${JSON.stringify(name)}`);
    }
    return map.get(name);
  }

  #function(
    frame: Frame,
    dot: Value,
    node: IdentifierNode,
    place: IdentifierNode | CommandNode,
    args: readonly Expression[],
    piped: Piped,
  ): Value {
    const { name } = node;
    if (name === "and" || name === "or") return this.#logic(frame, dot, node, args, piped);
    if (name === "call") return this.#call(frame, dot, place, args, piped);
    const fn = this.#functions.get(name);
    if (fn === undefined) throw frame.fault(node, `${JSON.stringify(name)} is not a defined function`);
    const count = args.length + (piped === NOTHING ? 0 : 1);
    const wrong = countError(name, fn, count, piped !== NOTHING);
    if (wrong !== undefined) throw frame.fault(node, wrong);
    const values = args.map((arg, i) => this.#argument(frame, dot, arg, parameterAt(fn, i)));
    if (piped !== NOTHING) {
      const problem = piped === PENDING ? undefined : typeError(piped, parameterAt(fn, args.length));
      if (problem !== undefined) throw frame.fault(args.at(-1) ?? node, problem);
      values.push(piped);
    }
    return values.includes(PENDING) ? PENDING : this.#run(frame, place, name, fn, values);
  }

  #run(
    frame: Frame,
    place: IdentifierNode | CommandNode,
    name: string,
    fn: TemplateFunction,
    values: readonly Value[],
  ): Value {
    try {
      const result = fn.run(
        values.map((value) => (value === undefined ? null : value)),
        { budget: this.#budget },
      );
      if (typeof result === "string") this.#budget.work(result.length);
      return result;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw frame.fault(place, `error calling ${name}: ${error.message}`, error);
    }
  }

  #argument(frame: Frame, dot: Value, node: Expression, type: ParameterType): Value {
    this.#budget.step();
    const isConstant = node.type === "bool" || node.type === "number" || node.type === "string";
    if (isConstant && type !== "any") return typedConstant(frame, node, type);
    if (node.type === "nil" && type !== "any") throw frame.fault(node, `cannot assign nil to ${type}`);
    const value = this.#expression(frame, dot, node);
    const problem = value === PENDING ? undefined : typeError(value, type);
    if (problem !== undefined) throw frame.fault(node, problem);
    return value;
  }

  /** `and` and `or` give one of their arguments back, and evaluate no more of them than they need. */
  #logic(frame: Frame, dot: Value, node: IdentifierNode, args: readonly Expression[], piped: Piped): Value {
    if (args.length === 0 && piped === NOTHING) {
      throw frame.fault(node, `wrong number of args for ${node.name}: want at least 1 got 0`);
    }
    let value: Value;
    for (const [i, arg] of args.entries()) {
      value = this.#argument(frame, dot, arg, "any");
      if (value === PENDING) {
        for (const name of assignedIn(args.slice(i + 1))) frame.variables.set(name, PENDING);
        return PENDING;
      }
      if (isTrue(value) === (node.name === "or")) return value;
    }
    return piped === NOTHING ? value : piped;
  }

  /** No value is a function here, so all that `call` can do is to refuse. */
  #call(
    frame: Frame,
    dot: Value,
    place: IdentifierNode | CommandNode,
    args: readonly Expression[],
    piped: Piped,
  ): Value {
    const [callee] = args;
    if (callee === undefined && piped === NOTHING) {
      throw frame.fault(place, "wrong number of args for call: want at least 1 got 0");
    }
    const value = callee === undefined ? piped : this.#argument(frame, dot, callee, "any");
    if (value === PENDING || value === NOTHING) return PENDING;
    const isNil = value === undefined || value === null;
    const name = callee === undefined ? "piped value" : nodeText(callee);
    const problem = isNil ? "call of nil" : `non-function ${name} of type ${typeName(value)}`;
    throw frame.fault(place, `error calling call: ${problem}`);
  }
}

function constant(frame: Frame, node: NumberNode): Value {
  const { ideal } = node;
  if (typeof ideal === "bigint" && !isInt64(ideal)) throw frame.fault(node, `${node.text} overflows int`);
  return ideal;
}

function typedConstant(frame: Frame, node: Expression, type: "string" | "int"): Value {
  if (type === "string" && node.type === "string") return node.value;
  if (type === "int" && node.type === "number") {
    const { ideal } = node;
    const value = typeof ideal === "bigint" ? ideal : Number.isInteger(ideal) ? BigInt(ideal) : undefined;
    if (value !== undefined && isInt64(value)) return value;
  }
  throw frame.fault(node, `expected ${type === "int" ? "integer" : type}; found ${nodeText(node)}`);
}
