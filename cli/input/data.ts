/**
 * The data arguments of write commands: "k=v", "k=@file", "k=-" (the value from standard input),
 * "@file.json" and "-" (a whole JSON object). Keys named more than once become a list.
 * Source: Vault CLI documentation, "vault write", and "kv put".
 */
import { Fault } from "../../lib/fault.ts";
import { isJsonList, type Json, type JsonMap, parseJsonMap } from "../../lib/wire/json.ts";
import type { Io } from "../io.ts";
import { CommandError } from "../io.ts";

/** @throws CommandError 1 naming the argument's place, never its value */
export async function readData(args: readonly string[], io: Pick<Io, "stdin" | "readFile">): Promise<JsonMap> {
  const data = new Map<string, Json>();
  let stdinTaken = false;
  const stdin = async (): Promise<string> => {
    if (stdinTaken) throw new CommandError(1, "standard input can be read only once: use - in one argument only");
    stdinTaken = true;
    return io.stdin();
  };
  for (const [i, arg] of args.entries()) {
    if (arg === "-") merge(data, asObject(await stdin(), "standard input"));
    else if (arg.startsWith("@")) merge(data, asObject(await readFile(arg.slice(1), io), arg.slice(1)));
    else {
      const [name, value] = splitPair(arg, i);
      add(data, name, await readValue(value, stdin, io));
    }
  }
  return data;
}

/** "k=v" pairs without files or standard input: metadata, options. */
export function readPairs(args: readonly string[]): ReadonlyMap<string, string> {
  return new Map(args.map((arg, i) => splitPair(arg, i)));
}

function splitPair(arg: string, index: number): [string, string] {
  const at = arg.indexOf("=");
  if (at > 0) return [arg.slice(0, at), arg.slice(at + 1)];
  throw new CommandError(
    1,
    `Failed to parse K=V data: argument ${String(index + 1)} has no "=": write key=value, key=@file or -`,
  );
}

async function readValue(value: string, stdin: () => Promise<string>, io: Pick<Io, "readFile">): Promise<string> {
  if (value === "-") return stdin();
  if (value.startsWith("@")) return readFile(value.slice(1), io);
  return value.startsWith("\\@") ? value.slice(1) : value;
}

async function readFile(path: string, io: Pick<Io, "readFile">): Promise<string> {
  try {
    return await io.readFile(path);
  } catch (error) {
    if (error instanceof Fault) throw new CommandError(1, `Failed to parse K=V data: ${error.message}`);
    throw error;
  }
}

function asObject(text: string, source: string): JsonMap {
  try {
    return parseJsonMap(text);
  } catch (error) {
    if (error instanceof Fault) throw new CommandError(1, `Failed to parse K=V data: ${source}: ${error.message}`);
    throw error;
  }
}

function merge(into: Map<string, Json>, from: JsonMap): void {
  for (const [name, value] of from) into.set(name, value);
}

function add(data: Map<string, Json>, name: string, value: string): void {
  const before = data.get(name);
  if (before === undefined) data.set(name, value);
  else data.set(name, isJsonList(before) ? [...before, value] : [before, value]);
}
