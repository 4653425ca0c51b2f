/**
 * How systemd, docker and compose read an env file, modelled on their sources (systemd `src/basic/env-file.c`, docker
 * `opts/file.go`, compose-go `dotenv/parser.go`) and held to what the real ones answered (`grammar.json`).
 * A reader gives the variables, or throws where the real one refuses the file.
 */
type Variables = ReadonlyMap<string, string>;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** systemd 252, `parse_env_file_internal`: a state machine over characters. */
export function readSystemd(text: string): Variables {
  if (text.includes("\ufffd")) throw new Error("not UTF-8");
  return new Systemd().run(text);
}

type State =
  | "pre-key"
  | "key"
  | "pre-value"
  | "value"
  | "value-escape"
  | "single"
  | "double"
  | "double-escape"
  | "comment"
  | "comment-escape";

class Systemd {
  readonly #found = new Map<string, string>();
  #state: State = "pre-key";
  #key = "";
  #value = "";
  /** Length of the value without trailing blanks. */
  #solid = 0;

  run(text: string): Variables {
    for (const c of text) this.#next(c);
    if (!["pre-key", "key", "comment", "comment-escape"].includes(this.#state)) this.#push();
    return this.#found;
  }

  #push(): void {
    const value = this.#state === "value" ? this.#value.slice(0, this.#solid) : this.#value;
    const key = this.#key.trimEnd();
    if (NAME.test(key)) this.#found.set(key, value);
    this.#key = "";
    this.#value = "";
    this.#solid = 0;
    this.#state = "pre-key";
  }

  #next(c: string): void {
    const newline = c === "\n" || c === "\r";
    const blank = newline || c === " " || c === "\t";
    if (this.#state === "pre-value" || this.#state === "value") this.#inValue(c, newline, blank);
    else if (this.#state === "pre-key" || this.#state === "key") this.#inKey(c, newline, blank);
    else if (this.#state === "comment" || this.#state === "comment-escape") this.#inComment(c, newline);
    else this.#inQuotes(c, newline);
  }

  #inKey(c: string, newline: boolean, blank: boolean): void {
    if (this.#state === "key") {
      if (newline) {
        this.#state = "pre-key";
        this.#key = "";
      } else if (c === "=") this.#state = "pre-value";
      else this.#key += c;
    } else if (c === "#" || c === ";") this.#state = "comment";
    else if (!blank) {
      this.#state = "key";
      this.#key = c;
    }
  }

  #inComment(c: string, newline: boolean): void {
    if (this.#state === "comment-escape") this.#state = "comment";
    else if (c === "\\") this.#state = "comment-escape";
    else if (newline) this.#state = "pre-key";
  }

  /** Inside quotes, or right after a backslash. */
  #inQuotes(c: string, newline: boolean): void {
    if (this.#state === "value-escape") {
      this.#state = "value";
      if (!newline) this.#add(c);
    } else if (this.#state === "double-escape") {
      this.#state = "double";
      if ('"\\`$'.includes(c)) this.#add(c);
      else if (c !== "\n") this.#add(`\\${c}`);
    } else if (this.#state === "double" && c === "\\") this.#state = "double-escape";
    else if (c === (this.#state === "single" ? "'" : '"')) this.#state = "pre-value";
    else this.#add(c);
  }

  #inValue(c: string, newline: boolean, blank: boolean): void {
    const fresh = this.#state === "pre-value";
    if (newline) this.#push();
    else if (fresh && c === "'") this.#state = "single";
    else if (fresh && c === '"') this.#state = "double";
    else if (c === "\\") this.#state = "value-escape";
    else if (!fresh || !blank) {
      this.#state = "value";
      this.#value += c;
      if (!blank) this.#solid = this.#value.length;
    }
  }

  #add(c: string): void {
    this.#value += c;
    this.#solid = this.#value.length;
  }
}

/** docker CLI: lines as they are. A name without `=` would be taken from docker's own environment: none here. */
export function readDocker(text: string): Variables {
  if (text.includes("\ufffd")) throw new Error("not UTF-8");
  const found = new Map<string, string>();
  for (const raw of text.replace(/^\ufeff/, "").split("\n")) {
    if (Buffer.byteLength(raw) > 65_535) throw new Error("token too long");
    const line = raw.replace(/\r$/, "").replace(/^[ \t]+/, "");
    if (line === "" || line.startsWith("#")) continue;
    const sign = line.indexOf("=");
    const name = sign < 0 ? line : line.slice(0, sign);
    if (/[ \t]/.test(name)) throw new Error("a name with white space");
    if (sign >= 0) found.set(name, line.slice(sign + 1));
  }
  return found;
}

/** compose-go: quotes, escapes, and `$NAME` outside of single quotes. */
export function readCompose(text: string, env: Variables): Variables {
  const found = new Map<string, string>();
  let rest = text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
  for (;;) {
    rest = rest.replace(/^(?:\s+|#[^\n]*)+/, "");
    if (rest === "") return found;
    const head = /^(?:export[ \t]+)?([A-Za-z0-9_.-]+)[ \t]*(?:([=:])[ \t]*|(?=\n|$))/.exec(rest);
    if (head === null) throw new Error("unexpected character in a name");
    const [all, name = "", sign] = head;
    rest = rest.slice(all.length);
    if (sign === undefined) continue;
    const { value, length } = composeValue(rest, (variable) => found.get(variable) ?? env.get(variable) ?? "");
    found.set(name, value);
    rest = rest.slice(length);
  }
}

const COMPOSE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ['"', '"'],
  ["\\", "\\"],
  ["$", "$"],
]);

function composeValue(text: string, variable: (name: string) => string): { value: string; length: number } {
  const single = /^'((?:[^'\\]|\\[^])*)'/.exec(text);
  if (single !== null) return { value: rest(single[1] ?? ""), length: toLineEnd(text, single[0].length) };
  const double = /^"((?:[^"\\]|\\[^])*)"/.exec(text);
  if (double !== null) {
    const value = (double[1] ?? "").replace(
      /\\([^])|\$\$|\$(?:\{(\w+)\}|([A-Za-z_]\w*))/g,
      (found: string, ...groups) => {
        const [escaped, braced, plain] = groups as readonly (string | undefined)[];
        if (escaped !== undefined) return COMPOSE_ESCAPES.get(escaped) ?? found;
        return found === "$$" ? "$" : variable(braced ?? plain ?? "");
      },
    );
    return { value, length: toLineEnd(text, double[0].length) };
  }
  if (/^['"]/.test(text)) throw new Error("unterminated quoted value");
  const line = /^[^\n]*/.exec(text)?.[0] ?? "";
  const bare = line.replace(/\s+#.*$/, "").trim();
  const value = bare.replace(/\$\$|\$(?:\{(\w+)\}|([A-Za-z_]\w*))/g, (found: string, ...groups) => {
    const [braced, plain] = groups as readonly (string | undefined)[];
    return found === "$$" ? "$" : variable(braced ?? plain ?? "");
  });
  return { value, length: line.length };
}

function rest(text: string): string {
  return text.replaceAll("\\'", "'");
}

/** What follows a closing quote: a comment, or text that compose drops when no quote is in it. */
function toLineEnd(text: string, from: number): number {
  const line = /^[^\n]*/.exec(text.slice(from))?.[0] ?? "";
  if (/['"\\]/.test(line)) throw new Error("unexpected character after the value");
  return from + line.length;
}
