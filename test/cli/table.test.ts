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
import { type TestServer, testServer } from "../fakes/server.ts";
import { basicRows } from "./tables/basic.ts";
import { kvRows } from "./tables/kv.ts";
import { peopleRows } from "./tables/people.ts";
import { previewRows } from "./tables/preview.ts";
import { expected, type Row, words } from "./tables/row.ts";

const FILES: Readonly<Record<string, string>> = {
  "cert.pem": "-----BEGIN X-----\nAAAA\n-----END X-----\n",
  "data.json": '{"from":"file"}',
  "odd.hcl": 'path   "secret/db" { capabilities=["read"] }\n',
  "broken.hcl": 'path "a" {',
  "app.hcl": 'path "secret/*" {\n  capabilities = ["read"]\n}\n',
};

const tables: readonly (readonly [string, readonly Row[]])[] = [
  ["basic", basicRows],
  ["kv", kvRows],
  ["people", peopleRows],
  ["preview", previewRows],
];

test("the table has at least 120 rows", () => {
  expect(tables.flatMap(([, rows]) => rows).length).toBeGreaterThanOrEqual(120);
});

describe.each(tables)("%s", (_name, rows) => {
  let server: TestServer;
  let folder: string;
  const written = new Map<string, string>();
  const tokenFiles = new Map<string, Secret>();

  beforeAll(async () => {
    server = await testServer();
    folder = mkdtempSync(join(tmpdir(), "oksae-cli-"));
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const fill = (text: string): string =>
    text
      .replaceAll("@root@", server.rootToken)
      .replaceAll("@key@", server.keys[0] ?? "")
      .replaceAll("@audit@", join(folder, "audit.log"));

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
      env: { VAULT_ADDR: server.url, VAULT_TOKEN: server.rootToken, ...row.env },
      clock: systemClock,
      random: systemRandom(),
    };
    const argv = words(row.line).map(fill);
    const code = await runCommand(argv, io, (settings) => connect(settings, io, "test"), "test");
    return { code, out: out.join(""), err: err.join("") };
  }

  test.each(rows.map((row, i) => ({ ...row, name: `${String(i + 1)}: oksae ${row.line}` })))("$name", async (row) => {
    const got = await run(row);
    expect(got.err).toMatch(expected(row.err ?? ""));
    expect(got.out).toMatch(expected(row.out ?? ""));
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
