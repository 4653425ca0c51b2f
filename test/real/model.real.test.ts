/**
 * The server against a simple reference model of tokens, policies and KV: 2,000 sequences of 30 calls and more, with
 * restarts and jumps of the clock among them; then faults sown into the server, each of which the same check must catch.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { build, type Plugin } from "esbuild";
import { FAULTS, type Fault } from "../model/faults.ts";

const HOUSE = join(import.meta.dirname, "../..");
/** Below the project: the bundles find their native packages there. */
const folder = mkdtempSync(join(HOUSE, "node_modules/.cache-model-"));
const SEQUENCES = 2000;
const LENGTH = 30;

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test(`${String(SEQUENCES)} sequences of ${String(LENGTH)} calls and more agree with the model`, async () => {
  const program = await bundle("right");
  const seed = Date.now() % 1_000_000;
  const { code, out } = await run(program, SEQUENCES, seed);
  process.stderr.write(`seed ${String(seed)}: ${out}`);
  expect([code, out]).toEqual([0, expect.stringMatching(/^2000 sequences, \d{5,} calls: they agree\n$/)]);
}, 1_200_000);

test("there are at least ten faults to sow", () => {
  expect(FAULTS.length).toBeGreaterThanOrEqual(10);
});

test.each(FAULTS.map((fault) => [fault.name, fault] as const))(
  "caught: %s",
  async (_name, fault) => {
    const { code, out } = await run(await bundle("wrong", fault), SEQUENCES, 1);
    // 3 is told of a disagreement alone: the model says another thing, or the server failed.
    expect([code, out]).toEqual([3, expect.stringMatching(/^in \d+ calls: /m)]);
  },
  600_000,
);

async function bundle(name: string, fault?: Fault): Promise<string> {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    entryPoints: [join(HOUSE, "test/model/main.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20.19",
    external: ["lmdb", "@node-rs/bcrypt", "@aws-sdk/*"],
    banner: { js: "import{createRequire as $r}from'node:module';const require=$r(import.meta.url);" },
    plugins: fault === undefined ? [] : [sow(fault)],
  });
  return outfile;
}

function sow({ file, find, replace }: Fault): Plugin {
  const path = join(HOUSE, file);
  return {
    name: "sow",
    setup(building) {
      building.onLoad({ filter: /\.ts$/ }, (args) => {
        if (args.path !== path) return undefined;
        const parts = readFileSync(path, "utf8").split(find);
        if (parts.length !== 2)
          throw new Error(`${file} holds ${JSON.stringify(find)} ${String(parts.length - 1)} times`);
        return { contents: parts.join(replace), loader: "ts" };
      });
    },
  };
}

function run(program: string, sequences: number, seed: number): Promise<{ code: number | null; out: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, String(sequences), String(LENGTH), String(seed)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, out });
    });
  });
}
