/** Tokens -> pipelines. Source: Go `text/template/parse/parse.go`, `pipeline` and below. */

import type { Token } from "./lexer.ts";
import { parseNumber, unquote, unquoteCharacter } from "./literals.ts";
import type { CommandNode, Expression, PipeNode, VariableNode } from "./nodes.ts";
import { nodeText } from "./nodes.ts";
import type { TokenStream } from "./tokens.ts";

const OPERANDS: ReadonlySet<Token["kind"]> = new Set([
  "bool",
  "char-constant",
  "dot",
  "field",
  "identifier",
  "number",
  "nil",
  "raw-string",
  "string",
  "variable",
  "(",
]);
const AFTER_COMMA: ReadonlySet<Token["kind"]> = new Set(["variable", "right", ")"]);
const CONSTANTS: ReadonlySet<Expression["type"]> = new Set(["bool", "dot", "nil", "number", "string"]);

/** The variables that are declared where the parser stands. */
export class Scope {
  readonly #names: string[] = ["$"];

  mark(): number {
    return this.#names.length;
  }

  reset(mark: number): void {
    this.#names.length = mark;
  }

  declare(name: string): void {
    this.#names.push(name);
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }
}

export class ExpressionParser {
  readonly #tokens: TokenStream;
  readonly #isFunction: (name: string) => boolean;

  constructor(tokens: TokenStream, isFunction: (name: string) => boolean) {
    this.#tokens = tokens;
    this.#isFunction = isFunction;
  }

  pipeline(context: string, end: "right" | ")", scope: Scope): PipeNode {
    const { at } = this.#tokens.peekNonSpace();
    const { variables, assign } = this.#declarations(context, scope);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#tokens.peekNonSpace();
      if (token.kind === end) break;
      if (!OPERANDS.has(token.kind)) {
        this.#tokens.next();
        throw this.#tokens.unexpected(token, context);
      }
      commands.push(this.#command(scope));
    }
    this.#tokens.next();
    this.#check(commands, context);
    return { type: "pipe", at, assign, variables, commands };
  }

  #check(commands: readonly CommandNode[], context: string): void {
    if (commands.length === 0) throw this.#tokens.fault(`missing value for ${context}`);
    for (const [i, command] of commands.entries()) {
      if (i > 0 && CONSTANTS.has(command.args[0].type)) {
        throw this.#tokens.fault(`non executable command in pipeline stage ${String(i + 1)}`);
      }
    }
  }

  /** `$x :=`, `$x =`, or in a range `$i, $x :=`. */
  #declarations(context: string, scope: Scope): { variables: VariableNode[]; assign: boolean } {
    const variables: VariableNode[] = [];
    for (;;) {
      const variable = this.#tokens.peekNonSpace();
      if (variable.kind !== "variable") return { variables, assign: false };
      const mark = this.#tokens.mark();
      this.#tokens.next();
      const sign = this.#tokens.peekNonSpace();
      const isComma = sign.kind === "char" && sign.text === ",";
      if (sign.kind !== "=" && sign.kind !== ":=" && !isComma) {
        this.#tokens.back(mark);
        return { variables, assign: false };
      }
      this.#tokens.next();
      if (sign.kind === "=") this.#mustExist(variable.text, scope);
      variables.push({ type: "variable", at: variable.at, name: variable.text, fields: [] });
      scope.declare(variable.text);
      if (!isComma) return { variables, assign: sign.kind === "=" };
      if (context !== "range" || variables.length > 1) {
        throw this.#tokens.fault(`too many declarations in ${context}`);
      }
      if (!AFTER_COMMA.has(this.#tokens.peekNonSpace().kind)) {
        throw this.#tokens.fault("range can only initialize variables");
      }
    }
  }

  #mustExist(name: string, scope: Scope): void {
    if (!scope.has(name)) throw this.#tokens.fault(`undefined variable ${JSON.stringify(name)}`);
  }

  /** Operands separated by space, up to a pipe sign (taken) or the end (left). */
  #command(scope: Scope): CommandNode {
    const { at } = this.#tokens.peekNonSpace();
    const args: Expression[] = [];
    for (;;) {
      this.#tokens.peekNonSpace();
      const operand = this.#operand(scope);
      if (operand !== undefined) args.push(operand);
      const token = this.#tokens.peek();
      if (token.kind === "right" || token.kind === ")") break;
      this.#tokens.next();
      if (token.kind === "|") break;
      if (token.kind !== "space") throw this.#tokens.unexpected(token, "operand");
    }
    const [first, ...rest] = args;
    if (first === undefined) throw this.#tokens.fault("empty command");
    return { type: "command", at, args: [first, ...rest] };
  }

  /** A term and the fields behind it. */
  #operand(scope: Scope): Expression | undefined {
    const term = this.#term(scope);
    const first = this.#tokens.peek();
    if (term === undefined || first.kind !== "field") return term;
    const fields: string[] = [];
    while (this.#tokens.peek().kind === "field") fields.push(this.#tokens.next().text.slice(1));
    if (term.type === "field") return { type: "field", at: first.at, names: [...term.names, ...fields] };
    if (term.type === "variable") return { ...term, at: first.at, fields };
    if (CONSTANTS.has(term.type)) {
      throw this.#tokens.fault(`unexpected . after term ${JSON.stringify(nodeText(term))}`);
    }
    return { type: "chain", at: first.at, of: term, fields };
  }

  #term(scope: Scope): Expression | undefined {
    const mark = this.#tokens.mark();
    const token = this.#tokens.nextNonSpace();
    if (token.kind === "(") {
      return this.#tokens.nested(() => this.pipeline("parenthesized pipeline", ")", scope));
    }
    const term = this.#name(token, scope) ?? this.#constant(token);
    if (term === undefined) this.#tokens.back(mark);
    return term;
  }

  #name({ kind, text, at }: Token, scope: Scope): Expression | undefined {
    if (kind === "identifier") {
      if (!this.#isFunction(text)) throw this.#tokens.fault(`function ${JSON.stringify(text)} not defined`);
      return { type: "identifier", at, name: text };
    }
    if (kind === "variable") {
      this.#mustExist(text, scope);
      return { type: "variable", at, name: text, fields: [] };
    }
    return kind === "field" ? { type: "field", at, names: [text.slice(1)] } : undefined;
  }

  #constant({ kind, text, at }: Token): Expression | undefined {
    if (kind === "dot" || kind === "nil") return { type: kind, at };
    if (kind === "bool") return { type: "bool", at, value: text === "true" };
    if (kind === "number" || kind === "char-constant") {
      const ideal = kind === "number" ? parseNumber(text) : unquoteCharacter(text);
      if (typeof ideal === "string") throw this.#tokens.fault(ideal);
      return { type: "number", at, text, ideal };
    }
    if (kind !== "string" && kind !== "raw-string") return undefined;
    const value = unquote(text);
    if (value === undefined) throw this.#tokens.fault("invalid syntax");
    return { type: "string", at, quoted: text, value };
  }
}
