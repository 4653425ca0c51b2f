/**
 * From a mount's table of routes to the one that serves a path, compiled once per mount: no regular expression and
 * no allocation but the captured values on the way of a request.
 */
import { Fault } from "../../lib/fault.ts";
import type { Route } from "../contract/engine.ts";

export interface Match {
  readonly route: Route;
  /** What the pattern's ":name" and "*name" took. */
  readonly params: ReadonlyMap<string, string>;
}

/** @param path below the mount; @param list a LIST, whose trailing slash a pattern need not have */
export type Matcher = (path: string, list: boolean) => Match | undefined;

interface Segment {
  readonly kind: "literal" | "one" | "rest";
  readonly text: string;
}

interface Pattern {
  readonly route: Route;
  /** All of them, or those before the "*name". */
  readonly head: readonly Segment[];
  readonly rest: string | undefined;
  readonly tail: readonly Segment[];
}

const NOTHING: ReadonlyMap<string, string> = new Map();

/** @throws Fault "internal" for a pattern that no request could be matched against: a mistake in a table, found at start */
export function compileRoutes(routes: readonly Route[]): Matcher {
  const patterns = routes.map(compile);
  const byFirst = new Map<string, Pattern[]>();
  for (const { head } of patterns) {
    const first = head[0];
    if (first?.kind === "literal" && !byFirst.has(first.text)) {
      byFirst.set(
        first.text,
        patterns.filter((p) => fits(p, first.text)),
      );
    }
  }
  const others = patterns.filter((p) => p.head[0]?.kind !== "literal");
  return (path, list) => {
    const slash = path.indexOf("/");
    const candidates = byFirst.get(slash === -1 ? path : path.slice(0, slash)) ?? others;
    for (const pattern of candidates) {
      const params = take(pattern, path, list);
      if (params !== undefined) return { route: pattern.route, params };
    }
    return undefined;
  };
}

function fits({ head, rest }: Pattern, text: string): boolean {
  const first = head[0];
  return first === undefined ? rest !== undefined : first.kind !== "literal" || first.text === text;
}

function compile(route: Route): Pattern {
  const segments = segmentsOf(route.path);
  const at = segments.findIndex(({ kind }) => kind === "rest");
  if (at === -1) return { route, head: segments, rest: undefined, tail: [] };
  const tail = segments.slice(at + 1);
  if (tail.some(({ kind }) => kind === "rest")) throw new Fault("internal", `route ${route.path} has two rests`);
  return { route, head: segments.slice(0, at), rest: segments[at]?.text, tail };
}

function segmentsOf(path: string): readonly Segment[] {
  const bare = path.endsWith("/") ? path.slice(0, -1) : path;
  return bare === "" ? [] : bare.split("/").map(segmentOf);
}

function segmentOf(text: string): Segment {
  if (text.startsWith(":")) return { kind: "one", text: text.slice(1) };
  if (text.startsWith("*")) return { kind: "rest", text: text.slice(1) };
  return { kind: "literal", text };
}

function take({ head, rest, tail }: Pattern, path: string, list: boolean): ReadonlyMap<string, string> | undefined {
  if (rest === undefined) return takeAll(head, list && path.endsWith("/") ? path.slice(0, -1) : path);
  const params = new Map<string, string>();
  let at = 0;
  for (const segment of head) {
    if (at > path.length) return undefined;
    const end = path.indexOf("/", at);
    const stop = end === -1 ? path.length : end;
    if (!takeOne(segment, path.slice(at, stop), params)) return undefined;
    at = stop + 1;
  }
  const left = path.slice(at);
  return tail.length === 0 ? params.set(rest, left) : takeTail(tail, left, rest, params);
}

/** "*path/tune": the literal end is taken off first, what is left of it is the rest. */
function takeTail(
  tail: readonly Segment[],
  left: string,
  name: string,
  params: Map<string, string>,
): ReadonlyMap<string, string> | undefined {
  const parts = left.split("/");
  if (parts.length <= tail.length) return undefined;
  const from = parts.length - tail.length;
  const ok = tail.every((segment, i) => takeOne(segment, parts[from + i] ?? "", params));
  return ok ? params.set(name, parts.slice(0, from).join("/")) : undefined;
}

function takeAll(segments: readonly Segment[], path: string): ReadonlyMap<string, string> | undefined {
  const parts = path === "" ? [] : path.split("/");
  if (parts.length !== segments.length) return undefined;
  const params = segments.some(({ kind }) => kind === "one") ? new Map<string, string>() : undefined;
  const ok = segments.every((segment, i) => takeOne(segment, parts[i] ?? "", params));
  return ok ? (params ?? NOTHING) : undefined;
}

function takeOne(segment: Segment, part: string, params: Map<string, string> | undefined): boolean {
  if (segment.kind === "literal") return segment.text === part;
  if (part === "") return false;
  params?.set(segment.text, part);
  return true;
}
