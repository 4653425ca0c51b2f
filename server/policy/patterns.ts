/**
 * Finds the rule that decides about a path: an exact one, else the strongest with wildcards. Their order is sorted out
 * once, into a rank for each pattern; a look-up walks a radix trie (plain prefixes) and a segment trie ("+") and takes
 * the highest rank. Source: Vault, "Policies" page, section "Priority matching".
 */
import { comparePatterns, hasPlus, hasWildcard } from "../../lib/policy-text/strength.ts";

export interface Pattern {
  /** "+" segments and a "*" at the end are wildcards; any other "+" or "*" is itself. */
  readonly path: string;
}

export interface Matcher<P extends Pattern> {
  exact(path: string): P | undefined;
  /** Rules with wildcards only. */
  wild(path: string): P | undefined;
}

interface Ranked<P> {
  readonly rule: P;
  readonly rank: number;
}

/** A radix trie over the prefixes: the deepest node passed that has a rule is the longest prefix. */
interface PrefixNode<P> {
  readonly children: Map<number, { readonly label: string; readonly node: PrefixNode<P> }>;
  found: Ranked<P> | undefined;
}

/** A trie over segments for the patterns with "+". */
interface SegmentNode<P> {
  readonly children: Map<string, SegmentNode<P>>;
  plus: SegmentNode<P> | undefined;
  /** The pattern ends here. */
  end: Ranked<P> | undefined;
  /** The pattern's last segment is a prefix of this one: "a*" or "*". */
  readonly open: { readonly head: string; readonly found: Ranked<P> }[];
}

/** @param rules one for each path string */
export function compilePatterns<P extends Pattern>(rules: readonly P[]): Matcher<P> {
  const exact = new Map<string, P>();
  const prefixes: PrefixNode<P> = { children: new Map(), found: undefined };
  const segments = segmentNode<P>();
  let anySegments = false;
  const wild = rules.filter((rule) => hasWildcard(rule.path));
  wild.sort((a, b) => comparePatterns(a.path, b.path));
  for (const rule of rules) if (!hasWildcard(rule.path)) exact.set(rule.path, rule);
  for (const [rank, rule] of wild.entries()) {
    if (hasPlus(rule.path)) {
      insertSegments(segments, rule.path, { rule, rank });
      anySegments = true;
    } else insertPrefix(prefixes, rule.path.slice(0, -1), { rule, rank });
  }
  return {
    exact: (path) => exact.get(path),
    wild: (path) => {
      const prefix = longestPrefix(prefixes, path);
      return (anySegments ? bestSegments(segments, path, 0, prefix) : prefix)?.rule;
    },
  };
}

function segmentNode<P>(): SegmentNode<P> {
  return { children: new Map(), plus: undefined, end: undefined, open: [] };
}

function insertPrefix<P>(root: PrefixNode<P>, prefix: string, found: Ranked<P>): void {
  let node = root;
  let rest = prefix;
  while (rest !== "") {
    const edge = node.children.get(rest.charCodeAt(0));
    if (edge === undefined) {
      const leaf: PrefixNode<P> = { children: new Map(), found: undefined };
      node.children.set(rest.charCodeAt(0), { label: rest, node: leaf });
      node = leaf;
      break;
    }
    const common = commonLength(edge.label, rest);
    if (common < edge.label.length) {
      const middle: PrefixNode<P> = { children: new Map(), found: undefined };
      middle.children.set(edge.label.charCodeAt(common), { label: edge.label.slice(common), node: edge.node });
      node.children.set(rest.charCodeAt(0), { label: edge.label.slice(0, common), node: middle });
      node = middle;
    } else node = edge.node;
    rest = rest.slice(common);
  }
  node.found = found;
}

function commonLength(a: string, b: string): number {
  let i = 0;
  while (i < a.length && i < b.length && a.charCodeAt(i) === b.charCodeAt(i)) i += 1;
  return i;
}

function longestPrefix<P>(root: PrefixNode<P>, path: string): Ranked<P> | undefined {
  let node = root;
  let best = root.found;
  let at = 0;
  while (at < path.length) {
    const edge = node.children.get(path.charCodeAt(at));
    if (edge === undefined || !path.startsWith(edge.label, at)) break;
    at += edge.label.length;
    node = edge.node;
    best = node.found ?? best;
  }
  return best;
}

function insertSegments<P>(root: SegmentNode<P>, path: string, found: Ranked<P>): void {
  const open = path.endsWith("*");
  const parts = (open ? path.slice(0, -1) : path).split("/");
  const last = open ? (parts.pop() ?? "") : "";
  let node = root;
  for (const part of parts) {
    let next = part === "+" ? node.plus : node.children.get(part);
    if (next === undefined) {
      next = segmentNode<P>();
      if (part === "+") node.plus = next;
      else node.children.set(part, next);
    }
    node = next;
  }
  if (open) node.open.push({ head: last, found });
  else node.end = found;
}

/** Tries every way through the trie: at most as many as there are patterns. @param at past the end once all segments are taken */
function bestSegments<P>(
  node: SegmentNode<P>,
  path: string,
  at: number,
  best: Ranked<P> | undefined,
): Ranked<P> | undefined {
  if (at > path.length) return higher(node.end, best);
  let found = best;
  for (const open of node.open) if (path.startsWith(open.head, at)) found = higher(open.found, found);
  const slash = path.indexOf("/", at);
  const end = slash === -1 ? path.length : slash;
  if (node.children.size > 0) {
    const child = node.children.get(path.slice(at, end));
    if (child !== undefined) found = bestSegments(child, path, end + 1, found);
  }
  return node.plus === undefined ? found : bestSegments(node.plus, path, end + 1, found);
}

function higher<P>(one: Ranked<P> | undefined, other: Ranked<P> | undefined): Ranked<P> | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.rank > other.rank ? one : other;
}
