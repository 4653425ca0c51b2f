/** The built program as a process: exit codes, the token file, standard input, and the programs behind it. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type TestServer, testServer } from "../fakes/server.ts";

const PROGRAM = new URL("../../dist/oksae.mjs", import.meta.url).pathname;

let server: TestServer;
let home: string;

beforeAll(async () => {
  server = await testServer();
  home = mkdtempSync(join(tmpdir(), "oksae-home-"));
});
afterAll(async () => {
  await server.close();
  rmSync(home, { recursive: true });
});

function oksae(args: readonly string[], options: { stdin?: string; env?: Record<string, string> } = {}) {
  return new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: home, OKSAE_ADDR: server.url, ...options.env };
    const child = spawn(process.execPath, [PROGRAM, ...args], { env });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, out, err });
    });
    child.stdin.end(options.stdin ?? "");
  });
}

test("login keeps the token in a file of its own, 0600, and later commands use it", async () => {
  const login = await oksae(["login", "-"], { stdin: `${server.rootToken}\n` });
  expect(login).toMatchObject({ code: 0, err: "" });
  const file = join(home, ".oksae-token");
  expect(readFileSync(file, "utf8")).toBe(server.rootToken);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(await oksae(["token", "lookup", "-field=display_name"])).toEqual({ code: 0, out: "root", err: "" });
});

test("data comes from standard input, a value goes out exactly", async () => {
  await oksae(["secrets", "enable", "-path=secret", "kv"]);
  const stdin = '{"password":"a \\"b\\"\\n$c"}';
  expect((await oksae(["write", "secret/app", "-"], { stdin })).code).toBe(0);
  expect(await oksae(["read", "-field=password", "secret/app"])).toEqual({ code: 0, out: 'a "b"\n$c', err: "" });
});

test("policy fmt writes the file anew with its mode, lint reads it", async () => {
  const file = join(home, "team.hcl");
  writeFileSync(file, 'path   "secret/a" {capabilities=["read"]}', { mode: 0o640 });
  const shown = { code: 0, out: `Success! Formatted policy: ${file}\n`, err: "" };
  expect(await oksae(["policy", "fmt", file])).toEqual(shown);
  expect(readFileSync(file, "utf8")).toBe('path "secret/a" {\n  capabilities = ["read"]\n}\n');
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(await oksae(["policy", "lint", "-offline", file])).toEqual({ code: 0, out: "", err: "" });
});

test("a refused request and its reason, for a token of the environment", async () => {
  const made = await server.request("POST", "auth/token/create", { policies: ["default"] });
  const { client_token: token } = made.body?.["auth"] as { client_token: string };
  const env = { OKSAE_TOKEN: token };
  const refused = await oksae(["read", "secret/app"], { env });
  expect(refused).toMatchObject({ code: 2, out: "" });
  const [, hint = ""] = /^Hint: "oksae (.*)" tells why/m.exec(refused.err) ?? [];
  expect(hint).toBe("policy explain read secret/app");
  const explained = await oksae(hint.split(" "), { env });
  expect(explained).toMatchObject({ code: 2, err: "", out: expect.stringContaining('capabilities = ["read"]') });
});

test.each([
  { args: ["read", "secret/none"], code: 2 },
  { args: ["operator", "raft", "list-peers"], code: 1 },
  { args: ["read"], code: 1 },
  { args: ["nope"], code: 1 },
  { args: ["-version"], code: 0 },
  { args: ["server", "-nope"], code: 1 },
  { args: ["server", "-config", "/none"], code: 1 },
  { args: ["agent", "validate", "-config", "/none"], code: 1 },
])("oksae $args ends with $code", async ({ args, code }) => {
  expect((await oksae(args)).code).toBe(code);
});

test.each([
  ["status"],
  ["server", "-dev"],
  ["agent", "status"],
])("NODE_OPTIONS is refused: oksae %s", async (...args) => {
  const ran = await oksae(args, { env: { NODE_OPTIONS: "--no-warnings" } });
  expect(ran.code).not.toBe(0);
  expect(ran.err).toContain("NODE_OPTIONS is set");
});
