/**
 * The HCL1 reader: `key = value`, blocks with labels, lists, heredocs, three kinds of comment. Members may stand on
 * one line and may be parted by commas, as in hashicorp/hcl v1 (`hcl/parser`); HCL2 is another language.
 */
import { Cursor } from "./cursor.ts";
import { heredoc, quotedString } from "./strings.ts";
import type { HclLimits, Label, Member, ObjectValue, Value } from "./tree.ts";

const SPACE = /[ \t\r\n]+/y;
const LINE_COMMENT = /(?:#|\/\/)[^\n]*/y;
const NAME = /[\p{L}_][\p{L}\p{Nd}_.-]*/uy;
const NUMBER = /-?(?:0[xX][0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)/y;

/** @throws Fault "invalid" with file, line and column of what is no HCL1, or of the limit that was passed */
export function readHcl(text: string, file: string, limits: HclLimits): ObjectValue {
  const reader = new NativeReader(new Cursor(text, file, limits));
  return reader.document();
}

class NativeReader {
  readonly #cursor: Cursor;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  document(): ObjectValue {
    const at = this.#cursor.place();
    const members = this.#members(0);
    if (!this.#cursor.ended) throw this.#cursor.fault("} closes nothing");
    return { kind: "object", members, at };
  }

  /** Up to a "}" or the end, neither of which it reads. */
  #members(depth: number): readonly Member[] {
    const members: Member[] = [];
    this.#blank();
    while (!this.#cursor.ended && this.#cursor.peek() !== "}") {
      members.push(this.#member(depth));
      this.#cursor.count();
      this.#blank();
      if (this.#cursor.peek() === ",") {
        this.#cursor.at += 1;
        this.#blank();
      }
    }
    return members;
  }

  #member(depth: number): Member {
    const [first, ...labels] = this.#keys();
    if (first === undefined) throw this.#cursor.fault(`key expected, found ${this.#cursor.found()}`);
    const block = this.#cursor.peek() === "{";
    if (!block) {
      if (this.#cursor.peek() !== "=" || labels.length > 0) throw this.#unfinished(labels);
      this.#cursor.at += 1;
      this.#blank();
    }
    return { key: first.text, at: first.at, labels, value: block ? this.#object(depth + 1) : this.#value(depth) };
  }

  #keys(): readonly Label[] {
    const keys: Label[] = [];
    for (;;) {
      this.#blank();
      const at = this.#cursor.place();
      const text = this.#cursor.peek() === '"' ? quotedString(this.#cursor) : this.#cursor.take(NAME);
      if (text === undefined) return keys;
      if (keys.push({ text, at }) > 1) this.#cursor.count();
    }
  }

  /** The word is not repeated: where a key is wanted a secret may stand, when somebody sends the wrong file as a policy. */
  #unfinished(labels: readonly Label[]): Error {
    const expected = labels.length > 0 ? "{ expected after this key's labels" : "= or { expected after this key";
    return this.#cursor.fault(`${expected}, found ${this.#cursor.found()}`);
  }

  #value(depth: number): Value {
    const at = this.#cursor.place();
    const c = this.#cursor.peek();
    if (c === '"') return { kind: "string", text: quotedString(this.#cursor), at };
    if (c === "<") return { kind: "string", text: heredoc(this.#cursor), at };
    if (c === "{") return this.#object(depth + 1);
    if (c === "[") return this.#list(depth + 1);
    const start = this.#cursor.at;
    const word = this.#cursor.take(NAME);
    if (word === "true" || word === "false") return { kind: "bool", value: word === "true", at };
    if (word !== undefined) throw this.#cursor.fault("value expected: a string needs quotes", start);
    const number = this.#cursor.take(NUMBER);
    if (number === undefined) throw this.#cursor.fault(`value expected, found ${this.#cursor.found()}`);
    if (/[\p{L}\p{Nd}_.]/u.test(this.#cursor.peek())) throw this.#cursor.fault("malformed number", start);
    return { kind: "number", text: number, at };
  }

  #object(depth: number): ObjectValue {
    const start = this.#cursor.at;
    this.#cursor.deep(depth);
    this.#cursor.at += 1;
    const members = this.#members(depth);
    if (this.#cursor.ended) throw this.#cursor.fault("{ is not closed", start);
    this.#cursor.at += 1;
    return { kind: "object", members, at: this.#cursor.place(start) };
  }

  #list(depth: number): Value {
    const start = this.#cursor.at;
    this.#cursor.deep(depth);
    this.#cursor.at += 1;
    const items: Value[] = [];
    for (;;) {
      this.#blank();
      if (this.#cursor.peek() === "]") break;
      if (this.#cursor.ended) throw this.#cursor.fault("[ is not closed", start);
      items.push(this.#value(depth));
      this.#cursor.count();
      this.#blank();
      if (this.#cursor.peek() === ",") this.#cursor.at += 1;
      else if (this.#cursor.peek() !== "]") {
        throw this.#cursor.fault(`comma or ] expected, found ${this.#cursor.found()}`);
      }
    }
    this.#cursor.at += 1;
    return { kind: "list", items, at: this.#cursor.place(start) };
  }

  #blank(): void {
    const cursor = this.#cursor;
    for (;;) {
      const start = cursor.at;
      cursor.take(SPACE);
      cursor.take(LINE_COMMENT);
      if (cursor.text.startsWith("/*", cursor.at)) {
        const end = cursor.text.indexOf("*/", cursor.at + 2);
        if (end === -1) throw cursor.fault("/* is not closed");
        cursor.at = end + 2;
      }
      if (cursor.at === start) return;
    }
  }
}
