/** Finds and reads the configuration's files: those named, and the `*.hcl` and `*.json` of a folder in lexical order. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describeErrno } from "../../lib/errno.ts";
import { Fault } from "../../lib/fault.ts";
import type { Body } from "../../lib/hcl/body.ts";
import { parseConfig } from "../../lib/hcl/parse.ts";

/** Editors' leftovers are no configuration. */
const SKIPPED = /^[.#]|~$|^4913$/;

/** @param paths files and folders, in the order given @throws Fault "unavailable" naming a path that cannot be read (it may yet come), "invalid" the place in a file */
export async function loadBodies(paths: readonly string[]): Promise<readonly Body[]> {
  const files: string[] = [];
  for (const path of paths) files.push(...(await filesAt(path)));
  if (files.length === 0) throw new Fault("unavailable", `no *.hcl or *.json file in ${paths.join(", ")}`);
  const bodies: Body[] = [];
  for (const file of files) bodies.push(parseConfig(await readText(file), file));
  return bodies;
}

async function filesAt(path: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => /\.(?:hcl|json)$/.test(name) && !SKIPPED.test(name));
    return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map((name) => join(path, name));
  } catch (error) {
    throw new Fault("unavailable", `configuration ${path}: ${describeErrno(error).text}`, { cause: error });
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new Fault("unavailable", `configuration ${file}: ${describeErrno(error).text}`, { cause: error });
  }
}
