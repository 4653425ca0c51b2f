/** A place in a template's tokens, with look-ahead, and the errors of parsing. Source: Go `text/template/parse/parse.go`. */
import { Fault } from "../fault.ts";
import type { Token, TokenKind } from "./lexer.ts";

const KEYWORDS: ReadonlySet<TokenKind> = new Set([
  "block",
  "break",
  "continue",
  "dot",
  "define",
  "else",
  "end",
  "if",
  "nil",
  "range",
  "template",
  "with",
]);

/** Blocks and parentheses within one another; deeper ones could exhaust the stack. */
const DEEPEST = 100;

export class TokenStream {
  readonly #name: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #furthest = 0;
  #actionLine = 0;
  #depth = 0;

  constructor(name: string, tokens: readonly Token[]) {
    this.#name = name;
    this.#tokens = tokens;
  }

  next(): Token {
    const token = this.peek();
    if (this.#next < this.#tokens.length - 1) this.#next += 1;
    return token;
  }

  peek(): Token {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw new Fault("internal", "template without tokens");
    this.#furthest = Math.max(this.#furthest, this.#next);
    return token;
  }

  nextNonSpace(): Token {
    this.#skipSpace();
    return this.next();
  }

  peekNonSpace(): Token {
    this.#skipSpace();
    return this.peek();
  }

  /** Where the stream stands, for `back`. */
  mark(): number {
    return this.#next;
  }

  back(mark: number): void {
    this.#next = mark;
  }

  expect(kind: TokenKind, context: string): Token {
    const token = this.nextNonSpace();
    if (token.kind !== kind) throw this.unexpected(token, context);
    return token;
  }

  /** The line an action begins in, so that an error further down can name it; 0 outside. */
  set actionLine(line: number) {
    this.#actionLine = line;
  }

  nested<T>(inner: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw this.fault(`nested deeper than ${String(DEEPEST)}`);
    const result = inner();
    this.#depth -= 1;
    return result;
  }

  unexpected(token: Token, context: string): Fault {
    if (token.kind !== "error") return this.fault(`unexpected ${describe(token)} in ${context}`);
    const started = this.#actionLine !== 0 && this.#actionLine !== token.line;
    const place = `${this.#name}:${String(this.#actionLine)}`;
    const word = token.text.endsWith(" action") ? " started at " : " in action started at ";
    return this.fault(started ? `${token.text}${word}${place}` : token.text);
  }

  fault(message: string): Fault {
    const line = this.#tokens[this.#furthest]?.line ?? 1;
    return new Fault("invalid", `template: ${this.#name}:${String(line)}: ${message}`);
  }

  #skipSpace(): void {
    while (this.peek().kind === "space") this.next();
  }
}

function describe(token: Token): string {
  if (token.kind === "end-of-file") return "EOF";
  if (KEYWORDS.has(token.kind)) return `<${token.text}>`;
  const characters = Array.from(token.text);
  if (characters.length > 10) return `${JSON.stringify(characters.slice(0, 10).join(""))}...`;
  return JSON.stringify(token.text);
}
