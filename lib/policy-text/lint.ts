/**
 * `policy lint`: what is odd about a policy, with its line. Nothing here decides about a request; the server's reader does.
 * Source: Vault, "Policies" page; KV version 2's paths: Vault, "KV secrets engine - version 2", section "ACL rules".
 */
import type { Body } from "../hcl/body.ts";
import { parseConfig } from "../hcl/parse.ts";
import type { Place, Value } from "../hcl/tree.ts";
import { lintPath, type MountHint } from "./lint-path.ts";
import { covers } from "./reach.ts";
import type { Stanza } from "./stanza.ts";
import { comparePatterns, hasWildcard } from "./strength.ts";

export interface Finding {
  readonly line: number;
  readonly column: number;
  /** Lower case, without a period; says what to write instead where that is known. */
  readonly message: string;
}

const CAPABILITIES: ReadonlySet<string> = new Set([
  "create",
  "delete",
  "deny",
  "list",
  "patch",
  "read",
  "sudo",
  "update",
]);
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["write", '"create" and "update"'],
  ["edit", '"update"'],
  ["get", '"read"'],
  ["remove", '"delete"'],
  ["root", '"sudo"'],
  ["all", "each of them by name"],
  ["*", "each of them by name"],
]);
const KEYS: ReadonlySet<string> = new Set([
  "capabilities",
  "policy",
  "comment",
  "allowed_parameters",
  "denied_parameters",
  "required_parameters",
  "min_wrapping_ttl",
  "max_wrapping_ttl",
]);

/**
 * @param mounts what is known of the server's mounts: with none, nothing is said about KV's data/ and metadata/
 * @returns in the order of the text
 * @throws Fault "invalid" that begins with "line L, column C" when `text` is neither HCL nor JSON
 */
export function lintPolicy(text: string, mounts: readonly MountHint[] = []): readonly Finding[] {
  const body = parseConfig(text, "");
  const out: Finding[] = [];
  const say = (at: Place, message: string): void => {
    out.push({ line: at.line, column: at.column, message });
  };
  for (const member of body.members) {
    if (member.key !== "path" && member.key !== "name")
      say(member.at, `unknown key ${JSON.stringify(member.key)}: only path "…" { } stands here`);
  }
  const blocks = body.blocks("path", 1);
  if (blocks.length === 0) say(body.at, "there is no path in it: this policy gives nothing");
  const stanzas = blocks.map(stanzaOf);
  for (const [i, block] of blocks.entries()) {
    const stanza = stanzas[i];
    if (stanza === undefined) continue;
    lintKeys(block, say);
    lintCapabilities(stanza, block, say);
    for (const message of lintPath(block.labels[0] ?? "", stanza, mounts)) say(stanza.at, message);
  }
  lintReach(stanzas, say);
  return out.sort((a, b) => a.line - b.line || a.column - b.column);
}

type Say = (at: Place, message: string) => void;

function stanzaOf(block: Body): Stanza {
  const path = (block.labels[0] ?? "").replace(/^\//, "");
  const members = block.members.filter(({ key }) => key === "capabilities");
  const capabilities = members.flatMap(({ value }) =>
    itemsOf(value).flatMap((item) => (item.kind === "string" ? [{ word: item.text, at: item.at }] : [])),
  );
  return { path, at: block.at, capabilities };
}

function itemsOf(value: Value): readonly Value[] {
  return value.kind === "list" ? value.items : [value];
}

function lintKeys(block: Body, say: Say): void {
  for (const { key, at } of block.members) {
    if (KEYS.has(key)) continue;
    const hint = KEYS.has(key.toLowerCase())
      ? `: write ${key.toLowerCase()}`
      : `; known: ${[...KEYS].sort().join(", ")}`;
    say(at, `unknown key ${JSON.stringify(key)}${hint}`);
  }
}

function lintCapabilities({ capabilities, at }: Stanza, block: Body, say: Say): void {
  const seen = new Set<string>();
  for (const { word, at: place } of capabilities) {
    const lower = word.toLowerCase();
    if (!CAPABILITIES.has(word)) {
      const instead = CAPABILITIES.has(lower) ? `"${lower}"` : INSTEAD.get(lower);
      const hint = instead === undefined ? `; known: ${[...CAPABILITIES].join(", ")}` : `: write ${instead}`;
      say(place, `unknown capability ${JSON.stringify(word)}${hint}`);
    } else if (seen.has(word)) say(place, `capability "${word}" is there twice`);
    seen.add(word);
  }
  if (seen.has("deny") && seen.size > 1)
    say(at, '"deny" takes all away: the other capabilities beside it have no effect');
  const legacy = block.members.find(({ key }) => key === "policy");
  if (legacy !== undefined) say(legacy.at, 'policy = "…" is the old form: write capabilities = […]');
  else if (capabilities.length === 0)
    say(at, 'without capabilities this path gives nothing: add capabilities = ["read"], or remove it');
}

const denies = ({ capabilities }: Stanza): boolean => capabilities.some(({ word }) => word === "deny");

function lintReach(stanzas: readonly Stanza[], say: Say): void {
  for (const [i, one] of stanzas.entries()) {
    if (one.path.includes("{{")) continue;
    const twin = stanzas.findIndex((other) => other.path === one.path);
    if (twin < i) lintTwin(one, stanzas[twin] ?? one, say);
    for (const other of stanzas) if (other.path !== one.path && !other.path.includes("{{")) lintPair(one, other, say);
  }
}

function lintPair(one: Stanza, other: Stanza, say: Say): void {
  if (!covers(other.path, one.path)) return;
  const [mine, its] = [String(one.at.line), String(other.at.line)];
  if (hasWildcard(one.path) && comparePatterns(other.path, one.path) > 0) {
    say(one.at, `unreachable: ${quoted(other)} on line ${its} decides every path that this one matches`);
  } else if (denies(other) && !denies(one) && one.capabilities.length > 0) {
    say(other.at, `this deny does not hold for ${quoted(one)}: the nearer rule on line ${mine} decides there`);
  }
}

function lintTwin(one: Stanza, twin: Stanza, say: Say): void {
  const line = String(twin.at.line);
  if (denies(twin) && !denies(one)) say(one.at, `unreachable: line ${line} denies the same path`);
  else if (denies(one) && !denies(twin)) say(twin.at, `unreachable: line ${String(one.at.line)} denies the same path`);
  else say(one.at, `the same path is on line ${line}: both are joined, write it once`);
}

const quoted = ({ path }: Stanza): string => JSON.stringify(path);
