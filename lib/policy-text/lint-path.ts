/** What is odd about one path of a policy: prefixes, wildcards that are none, KV version 2, names that the server lower-cases. */

import type { Stanza } from "./stanza.ts";

/** A mount as far as it matters here. */
export interface MountHint {
  /** With its slash at the end: "secret/". */
  readonly path: string;
  /** "kv" */
  readonly type: string;
  /** Of the option `version`: "1" or "2"; "" for types that have none. */
  readonly version: string;
}

const KV2: ReadonlySet<string> = new Set([
  "data",
  "metadata",
  "delete",
  "undelete",
  "destroy",
  "subkeys",
  "config",
  "+",
  "*",
]);
/** Below these a name is stored in lower case. */
const LOWERED = [
  /^sys\/(?:policy|policies\/acl)\/(.+)$/,
  /^auth\/[^/]+\/(?:users|groups|role|roles|map\/teams|map\/users)\/([^/]+)/,
];

/** @param written as in the text. @returns sentences, none when nothing is odd */
export function lintPath(written: string, stanza: Stanza, mounts: readonly MountHint[]): readonly string[] {
  return [...lintForm(written, stanza.path), ...lintNames(stanza.path), ...lintKv(stanza, mounts)];
}

function lintForm(written: string, path: string): readonly string[] {
  const out: string[] = [];
  if (path === "") out.push("the path is empty: it matches nothing");
  if (written.startsWith("/")) out.push("the slash at the beginning is dropped: leave it out");
  if (path.startsWith("v1/")) out.push('paths begin below "v1/": leave it out');
  if (path.includes("//")) out.push('"//" is in no request\'s path: write one slash');
  if (path.includes("+*")) out.push('"+*" is refused: write "+/*" or "*"');
  if (path.slice(0, -1).includes("*"))
    out.push('"*" is a wildcard only at the very end: elsewhere it stands for itself, "+" takes one segment');
  if (
    path
      .replace(/\*$/, "")
      .split("/")
      .some((part) => part !== "+" && part.includes("+"))
  ) {
    out.push('"+" is a wildcard only as a whole segment: "a/+/b"');
  }
  return out;
}

function lintNames(path: string): readonly string[] {
  if (path.includes("{{")) return [];
  const name = LOWERED.map((pattern) => pattern.exec(path)?.[1]).find((found) => found !== undefined);
  if (name === undefined || name === name.toLowerCase()) return [];
  return [
    `${JSON.stringify(name)} has capitals: the server keeps this name in lower case, but a rule matches the path as it is requested; write it in lower case`,
  ];
}

function lintKv({ path, capabilities }: Stanza, mounts: readonly MountHint[]): readonly string[] {
  const mount = mounts.find((one) => one.type === "kv" && one.version === "2" && path.startsWith(one.path));
  if (mount === undefined) return [];
  const rest = path.slice(mount.path.length);
  const [head = "", ...tail] = rest.split("/");
  const word = head.replace(/\*$/, "");
  if (rest === "" || rest === "*") return [];
  if (
    !KV2.has(head) &&
    !(tail.length === 0 && head.endsWith("*") && [...KV2].some((known) => known.startsWith(word)))
  ) {
    return [
      `${JSON.stringify(mount.path)} is KV version 2: secrets lie below data/ and are listed below metadata/; write ${JSON.stringify(`${mount.path}data/${rest}`)}`,
    ];
  }
  if (head === "data" && capabilities.some((one) => one.word === "list")) {
    return [
      `"list" has no effect below data/: write it at ${JSON.stringify(`${mount.path}metadata/${tail.join("/")}`)}`,
    ];
  }
  return [];
}
