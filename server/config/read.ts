/** Reads what `-config` names: files, or directories whose *.hcl and *.json files are merged in lexical order. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../lib/fault.ts";
import { DEFAULT_HCL_LIMITS } from "../../lib/hcl/tree.ts";
import { type ConfigText, parseServerConfig } from "./parse.ts";
import type { Accounts, ServerConfig } from "./types.ts";

/** @throws Fault "invalid" naming the file, with line and column where the text is wrong */
export async function readServerConfig(paths: readonly string[]): Promise<ServerConfig> {
  const texts: ConfigText[] = [];
  for (const path of paths) {
    for (const file of await filesAt(path)) texts.push({ file, text: await textOf(file) });
  }
  if (texts.length === 0) throw new Fault("invalid", "no configuration: name a file or directory with -config");
  return parseServerConfig(texts, await systemAccounts());
}

async function filesAt(path: string): Promise<readonly string[]> {
  const stats = await stat(path).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  if (!stats.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /^[^.#~].*\.(?:hcl|json)$/.test(name)).sort();
  if (names.length === 0) throw new Fault("invalid", `${path}: no .hcl or .json file in this directory`);
  return names.map((name) => join(path, name));
}

async function textOf(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw unreadable(file, error);
  });
  if (bytes.length > DEFAULT_HCL_LIMITS.size) throw new Fault("invalid", `${file}: longer than 1 MiB`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Fault("invalid", `${file}: not UTF-8`);
  }
}

function unreadable(path: string, error: unknown): Fault {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "unknown error";
  return new Fault("invalid", `${path}: cannot be read (${code})`, { cause: error });
}

/** Local accounts only: a name from a directory service is written as its number. */
async function systemAccounts(): Promise<Accounts> {
  const [users, groups] = await Promise.all([table("/etc/passwd"), table("/etc/group")]);
  return { uid: (name) => users.get(name), gid: (name) => groups.get(name) };
}

async function table(file: string): Promise<ReadonlyMap<string, number>> {
  const text = await readFile(file, "utf8").catch(() => "");
  const ids = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [name = "", , id = ""] = line.split(":");
    if (/^\d+$/.test(id)) ids.set(name, Number(id));
  }
  return ids;
}
