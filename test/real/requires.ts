/**
 * Tests of real components say what they need; what a machine lacks is skipped by name, and the runner prints the names.
 * In CI (`OKSAE_REAL_ALL=1`) nothing may be missing: there a lacking component is a failure.
 */
import { appendFileSync, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "@jest/globals";

type Body = () => Promise<void> | void;

/**
 * @param needs commands that must be on the PATH, "root", or absolute paths of files
 * @returns `test`, or one that registers the test as skipped and notes the missing name for the runner's summary
 */
export function requires(...needs: readonly string[]): (name: string, body: Body, timeout?: number) => void {
  const missing = needs.filter((need) => !isThere(need));
  if (missing.length === 0) return test;
  const file = process.env["OKSAE_SKIPPED_FILE"];
  if (file !== undefined) appendFileSync(file, `${missing.join("\n")}\n`);
  return (name, body) => {
    test.skip(`${name} (needs ${missing.join(", ")})`, body);
  };
}

function isThere(need: string): boolean {
  if (need === "root") return process.getuid?.() === 0;
  if (need.startsWith("/")) return existsSync(need);
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, need)));
}
