/** The command line against a real server: each row's output, errors and exit code, to the letter. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { connect } from "../../cli/connect/connect.ts";
import { CommandError, type Io } from "../../cli/io.ts";
import { runCommand } from "../../cli/program.ts";
import { systemClock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import { systemRandom } from "../../lib/random.ts";
import { Secret } from "../../lib/secret.ts";
import { testServer } from "../fakes/server.ts";
import { FILES, filesIn } from "./files.ts";
import { basicRows } from "./tables/basic.ts";
import { explainRows } from "./tables/explain.ts";
import { kvRows } from "./tables/kv.ts";
import { leaseRows } from "./tables/leases.ts";
import { limitRows } from "./tables/limits.ts";
import { loginRows } from "./tables/logins.ts";
import { mountRows } from "./tables/mounts.ts";
import { operatorRows } from "./tables/operator.ts";
import { peopleRows } from "./tables/people.ts";
import { previewRows } from "./tables/preview.ts";
import { expected, pick, type Row, words } from "./tables/row.ts";
import { settingsRows } from "./tables/settings.ts";
import { tokenRows } from "./tables/tokens.ts";
import { type World, wholeWorld } from "./world.ts";

/** Milliseconds: pauses between tries are made short, time-outs stay. */
const MOST_PAUSE = 3000;

const tables: readonly (readonly [string, readonly Row[]])[] = [
  ["basic", basicRows],
  ["kv", kvRows],
  ["people", peopleRows],
  ["preview", previewRows],
  ["logins", loginRows],
  ["tokens", tokenRows],
  ["leases and wrapping", leaseRows],
  ["operator", operatorRows],
  ["mounts", mountRows],
  ["explain", explainRows],
  ["identity and limits", limitRows],
  ["settings", settingsRows],
];

test("the table has at least 420 rows", () => {
  expect(tables.flatMap(([, rows]) => rows).length).toBeGreaterThanOrEqual(420);
});

describe.each(tables)("%s", (_name, rows) => {
  let world: World;
  let folder: string;
  const written = new Map<string, string>();
  const tokenFiles = new Map<string, Secret>();
  /** What "@name@" stands for. */
  const known = new Map<string, string>();

  beforeAll(async () => {
    world = await wholeWorld();
    folder = mkdtempSync(join(tmpdir(), "oksae-cli-"));
    for (const [name, value] of Object.entries(world.known)) known.set(name, value);
    known.set("audit", join(folder, "audit.log"));
  });
  afterAll(async () => {
    await world.close();
    rmSync(folder, { recursive: true });
  });

  const fill = (text: string): string => text.replace(/@(\w+)@/g, (whole, name: string) => known.get(name) ?? whole);

  async function run(row: Row) {
    const out: string[] = [];
    const err: string[] = [];
    const io: Io = {
      out: (text) => void out.push(text),
      err: (text) => void err.push(text),
      outIsTerminal: row.terminal === true,
      inIsTerminal: false,
      stdin: () => Promise.resolve(fill(row.stdin ?? "")),
      ask: () => Promise.reject(new CommandError(1, "no terminal")),
      listFiles: (folder) => Promise.resolve(filesIn(folder)),
      readFile: (path) => {
        const text = written.get(path) ?? FILES[path];
        if (text === undefined) return Promise.reject(new Fault("invalid", `${path} cannot be read: ENOENT`));
        return Promise.resolve(text);
      },
      writeFile: (path, text) => {
        written.set(path, text);
        return Promise.resolve();
      },
      readTokenFile: (name) => Promise.resolve(tokenFiles.get(name)),
      writeTokenFile: (name, token) => {
        tokenFiles.set(name, token);
        return Promise.resolve();
      },
      env: {
        VAULT_ADDR: world.server.url,
        VAULT_TOKEN: world.server.rootToken,
        ...Object.fromEntries(Object.entries(row.env ?? {}).map(([name, value]) => [name, fill(value)])),
      },
      clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms <= MOST_PAUSE ? ms / 100 : ms, signal) },
      random: systemRandom(),
    };
    const argv = words(row.line).map(fill);
    const code = await runCommand(argv, io, (settings) => connect(settings, io, "test"), "test");
    return { code, out: out.join(""), err: err.join("") };
  }

  test.each(rows.map((row, i) => ({ ...row, name: `${String(i + 1)}: oksae ${row.line}` })))("$name", async (row) => {
    const got = await run(row);
    for (const [name, pattern] of Object.entries(row.keep ?? {})) known.set(name, pick(got.out, pattern));
    expect(got.err).toMatch(expected(fill(row.err ?? "")));
    expect(got.out).toMatch(expected(fill(row.out ?? "")));
    expect(got.code).toBe(row.code ?? 0);
  });
});

test("secrets never reach stderr", async () => {
  const server = await testServer();
  const err: string[] = [];
  const io = {
    out: () => undefined,
    err: (text: string) => void err.push(text),
    outIsTerminal: false,
    inIsTerminal: false,
    stdin: () => Promise.resolve("hunter2"),
    ask: () => Promise.resolve(new Secret("hunter2")),
    listFiles: () => Promise.resolve([]),
    readFile: () => Promise.resolve("hunter2"),
    writeFile: () => Promise.resolve(),
    readTokenFile: () => Promise.resolve(undefined),
    writeTokenFile: () => Promise.resolve(),
    env: { VAULT_ADDR: server.url, VAULT_TOKEN: "hunter2" },
    clock: systemClock,
    random: systemRandom(),
  };
  for (const line of [
    "write secret/a p=hunter2",
    "kv put secret/a hunter2",
    "login hunter2",
    "operator unseal hunter2",
    "token revoke hunter2",
    "write a -",
  ]) {
    await runCommand(words(line), io, (settings) => connect(settings, io, "test"), "test");
  }
  await server.close();
  expect(err.length).toBeGreaterThan(4);
  expect(err.join("")).not.toContain("hunter2");
});
