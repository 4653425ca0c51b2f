/** One row of the command-line table: a line as people type it, what it prints, how it ends. Rows of a table run in order on one server. */
export interface Row {
  /** Words split as a shell would: 'single' and "double" quotes, no expansions. Begins after "oksae". */
  readonly line: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A terminal instead of a pipe behind stdout. */
  readonly terminal?: boolean;
  /**
   * Exact text; "<time>", "<token>", "<key>", "<accessor>", "<uuid>", "<number>" stand for one such value, "<any>" for the rest of a line,
   * "<more>" for anything. Without it stdout must be empty.
   */
  readonly out?: string;
  /** As `out`, for stderr. */
  readonly err?: string;
  /** Default 0. */
  readonly code?: 0 | 1 | 2;
  /** Names that later rows write as "@name@", in `line`, `stdin`, `env`, `out` and `err`: the pattern's first group in stdout. */
  readonly keep?: Readonly<Record<string, RegExp>>;
}

const PATTERNS: Readonly<Record<string, string>> = {
  "<time>": "\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:Z| \\+0000 UTC)",
  "<token>": "hv[sb]\\.[\\w-]+",
  "<key>": "[\\w+/]{43}=",
  "<accessor>": "[\\w-]{8,}",
  "<uuid>": "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
  "<number>": "\\d+",
  "<any>": "[^\\n]*",
  "<more>": "[\\s\\S]*",
};

/** @returns a pattern for the whole of an expected text */
export function expected(text: string): RegExp {
  const parts = text.split(/(<(?:time|token|key|accessor|uuid|number|any|more)>)/);
  return new RegExp(`^${parts.map((part) => PATTERNS[part] ?? part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("")}$`);
}

/** @throws Error when `pattern` is not in it */
export function pick(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`${String(pattern)} is not in what was printed`);
  return found;
}

/** Splits a line as a shell does, quotes only. */
export function words(line: string): string[] {
  const out: string[] = [];
  let word: string | undefined;
  for (const [part] of line.matchAll(/'[^']*'|"[^"]*"|\s+|[^\s'"]+/g)) {
    if (/^\s/.test(part)) {
      if (word !== undefined) out.push(word);
      word = undefined;
    } else word = (word ?? "") + (/^['"]/.test(part) ? part.slice(1, -1) : part);
  }
  if (word !== undefined) out.push(word);
  return out;
}
