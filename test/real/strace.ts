/** What strace -f wrote, as finished system calls in order. Source: strace(1), "unfinished" and "resumed". */

/** Where in the log it began and ended, and its whole text. */
export interface Syscall {
  readonly begin: number;
  readonly end: number;
  readonly text: string;
}

const UNFINISHED = " <unfinished ...>";

/** Joins "<unfinished ...>" with "resumed"; failed calls and what never ended are left out. */
export function syscallsOf(log: string): Syscall[] {
  const calls: Syscall[] = [];
  const started = new Map<string, { readonly at: number; readonly text: string }>();
  for (const [at, line] of log.split("\n").entries()) {
    const [, pid = "", rest = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    if (rest.endsWith(UNFINISHED)) started.set(pid, { at, text: rest.slice(0, -UNFINISHED.length) });
    else if (resumed === undefined) calls.push({ begin: at, end: at, text: rest });
    else calls.push({ begin: started.get(pid)?.at ?? at, end: at, text: `${started.get(pid)?.text ?? ""}${resumed}` });
  }
  return calls.filter(({ text }) => text !== "" && !text.includes(" = -1 "));
}
