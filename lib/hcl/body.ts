/**
 * Reads one object of a configuration strictly: each getter takes a key away, `done()` refuses what is left over.
 *
 *     const body = parseConfig(text, "server.hcl");
 *     const level = body.string("log_level") ?? "info";
 *     for (const listener of body.blocks("listener", 1)) {       // listener "tcp" { … }, in JSON {"listener": {"tcp": {…}}}
 *       const type = listener.labels[0];                         // "tcp"
 *       const address = listener.string("address");
 *       listener.done();
 *     }
 *     body.done();    // Fault "invalid": server.hcl:7:1: unknown key "lisener"; known: listener, log_level
 *
 * A getter answers undefined when the key is not there (or is null in JSON). Values convert as in Vault: a number may
 * stand for a string (`perms = 0600`), "true" or 1 for a bool, a string for a list of one.
 */
import { parseDuration } from "../duration.ts";
import { Fault } from "../fault.ts";
import { faultAt, type Label, type Member, type ObjectValue, type Place, type Value } from "./tree.ts";

const TRUE = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const FALSE = new Set(["0", "f", "F", "false", "FALSE", "False"]);

/** How many labels a block has: that many, or from–to. */
export type Labels = number | { readonly from: number; readonly to: number };

export class Body {
  /** Of this block's own entry, in order; [] for a whole file. */
  readonly labels: readonly string[];
  readonly at: Place;
  readonly members: readonly Member[];
  readonly #asked = new Set<string>();

  constructor(object: ObjectValue, labels: readonly string[] = []) {
    this.at = object.at;
    this.members = object.members;
    this.labels = labels;
  }

  /** The bodies of several files as one; where two files set the same key to a plain value, the later one counts. */
  static merge(bodies: readonly Body[]): Body {
    const at = bodies[0]?.at ?? { file: "", line: 1, column: 1 };
    return new Body({ kind: "object", members: bodies.flatMap((body) => body.members), at });
  }

  /** Marks `key` as known. */
  has(key: string): boolean {
    return this.#entries(key).length > 0;
  }

  /** Where the key stands, else where this body begins: for messages about its value. */
  place(key: string): Place {
    return this.#entries(key)[0]?.at ?? this.at;
  }

  fault(message: string, key?: string): Fault {
    return faultAt(key === undefined ? this.at : this.place(key), message);
  }

  /** The value as it was written. @throws Fault "invalid" when the key is there twice in one file */
  value(key: string): Value | undefined {
    const entries = this.#entries(key);
    const last = entries.at(-1);
    if (last === undefined) return undefined;
    const twin = entries.find((entry, i) => entries.findIndex((e) => e.at.file === entry.at.file) < i);
    if (twin !== undefined) throw faultAt(twin.at, `${quote(key)} is set twice in this file: remove one`);
    if (last.labels.length > 0) throw faultAt(last.at, `${quote(key)} takes no label here`);
    return last.value.kind === "null" ? undefined : last.value;
  }

  string(key: string): string | undefined {
    const value = this.value(key);
    return value === undefined ? undefined : text(value, key);
  }

  /** @throws Fault "invalid" also when the key is missing or empty */
  requireString(key: string): string {
    const found = this.string(key);
    if (found === undefined || found === "") throw this.fault(`${quote(key)} is required`, key);
    return found;
  }

  /** One of `choices`, as written there. */
  choice<const C extends string>(key: string, choices: readonly C[]): C | undefined {
    const found = this.string(key);
    if (found === undefined) return undefined;
    const choice = choices.find((c) => c === found);
    if (choice === undefined) throw this.fault(`${quote(key)} must be one of: ${choices.join(", ")}`, key);
    return choice;
  }

