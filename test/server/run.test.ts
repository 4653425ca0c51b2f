/** A server from configuration to end: what it opens, what it refuses, what it leaves behind. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { systemClock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { systemRandom } from "../../lib/random.ts";
import { Secret } from "../../lib/secret.ts";
import { devConfig, openDev } from "../../server/dev.ts";
import { levelled, type Machine, type RunningServer, startServer } from "../../server/run.ts";

const folder = mkdtempSync(join(tmpdir(), "oksae-run-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const DEV = { rootToken: new Secret("root"), listenAddress: "127.0.0.1:0", kv: true };

function machine(): Machine & { readonly lines: string[] } {
  const lines: string[] = [];
  const log: Log = (level, message) => void lines.push(`${level}: ${message}`);
  return { clock: systemClock, random: systemRandom(), log, pid: process.pid, uid: process.getuid?.() ?? 0, lines };
}

async function status(server: RunningServer, path: string): Promise<number> {
  const reply = await fetch(`${server.addresses[0] ?? ""}/v1/${path}`, { headers: { "X-Vault-Token": "root" } });
  await reply.text();
  return reply.status;
}

test("dev mode: unsealed, kv-v2 at secret/, the chosen root token, and it says loudly what it is", async () => {
  const m = machine();
  const server = await startServer(devConfig(DEV), m);
  const banner = await openDev(server, DEV);
  expect(banner).toContain("WARNING! dev mode");
  expect(banner).toContain("Root Token: root");
  expect(banner).toContain(`export VAULT_ADDR='${server.addresses[0] ?? ""}'`);
  expect(m.lines[0]).toMatch(/^warn: dev mode/);
  expect(m.lines.join("\n")).not.toContain("root");
  expect(server.core.mounts.find("secret/")).toMatchObject({ type: "kv", options: new Map([["version", "2"]]) });
  expect(await status(server, "sys/mounts")).toBe(200);
  await server.reload();
  expect(m.lines.at(-1)).toBe("info: reloaded");
  await server.stop();
  await expect(status(server, "sys/health")).rejects.toThrow();
  expect(m.lines.at(-1)).toBe("info: server stopped");
});

test("the pid file is written and taken away; a port in use is named and leaves nothing open", async () => {
  const pidFile = join(folder, "pid");
  const server = await startServer({ ...devConfig(DEV), pidFile }, machine());
  expect(readFileSync(pidFile, "utf8")).toBe(`${String(process.pid)}\n`);
  const address = new URL(server.addresses[0] ?? "").host;
  await expect(startServer(devConfig({ ...DEV, listenAddress: address }), machine())).rejects.toMatchObject({
    kind: "invalid",
    message: `cannot listen on ${address}: the address is in use`,
  });
  await server.stop();
  expect(existsSync(pidFile)).toBe(false);
});

test("on lmdb everything is there after a restart", async () => {
  const config = { ...devConfig(DEV), storage: { type: "lmdb" as const, path: join(folder, "data") } };
  const first = await startServer(config, machine());
  const made = await first.core.operator.init(1, 1, new Secret("root"));
  await first.stop();
  const second = await startServer(config, machine());
  expect(await status(second, "sys/health")).toBe(503);
  await second.core.operator.unseal(new Secret(made.shares[0]?.toString("hex") ?? ""));
  expect(await status(second, "sys/mounts")).toBe(200);
  await second.stop();
});

test.each([
  "nonsense",
  "127.0.0.1",
  "127.0.0.1:99999",
  ":8200",
])("-dev-listen-address %s is refused", (listenAddress) => {
  expect(() => devConfig({ ...DEV, listenAddress })).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test("the level can be changed while running", () => {
  const { lines, log } = machine();
  const level = levelled(log, "warn");
  level.log("info", "one");
  level.level = "info";
  level.log("info", "two");
  level.log("debug", "three");
  expect(lines).toEqual(["info: two"]);
});
