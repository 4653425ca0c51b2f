/** The text under a reader: where it stands, which line and column that is, and how much has been read. */
import type { Fault } from "../fault.ts";
import { faultAt, type HclLimits, type Place } from "./tree.ts";

export class Cursor {
  readonly text: string;
  at: number;
  readonly #file: string;
  readonly #limits: HclLimits;
  readonly #lines: readonly number[];
  #members = 0;

  /** @throws Fault "invalid" when `text` is longer than the limit */
  constructor(text: string, file: string, limits: HclLimits) {
    this.text = text;
    this.#file = file;
    this.#limits = limits;
    this.at = text.startsWith("\ufeff") ? 1 : 0;
    if (text.length > limits.size) {
      this.#lines = [0];
      throw this.fault(`text is longer than ${String(limits.size)} characters`, 0);
    }
    this.#lines = lineStarts(text);
  }

  /** The character `ahead` of here; "" past the end. */
  peek(ahead = 0): string {
    return this.text.charAt(this.at + ahead);
  }

  get ended(): boolean {
    return this.at >= this.text.length;
  }

  place(offset = this.at): Place {
    let low = 0;
    let high = this.#lines.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lines[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file: this.#file, line: low + 1, column: offset - (this.#lines[low] ?? 0) + 1 };
  }

  fault(message: string, offset = this.at): Fault {
    return faultAt(this.place(offset), message);
  }

  /** What stands here, for a message: one character at most, so that no secret is echoed. */
  found(): string {
    return this.ended ? "the end" : JSON.stringify(String.fromCodePoint(this.text.codePointAt(this.at) ?? 0));
  }

  /** To be called for each member and item. */
  count(): void {
    this.#members += 1;
    if (this.#members > this.#limits.members) {
      throw this.fault(`text has more than ${String(this.#limits.members)} members`);
    }
  }

  /** To be called with the depth that a list or object opens. */
  deep(depth: number): void {
    if (depth > this.#limits.depth) throw this.fault(`nested deeper than ${String(this.#limits.depth)}`);
  }

  /** Reads what the sticky expression matches here; undefined when it matches nothing. */
  take(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.at;
    const match = sticky.exec(this.text);
    if (match === null) return undefined;
    this.at = sticky.lastIndex;
    return match[0];
  }
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) starts.push(i + 1);
  return starts;
}
