/** The lines that the talk shows, with `oksae` in place of `vault`, in a real shell with jq. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { type TestServer, testServer } from "../fakes/server.ts";
import { requires } from "./requires.ts";

const test = requires("bash", "jq");
const run = promisify(execFile);

let server: TestServer;
let bin: string;

beforeAll(async () => {
  server = await testServer();
  bin = mkdtempSync(join(tmpdir(), "oksae-bin-"));
  symlinkSync(new URL("../../dist/oksae.mjs", import.meta.url).pathname, join(bin, "oksae"));
});
afterAll(async () => {
  await server.close();
  rmSync(bin, { recursive: true });
});

async function bash(script: string): Promise<string> {
  const env = {
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
    HOME: bin,
    VAULT_ADDR: server.url,
    VAULT_TOKEN: server.rootToken,
  };
  const { stdout } = await run("bash", ["-euo", "pipefail", "-c", script], { env });
  return stdout;
}

test("DB_PW=$(oksae read -format=json … | jq -r .data.password) on KV version 1", async () => {
  const out = await bash(`
    oksae secrets enable -path=secret kv >/dev/null
    oksae write secret/app/db_credential username=app password='p"w $x' >/dev/null
    DB_PW=$(oksae read -format=json secret/app/db_credential | jq -r .data.password)
    printf %s "$DB_PW"`);
  expect(out).toBe('p"w $x');
});

test("paths may begin with a slash", async () => {
  expect(await bash("oksae read -field=username /secret/app/db_credential")).toBe("app");
});

test("on KV version 2, read exits with 2 and names kv get", async () => {
  const out = await bash(`
    oksae secrets enable -path=kv2 -version=2 kv >/dev/null
    oksae kv put kv2/app/x a=b >/dev/null
    set +e
    oksae read kv2/app/x 2>&1
    echo "exit $?"`);
  expect(out).toContain("oksae kv get kv2/app/x");
  expect(out).toContain("exit 2");
});
