/** Template source -> tokens. Source: Go `text/template/parse/lex.go` (go1.26); the error texts are its own. */

export type TokenKind =
  | "error"
  | "end-of-file"
  | "text"
  | "left"
  | "right"
  | "space"
  | "="
  | ":="
  | "|"
  | "("
  | ")"
  | "char"
  | "char-constant"
  | "number"
  | "string"
  | "raw-string"
  | "bool"
  | "identifier"
  | "field"
  | "variable"
  | Keyword;

const KEYWORDS = [
  "block",
  "break",
  "continue",
  "define",
  "else",
  "end",
  "if",
  "range",
  "nil",
  "template",
  "with",
] as const;
type Keyword = (typeof KEYWORDS)[number] | "dot";

export interface Token {
  readonly kind: TokenKind;
  /** For "error" the message. */
  readonly text: string;
  /** Index in the source. */
  readonly at: number;
  /** From 1. */
  readonly line: number;
}

export interface Delimiters {
  readonly left: string;
  readonly right: string;
}

const SPACE = /[ \t\r\n]+/y;
const WORD = /[_\p{L}\p{Nd}]+/uy;
const WORD_OR_NONE = /[_\p{L}\p{Nd}]*/uy;
const NUMBER =
  /[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)/y;
const STRING = /"[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"/y;
const CHARACTER = /'[^'\\\n]*(?:\\[^\n][^'\\\n]*)*'/y;
const RAW_STRING = /`[^`]*`/y;
const PRINTABLE = /^[!-~]$/;

/** @returns all tokens; the last one is "end-of-file", or "error" where the lexer had to give up. */
export function lex(source: string, delimiters: Delimiters): readonly Token[] {
  return new Lexer(source, delimiters).run();
}

class Lexer {
  readonly #source: string;
  readonly #left: string;
  readonly #right: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  #parens = 0;

  constructor(source: string, { left, right }: Delimiters) {
    this.#source = source;
    this.#left = left;
    this.#right = right;
  }

  run(): readonly Token[] {
    while (this.#text() && this.#action());
    return this.#tokens;
  }

  /** Text up to the next action. @returns whether there is one */
  #text(): boolean {
    const end = this.#source.indexOf(this.#left, this.#at);
    const text = this.#source.slice(this.#at, end < 0 ? undefined : end);
    const kept = end >= 0 && this.#isLeftTrim(end + this.#left.length) ? trimEnd(text) : text;
    if (kept !== "") this.#emit("text", kept, this.#at);
    this.#advance(text.length);
    if (end >= 0) return true;
    this.#emit("end-of-file", "EOF", this.#at);
    return false;
  }

  /** From a left delimiter to its right one. @returns whether to go on */
  #action(): boolean {
    const start = this.#at + this.#left.length;
    const inside = this.#isLeftTrim(start) ? start + 2 : start;
    if (this.#source.startsWith("/*", inside)) return this.#comment(inside);
    this.#emit("left", this.#left, this.#at);
    this.#advance(inside - this.#at);
    this.#parens = 0;
    for (;;) {
      const closing = this.#closing(this.#at);
      if (closing > 0) {
        if (this.#parens > 0) return this.#fail("unclosed left paren");
        this.#close(closing);
        return true;
      }
      if (!this.#inside()) return false;
    }
  }

  #comment(start: number): boolean {
    this.#advance(start - this.#at);
    const end = this.#source.indexOf("*/", start + 2);
    if (end < 0) return this.#fail("unclosed comment");
    const closing = this.#closing(end + 2);
    if (closing === 0) return this.#fail("comment ends before closing delimiter");
    this.#advance(end + 2 + closing - start);
    if (closing > this.#right.length) this.#skipSpace();
    return true;
  }

  #close(length: number): void {
    const trims = length > this.#right.length;
    if (trims) this.#advance(2);
    this.#emit("right", this.#right, this.#at);
    this.#advance(this.#right.length);
    if (trims) this.#skipSpace();
  }

  /** @returns the length of the right delimiter at `at`, trim marker included, 0 when there is none */
  #closing(at: number): number {
    if (isSpace(this.#source[at]) && this.#source[at + 1] === "-" && this.#source.startsWith(this.#right, at + 2)) {
      return this.#right.length + 2;
    }
    return this.#source.startsWith(this.#right, at) ? this.#right.length : 0;
  }

  #isLeftTrim(at: number): boolean {
    return this.#source[at] === "-" && isSpace(this.#source[at + 1]);
  }

  /** One token inside an action. @returns false when the lexer had to give up */
  #inside(): boolean {
    const c = this.#source[this.#at];
    if (c === undefined) return this.#fail("unclosed action");
    if (isSpace(c)) return this.#space();
    if (c === '"') return this.#pattern(STRING, "string", "unterminated quoted string");
    if (c === "`") return this.#pattern(RAW_STRING, "raw-string", "unterminated raw quoted string");
    if (c === "'") return this.#pattern(CHARACTER, "char-constant", "unterminated character constant");
    if (c === ".") return this.#dot();
    if (c === "$") return this.#name("variable");
    if (/[+\-0-9]/.test(c)) return this.#number();
    return this.#word() ?? this.#sign(c);
  }

  #space(): boolean {
    const run = this.#match(SPACE) ?? "";
    // The last blank may belong to a trim marker.
    const length = this.#closing(this.#at + run.length - 1) > this.#right.length ? run.length - 1 : run.length;
    return this.#take("space", length);
  }

  #sign(c: string): boolean {
    if (c === "=" || c === "|") return this.#take(c, 1);
    if (c === ":") return this.#source[this.#at + 1] === "=" ? this.#take(":=", 2) : this.#fail("expected :=");
    if (c === "(" || c === ")") {
      this.#parens += c === "(" ? 1 : -1;
      return this.#parens < 0 ? this.#fail("unexpected right paren") : this.#take(c, 1);
    }
    if (PRINTABLE.test(c)) return this.#take("char", 1);
    return this.#fail(`unrecognized character in action: ${describe(this.#source, this.#at)}`);
  }

  #dot(): boolean {
    return /[0-9]/.test(this.#source[this.#at + 1] ?? "") ? this.#number() : this.#name("field");
  }

  /** `.name` or `$name`; a lone `.` is the cursor, a lone `$` the root. */
  #name(kind: "field" | "variable"): boolean {
    const name = this.#match(WORD_OR_NONE, 1) ?? "";
    const end = this.#at + 1 + name.length;
    if (!this.#isTerminator(end)) return this.#fail(`bad character ${describe(this.#source, end)}`);
    return this.#take(kind === "field" && name === "" ? "dot" : kind, name.length + 1);
  }

  #word(): boolean | undefined {
    const word = this.#match(WORD);
    if (word === undefined) return undefined;
    const end = this.#at + word.length;
    if (!this.#isTerminator(end)) return this.#fail(`bad character ${describe(this.#source, end)}`);
    const keyword = KEYWORDS.find((name) => name === word);
    if (keyword !== undefined) return this.#take(keyword, word.length);
    return this.#take(word === "true" || word === "false" ? "bool" : "identifier", word.length);
  }

  #number(): boolean {
    const number = this.#match(NUMBER) ?? "";
    WORD.lastIndex = this.#at + number.length;
    const tail = WORD.exec(this.#source)?.[0] ?? "";
    if (tail !== "" || number === "") {
      const [first = ""] = tail;
      return this.#fail(`bad number syntax: ${JSON.stringify(number + first)}`);
    }
    const after = this.#source[this.#at + number.length] ?? "";
    // Go looks for a complex number here, which we do not have.
    if (after === "+" || after === "-") return this.#fail(`bad number syntax: ${JSON.stringify(number + after)}`);
    return this.#take("number", number.length);
  }

  #pattern(pattern: RegExp, kind: TokenKind, otherwise: string): boolean {
    const found = this.#match(pattern);
    return found === undefined ? this.#fail(otherwise) : this.#take(kind, found.length);
  }

  #isTerminator(at: number): boolean {
    const c = this.#source[at];
    return c === undefined || /[ \t\r\n.,|:()]/.test(c) || this.#source.startsWith(this.#right, at);
  }

  #match(pattern: RegExp, offset = 0): string | undefined {
    pattern.lastIndex = this.#at + offset;
    return pattern.exec(this.#source)?.[0];
  }

  #skipSpace(): void {
    this.#advance(this.#match(SPACE)?.length ?? 0);
  }

  #take(kind: TokenKind, length: number): true {
    this.#emit(kind, this.#source.slice(this.#at, this.#at + length), this.#at);
    this.#advance(length);
    return true;
  }

  #fail(message: string): false {
    this.#emit("error", message, this.#at);
    return false;
  }

  #emit(kind: TokenKind, text: string, at: number): void {
    this.#tokens.push({ kind, text, at, line: this.#line });
  }

  #advance(length: number): void {
    const end = this.#at + length;
    for (let i = this.#at; i < end; i += 1) {
      if (this.#source[i] === "\n") this.#line += 1;
    }
    this.#at = end;
  }
}

function isSpace(c: string | undefined): boolean {
  return c === " " || c === "\t" || c === "\r" || c === "\n";
}

function trimEnd(text: string): string {
  let end = text.length;
  while (isSpace(text[end - 1])) end -= 1;
  return text.slice(0, end);
}

/** Go's `%#U`: U+0040 '@'. */
function describe(source: string, at: number): string {
  const code = source.codePointAt(at);
  if (code === undefined) return "end of file";
  const hex = code.toString(16).toUpperCase().padStart(4, "0");
  return code < 0x20 || code === 0x7f ? `U+${hex}` : `U+${hex} '${String.fromCodePoint(code)}'`;
}
