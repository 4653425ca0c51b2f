/** Requests by chance, 100,000 of them or as many as 90 seconds take, against whole servers in a process of its own. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { build } from "esbuild";

const HOUSE = join(import.meta.dirname, "../..");
/** Below the project: the bundle finds its native packages there. */
const folder = mkdtempSync(join(HOUSE, "node_modules/.cache-fuzz-"));
const LENGTH = 2500;
const SECONDS = 90;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("no request by chance is answered by 500, breaks a connection or shows our inside; memory has a bound", async () => {
  const program = join(folder, "fuzz.mjs");
  await build({
    entryPoints: [join(HOUSE, "test/fuzz/main.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    external: ["lmdb", "@node-rs/bcrypt", "@aws-sdk/*"],
    banner: { js: "import{createRequire as $r}from'node:module';const require=$r(import.meta.url);" },
  });
  const seed = Date.now() % 1_000_000;
  const { code, out } = await run(program, [seed, 40, LENGTH, SECONDS]);
  process.stderr.write(`seed ${String(seed)}: ${out}`);
  expect([code, out]).toEqual([0, expect.stringMatching(/^\d{4,} requests, \d{2,3} MiB; /)]);
}, 240_000);

function run(program: string, args: readonly number[]): Promise<{ code: number | null; out: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args.map(String)], { stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, out });
    });
  });
}
