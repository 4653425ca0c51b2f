/** What the parts of the configuration read alike: expanded texts, targets, commands, keys that a later version takes. */

import type { Fault } from "../../lib/fault.ts";
import type { Body } from "../../lib/hcl/body.ts";
import { faultAt, showPlace } from "../../lib/hcl/tree.ts";
import { expand, isUnresolved, type Scope } from "./scope.ts";
import type { CommandConfig, TargetConfig } from "./types.ts";

/** @returns the text with its references put in */
export function text(body: Body, key: string, scope: Scope): string | undefined {
  const raw = body.string(key);
  return raw === undefined ? undefined : expand(raw, scope, (message) => body.fault(message, key));
}

export function requiredText(body: Body, key: string, scope: Scope): string {
  return expand(body.requireString(key), scope, (message) => body.fault(message, key));
}

/** An absolute path without "." and ".." parts. */
export function path(body: Body, key: string, scope: Scope): string | undefined {
  const value = text(body, key, scope);
  if (value === undefined) return undefined;
  const problem = pathProblem(value);
  if (problem !== undefined) throw body.fault(`${JSON.stringify(key)} ${problem}`, key);
  return value;
}

export function pathProblem(value: string): string | undefined {
  if (isUnresolved(value) && !value.startsWith("/")) return undefined;
  if (!value.startsWith("/") || value.endsWith("/")) return "must be the absolute path of a file";
  if (
    value.includes("\0") ||
    value.split("/").some((part, i) => part === "." || part === ".." || (i > 0 && part === ""))
  ) {
    return 'must not hold empty parts, "." or ".."';
  }
  return undefined;
}

/** Keys that Vault Agent has and this version does not: said so, with the place, instead of "unknown key". */
export function later(body: Body, ...keys: readonly string[]): void {
  for (const key of keys) {
    const there = body.members.find((member) => member.key === key);
    if (there !== undefined) throw faultAt(there.at, `${JSON.stringify(key)} is not supported yet: remove it`);
  }
  body.known(...keys);
}

/** Keys that may stand there as long as they say what is so anyway. */
export function onlyFalse(body: Body, key: string): void {
  if (body.bool(key) === true) throw body.fault(`${JSON.stringify(key)} = true is not supported yet: remove it`, key);
}

/** @param pathText already expanded and checked */
export function target(body: Body, pathText: string, scope: Scope, modeKey: "perms" | "mode"): TargetConfig {
  return {
    path: pathText,
    perms: body.mode(modeKey),
    user: principal(body, "user", "uid", scope),
    group: principal(body, "group", "gid", scope),
    createDirs: modeKey === "mode" ? true : (body.bool("create_dest_dirs") ?? true),
  };
}

function principal(body: Body, name: "user" | "group", id: "uid" | "gid", scope: Scope): string | undefined {
  const byName = text(body, name, scope);
  const byId = body.int(id, -1, 2 ** 32 - 2);
  if (byName !== undefined && byId !== undefined) throw body.fault(`give "${name}" or "${id}", not both`, id);
  if (byName === "") throw body.fault(`"${name}" must not be empty`, name);
  return byName ?? (byId === undefined || byId === -1 ? undefined : String(byId));
}

const COMMAND_TIMEOUT = 30_000;

export function command(body: Body, scope: Scope): CommandConfig | undefined {
  const exec = body.block("exec");
  if (exec === undefined) {
    const argv = argvOf(body, scope);
    const timeout = body.duration("command_timeout") ?? COMMAND_TIMEOUT;
    return argv === undefined ? undefined : { argv, timeout: positive(body, "command_timeout", timeout) };
  }
  if (body.has("command")) throw body.fault('give "command" or "exec", not both', "command");
  body.known("command_timeout");
  later(exec, "env", "kill_signal", "kill_timeout", "reload_signal", "splay", "enabled");
  const argv = argvOf(exec, scope);
  if (argv === undefined) throw exec.fault('"command" is required');
  const timeout = positive(exec, "timeout", exec.duration("timeout") ?? COMMAND_TIMEOUT);
  exec.done();
  return { argv, timeout };
}

function positive(body: Body, key: string, ms: number): number {
  if (ms > 0) return ms;
  throw body.fault(`${JSON.stringify(key)} must be more than 0`, key);
}

function argvOf(body: Body, scope: Scope): readonly string[] | undefined {
  const value = body.value("command");
  if (value === undefined) return undefined;
  const parts = body.strings("command") ?? [];
  const fault = (message: string): Fault => faultAt(value.at, message);
  if (value.kind === "list" && parts.length !== 1) {
    const argv = parts.map((part) => expand(part, scope, fault));
    if (argv[0] === undefined || argv[0] === "") throw fault('"command" must name a program');
    return argv;
  }
  const line = parts[0] ?? "";
  if (line.trim() === "") return undefined;
  // A tag's value inside a shell's text would be code.
  if (line.includes("${instance.tag."))
    throw fault('an instance tag in "command" needs a list: ["program", "argument"]');
  return ["/bin/sh", "-c", expand(line, scope, fault)];
}

export function placeOf(body: Body): string {
  return showPlace(body.at);
}
