/**
 * A policy's text as a tree that still has its comments and the spelling of its values: what `format.ts` prints.
 * Grammar: HCL1, see `lib/hcl/native.ts`, which has read the same text before and found nothing wrong.
 */
import { Cursor } from "../hcl/cursor.ts";
import { heredoc, quotedString } from "../hcl/strings.ts";
import { DEFAULT_HCL_LIMITS } from "../hcl/tree.ts";

export interface Comment {
  /** With its marker, without blanks at its end. */
  readonly text: string;
  /** An empty line stands above it. */
  readonly apart: boolean;
}

export interface Noted {
  readonly above: readonly Comment[];
  /** Behind it, on its last line. */
  readonly behind: readonly string[];
  /** An empty line stands between it and what is above. */
  readonly apart: boolean;
}

export interface Entry extends Noted {
  /** As written, with their quotes. */
  readonly keys: readonly string[];
  /** `key = value`; without it a block. */
  readonly assigned: boolean;
  readonly value: Node;
}

interface Item extends Noted {
  readonly value: Node;
}

export interface ObjectNode {
  readonly kind: "object";
  readonly entries: readonly Entry[];
  /** Comments after the last entry. */
  readonly below: readonly Comment[];
}

export type Node =
  | { readonly kind: "raw"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly Item[]; readonly below: readonly Comment[] }
  | ObjectNode;

const BLANK = /[ \t\r\n]+/y;
const LINE_COMMENT = /(?:#|\/\/)[^\n]*/y;
const WORD = /[^\s"={}[\],#/<][^\s"={}[\],#]*/y;

/** What stands between two tokens. */
interface Gap {
  /** On the line where the token before it ended. */
  readonly behind: readonly string[];
  readonly above: readonly Comment[];
  readonly apart: boolean;
}

/** @throws Fault "invalid" for a text that is no HCL1; it should have been read with `readHcl` before */
export function readNotes(text: string): ObjectNode {
  return new NoteReader(new Cursor(text, "", DEFAULT_HCL_LIMITS)).document();
}

class NoteReader {
  readonly #cursor: Cursor;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  document(): ObjectNode {
    return this.#entries(0);
  }

  #entries(depth: number): ObjectNode {
    const entries: Entry[] = [];
    let gap = this.#gap(1);
    let above = [...gap.above];
    while (!this.#cursor.ended && this.#cursor.peek() !== "}") {
      const { entry, after } = this.#entry(depth, above, gap.apart);
      entries.push(entry);
      gap = after;
      above = [...gap.above];
    }
    return { kind: "object", entries, below: above };
  }

  #entry(depth: number, comments: readonly Comment[], apart: boolean): { readonly entry: Entry; readonly after: Gap } {
    const above = [...comments];
    const keys: string[] = [];
    for (let c = this.#cursor.peek(); c !== "=" && c !== "{"; c = this.#cursor.peek()) {
      keys.push(this.#token());
      above.push(...all(this.#gap()));
    }
    const assigned = this.#cursor.peek() === "=";
    if (assigned) {
      this.#cursor.at += 1;
      above.push(...all(this.#gap()));
    }
    const value = this.#value(depth);
    const after = this.#past(",");
    return { entry: { above, behind: after.behind, apart, keys, assigned, value }, after };
  }

  #value(depth: number): Node {
    const c = this.#cursor.peek();
    if (c !== "{" && c !== "[") return { kind: "raw", text: this.#token() };
    this.#cursor.deep(depth + 1);
    this.#cursor.at += 1;
    const node = c === "{" ? this.#entries(depth + 1) : this.#list(depth + 1);
    this.#cursor.at += 1;
    return node;
  }

  #list(depth: number): Node {
    const items: Item[] = [];
    let gap = this.#gap(1);
    let above = [...gap.above];
    while (!this.#cursor.ended && this.#cursor.peek() !== "]") {
      const value = this.#value(depth);
      const after = this.#past(",");
      items.push({ above, behind: after.behind, apart: gap.apart, value });
      gap = after;
      above = [...gap.above];
    }
    return { kind: "list", items, below: above };
  }

  /** The gap after a value, over a comma in it. */
  #past(separator: string): Gap {
    const before = this.#gap();
    if (this.#cursor.peek() !== separator) return before;
    this.#cursor.at += 1;
    const after = this.#gap();
    // Behind a line comment nothing else fits on that line.
    if (before.above.length + before.behind.length === 0) return after;
    const above = [...before.above, ...after.behind.map(first), ...after.above];
    return { behind: before.behind, above, apart: before.above.length > 0 ? before.apart : after.apart };
  }

  #token(): string {
    const cursor = this.#cursor;
    const start = cursor.at;
    const c = cursor.peek();
    if (c === '"') quotedString(cursor);
    else if (c === "<") heredoc(cursor);
    else if (cursor.take(WORD) === undefined) throw cursor.fault(`value or key expected, found ${cursor.found()}`);
    return cursor.text.slice(start, cursor.at);
  }

  /** @param from 1 = nothing stands before it that a comment could be behind of */
  #gap(from: 0 | 1 = 0): Gap {
    const behind: string[] = [];
    const above: Comment[] = [];
    let lines: number = from;
    let apart = false;
    for (;;) {
      const blank = this.#cursor.take(BLANK);
      if (blank !== undefined) {
        lines += blank.split("\n").length - 1;
        continue;
      }
      const comment = this.#comment();
      if (comment === undefined) break;
      if (lines === 0 && above.length === 0) behind.push(comment);
      else {
        if (above.length === 0) apart = lines > 1;
        above.push({ text: comment, apart: above.length + behind.length > 0 && lines > 1 });
        lines = 0;
      }
    }
    if (above.length === 0) apart = lines > 1;
    else if (lines > 1) above.push({ text: "", apart: false });
    return { behind, above, apart };
  }

  #comment(): string | undefined {
    const line = this.#cursor.take(LINE_COMMENT);
    if (line !== undefined) return line.trimEnd();
    const { text, at } = this.#cursor;
    if (!text.startsWith("/*", at)) return undefined;
    const end = text.indexOf("*/", at + 2);
    if (end === -1) throw this.#cursor.fault("/* is not closed");
    this.#cursor.at = end + 2;
    return text.slice(at, end + 2);
  }
}

const first = (text: string): Comment => ({ text, apart: false });
const all = ({ behind, above }: Gap): readonly Comment[] => [
  ...behind.map(first),
  ...above.filter(({ text }) => text !== ""),
];
