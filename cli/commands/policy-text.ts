/** policy fmt, lint: what can be said of a policy's text without asking a server for a decision. Source: Vault CLI documentation, "policy fmt". */
import { Fault } from "../../lib/fault.ts";
import { formatPolicy } from "../../lib/policy-text/format.ts";
import { type Finding, lintPolicy } from "../../lib/policy-text/lint.ts";
import type { MountHint } from "../../lib/policy-text/lint-path.ts";
import { isJsonMap, type Json, JsonNumber } from "../../lib/wire/json.ts";
import { ApiError } from "../connect/api.ts";
import { type Context, member, text } from "../context.ts";
import { CommandError } from "../io.ts";
import { printData, say } from "../output/print.ts";
import { command, flagSet, type Spec } from "./register.ts";

export const policyTextCommands: readonly Spec[] = [
  command({
    usage: "policy fmt <file>",
    about: "Writes a policy file anew in the usual form; - reads standard input and prints",
    run: async (context, [file = ""]) => {
      if (file === "-") {
        context.io.out(inFile(file, formatPolicy, await context.io.stdin()));
        return;
      }
      const before = await context.io.readFile(file);
      const after = inFile(file, formatPolicy, before);
      if (after !== before) await context.io.writeFile(file, after);
      say(context, `Success! Formatted policy: ${file}`);
    },
  }),
  command({
    usage: "policy lint <file>",
    about: "Tells what in a policy has no effect, or another than it seems; exit code 2 when there is something",
    flags: [["--offline", "do not ask the server for its mounts: nothing is said about KV version 2 then"]],
    run: async (context, [file = ""], flags) => {
      const policy = file === "-" ? await context.io.stdin() : await context.io.readFile(file);
      const mounts = flagSet(flags, "offline") ? [] : await mountsOf(context);
      const findings = inFile(file, (given) => lintPolicy(given, mounts), policy);
      const name = file === "-" ? "standard input" : file;
      printData(context, findings.map(asJson), () => findings.map((one) => lineOf(name, one)).join(""));
      if (findings.length > 0) throw new CommandError(2, "");
    },
  }),
];

function inFile<T>(file: string, work: (policy: string) => T, policy: string): T {
  try {
    return work(policy);
  } catch (error) {
    if (error instanceof Fault)
      throw new CommandError(1, `${file === "-" ? "standard input" : file}: ${error.message}`);
    throw error;
  }
}

function lineOf(name: string, { line, column, message }: Finding): string {
  return `${name}:${String(line)}:${String(column)}: ${message}\n`;
}

function asJson({ line, column, message }: Finding): Json {
  return new Map<string, Json>([
    ["line", new JsonNumber(String(line))],
    ["column", new JsonNumber(String(column))],
    ["message", message],
  ]);
}

/** What the caller may see of them. @throws CommandError 2 when no server answers: -offline does without */
async function mountsOf(context: Context): Promise<readonly MountHint[]> {
  const { body } = await context
    .api({ method: "GET", path: "sys/internal/ui/mounts", bare: true })
    .catch((error: unknown) => {
      if (error instanceof ApiError) throw new CommandError(2, `${error.message}\n-offline checks the text alone`);
      throw error;
    });
  return [...member(member(body, "data"), "secret")].map(([path, value]) => {
    const mount = isJsonMap(value) ? value : new Map<string, Json>();
    return { path, type: text(mount, "type"), version: text(member(mount, "options"), "version") };
  });
}
