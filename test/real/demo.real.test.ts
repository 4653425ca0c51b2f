/**
 * The demo sees what it claims to see: with one link broken, exactly the step that guards it fails, with exit 1 and its
 * name; and whatever happens, no process and no file is left behind.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const DEMO = join(import.meta.dirname, "../../dist/demo.mjs");
/** In the order of the story; the whole of it, and where each sabotage ends it. */
const STEPS = [
  "a server starts on an empty folder, is initialized, and three of five key shares open it",
  "the operator sets up audit, a secret, a policy, and a role for the account's instances",
  "the agent boots, proves its instance, and the env file and the template appear",
  "the secret changes, and the files follow",
  "a thief with the same signed document and no nonce is refused",
  "the agent restarts and gets in again with its nonce",
  "the server is killed and comes back sealed; unsealed, it has lost nothing, and the agent recovers",
  "the audit says who read what, and holds no secret",
];
const CASES = [
  { args: [], passed: 8, because: "" },
  { args: ["--sabotage=thief"], passed: 4, because: "a thief logged in with a stolen document" },
  { args: ["--sabotage=kill"], passed: 6, because: "the server was never killed" },
  { args: ["--sabotage=audit"], passed: 7, because: "there is no audit" },
] as const;

interface Told {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly seconds: number;
  /** Files and processes that are still there. */
  readonly left: readonly string[];
}

async function tell(args: readonly string[]): Promise<Told> {
  const folder = mkdtempSync(join(tmpdir(), "oksae-sabotage-"));
  const began = performance.now();
  const child = spawn(process.execPath, [DEMO, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", TMPDIR: folder },
  });
  const told = { out: "", err: "" };
  child.stdout.on("data", (chunk) => (told.out += String(chunk)));
  child.stderr.on("data", (chunk) => (told.err += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const left = [...readdirSync(folder), ...processesNaming(folder)];
  rmSync(folder, { recursive: true, force: true });
  return { ...told, code, seconds: (performance.now() - began) / 1000, left };
}

function processesNaming(text: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
      } catch {
        return "";
      }
    })
    .filter((line) => line.includes(text));
}

/** "passed" or "FAILED" by step, from lines like " 5. a thief …: FAILED". */
function stepsOf(out: string): readonly string[] {
  return [...out.matchAll(/^ *\d+\. (.*?)(?: \([\d.]+ s\)|(: FAILED))$/gm)].map(
    ([, name = "", failed]) => `${name}${failed ?? ""}`,
  );
}

test.each(CASES)("demo $args: $passed steps pass", async ({ args, passed, because }) => {
  const { code, out, err, seconds, left } = await tell(args);
  const failing = STEPS[passed];
  const expected = [...STEPS.slice(0, passed), ...(failing === undefined ? [] : [`${failing}: FAILED`])];
  expect(stepsOf(out)).toEqual(expected);
  expect(code).toBe(failing === undefined ? 0 : 1);
  expect(out).toContain(because);
  if (failing === undefined) expect(err).toBe("");
  else expect(err).toContain(`step "${failing}" failed`);
  expect(left).toEqual([]);
  expect(seconds).toBeLessThan(60);
  process.stdout.write(`demo ${args.join(" ")}: exit ${code} after ${passed} steps, ${seconds.toFixed(1)} s\n`);
}, 90_000);

test("an unknown argument is named, and nothing starts", async () => {
  const { code, out, err, left } = await tell(["--sabotage=nothing"]);
  expect([code, out, left]).toEqual([1, "", []]);
  expect(err).toContain("--sabotage=nothing");
}, 30_000);