  bool(key: string): boolean | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    if (value.kind === "bool") return value.value;
    const word = text(value, key);
    if (TRUE.has(word)) return true;
    if (FALSE.has(word)) return false;
    throw faultAt(value.at, `${quote(key)} must be true or false`);
  }

  /** A whole decimal number, or a string that holds one, within the bounds (both included). */
  int(key: string, least: number, most: number): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    const digits = text(value, key);
    const number = Number(digits);
    if (!/^-?(?:0|[1-9][0-9]*)$/.test(digits) || number < least || number > most) {
      throw faultAt(value.at, `${quote(key)} must be a whole number from ${String(least)} to ${String(most)}`);
    }
    return number;
  }

  /** @returns milliseconds; a number is seconds */
  duration(key: string): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    try {
      return parseDuration(text(value, key));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw faultAt(value.at, `${quote(key)}: ${error.message}`);
    }
  }

  /** Octal file mode: 0600 or "0600". @returns the number, 0 to 0o7777 */
  mode(key: string): number | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    const digits = text(value, key);
    if (!/^0?[0-7]{3,4}$/.test(digits)) throw faultAt(value.at, `${quote(key)} must be an octal mode such as "0600"`);
    return Number.parseInt(digits, 8);
  }

  /** @param separator also splits each string ("," where Vault takes "a,b"); blanks around parts are dropped then */
  strings(key: string, separator?: string): readonly string[] | undefined {
    const value = this.value(key);
    if (value === undefined) return undefined;
    const items = (value.kind === "list" ? value.items : [value]).map((item) => text(item, key));
    if (separator === undefined) return items;
    return items.flatMap((item) => item.split(separator).map((part) => part.trim())).filter((part) => part !== "");
  }

  /** An object of strings, `{ k = "v" }` or a block; several blocks of this key are joined. */
  texts(key: string): ReadonlyMap<string, string> | undefined {
    if (!this.has(key)) return undefined;
    const map = new Map<string, string>();
    for (const block of this.blocks(key)) {
      for (const member of block.members) map.set(member.key, block.string(member.key) ?? "");
    }
    return map;
  }

  /**
   * Every block of this key in order, its labels taken from `key "label" { }`, from `key = { label = { } }` or from
   * the JSON twin `{"key": {"label": {}}}`; a list of objects is that many blocks.
   * @throws Fault "invalid" when one is no block, or has too few or too many labels
   */
  blocks(key: string, labels: Labels = 0): readonly Body[] {
    const range = typeof labels === "number" ? { from: labels, to: labels } : labels;
    return this.#entries(key).flatMap((entry) => unfold(entry, entry.labels, entry.value, range));
  }

  /** @throws Fault "invalid" also when there are two */
  block(key: string, labels: Labels = 0): Body | undefined {
    const [first, second] = this.blocks(key, labels);
    if (second !== undefined) throw faultAt(second.at, `there is a second ${quote(key)}: only one is allowed`);
    return first;
  }

  /** Marks keys as known without reading them. */
  known(...keys: readonly string[]): void {
    for (const key of keys) this.#asked.add(key);
  }

  /** To be called when every key that may stand here has been asked for. @throws Fault "invalid" for any other */
  done(): void {
    const other = this.members.find((member) => !this.#asked.has(member.key));
    if (other === undefined) return;
    const known = [...this.#asked].sort().join(", ");
    throw faultAt(other.at, `unknown key ${quote(other.key)}; known: ${known === "" ? "none" : known}`);
  }

  #entries(key: string): readonly Member[] {
    this.#asked.add(key);
    return this.members.filter((member) => member.key === key);
  }
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function unfold(entry: Member, labels: readonly Label[], value: Value, range: Range): readonly Body[] {
  const at = labels.at(-1)?.at ?? entry.at;
  if (value.kind === "null") return [];
  if (value.kind === "list") return value.items.flatMap((item) => unfold(entry, labels, item, range));
  if (value.kind !== "object") throw faultAt(value.at, `${quote(entry.key)} must be a block: ${entry.key} { … }`);
  if (labels.length > range.to) throw faultAt(at, `${quote(entry.key)} has too many labels`);
  const spelledOut = entry.labels.length > 0 || !holdsBlocksOnly(value);
  if (labels.length < range.from || (labels.length < range.to && !spelledOut)) {
    return labelled(entry, labels, value, range);
  }
  const place = entry.labels.length === 0 ? at : entry.at;
  return [
    new Body(
      { ...value, at: place },
      labels.map((label) => label.text),
    ),
  ];
}

/** The members' keys are labels. */
function labelled(entry: Member, labels: readonly Label[], value: ObjectValue, range: Range): readonly Body[] {
  const bare = value.members.find((member) => !holdsBlock(member.value));
  if (bare !== undefined || value.members.length === 0) {
    throw faultAt(bare?.at ?? entry.at, `${quote(entry.key)} needs a label: ${entry.key} "…" { … }`);
  }
  return value.members.flatMap((member) => {
    const label = { text: member.key, at: member.at };
    return unfold(entry, [...labels, label, ...member.labels], member.value, range);
  });
}

function holdsBlock(value: Value): boolean {
  return value.kind === "object" || (value.kind === "list" && value.items.every((item) => item.kind === "object"));
}

function holdsBlocksOnly(value: ObjectValue): boolean {
  return value.members.length > 0 && value.members.every((member) => member.value.kind === "object");
}

function text(value: Value, key: string): string {
  if (value.kind === "string" || value.kind === "number") return value.text;
  if (value.kind === "bool") return String(value.value);
  throw faultAt(value.at, `${quote(key)} must be a plain value, not a ${value.kind}`);
}

function quote(key: string): string {
  return JSON.stringify(key);
}
