/** The agent against the real server in this process: real sockets, the real aws method, a metadata service; one clock for all. */
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { parseArguments } from "../../agent/arguments.ts";
import { runAgentCommand } from "../../agent/commands.ts";
import type { LogFields } from "../../lib/log.ts";
import { systemRandom } from "../../lib/random.ts";
import { awsAuth, awsEc2Auth } from "../../server/auth/aws/aws.ts";
import { ACCOUNT, facts, fakeCloud, INSTANCE, LAUNCH } from "../fakes/aws-mount.ts";
import { type FakeClock, fakeClock } from "../fakes/clock.ts";
import { type FakeImds, type ImdsSigners, imdsSigners, startImds } from "../fakes/imds.ts";
import { type TestServer, testServer } from "../fakes/server.ts";

let signers: ImdsSigners;
let folder: string;
let clock: FakeClock;
let server: TestServer;
let imds: FakeImds;
let door: Door;
let imdsDoor: Door;
let lines: string[];
const running: { readonly stop: AbortController; readonly ended: Promise<number> }[] = [];

/** The network between agent and server, which can be cut. */
interface Door {
  readonly address: string;
  cut(isCut: boolean): void;
  /** Whether something that was asked is not answered yet. */
  isBusy(): boolean;
  close(): Promise<void>;
}

async function openDoor(target: string): Promise<Door> {
  const sockets = new Set<Socket>();
  const asking = new Set<Socket>();
  let isCut = false;
  const listening: Server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(new URL(target).port), "127.0.0.1");
    near.on("data", () => asking.add(near));
    far.on("data", () => asking.delete(near));
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        asking.delete(near);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const bound = listening.address();
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `http://127.0.0.1:${typeof bound === "object" ? String(bound?.port) : ""}`,
    cut: (now) => {
      isCut = now;
      if (now) drop();
    },
    isBusy: () => asking.size > 0,
    close: async () => {
      drop();
      await new Promise((resolve) => listening.close(resolve));
    },
  };
}

beforeAll(() => {
  signers = imdsSigners();
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "oksae-e2e-"));
  clock = fakeClock(LAUNCH + 60_000);
  lines = [];
  const cloud = fakeCloud();
  cloud.instances.set(INSTANCE, facts());
  server = await testServer({ clock, kinds: [awsAuth(cloud), awsEc2Auth(cloud)] });
  imds = await startImds({ signers });
  [door, imdsDoor] = [await openDoor(server.url), await openDoor(imds.url)];
  await must("POST", "sys/auth/aws", { type: "aws" });
  await must("POST", "auth/aws/config/certificate/lab", { aws_public_cert: signers.rsa2048.certificate });
  await must("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } });
  await must("PUT", "sys/policies/acl/web", { policy: 'path "secret/data/web" { capabilities = ["read"] }' });
  await role({});
  await put("one");
});

afterEach(async () => {
  for (const { stop } of running) stop.abort();
  await Promise.all(running.splice(0).map(({ ended }) => ended.catch(() => 0)));
  await Promise.all([door.close(), imdsDoor.close(), imds.close()]);
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

async function must(method: string, path: string, data?: unknown): Promise<Record<string, unknown>> {
  const reply = await server.request(method, path, data);
  if (reply.status >= 300) throw new Error(`${method} ${path}: ${String(reply.status)} ${reply.text}`);
  return reply.body ?? {};
}

const role = (more: Record<string, unknown>): Promise<unknown> =>
  must("POST", "auth/aws/role/web", { auth_type: "ec2", bound_account_id: ACCOUNT, token_policies: "web", ...more });
const put = (value: string): Promise<unknown> => must("POST", "secret/data/web", { data: { KEY: value } });
const file = (name: string): Promise<string> => readFile(join(folder, name), "utf8").catch(() => "");
const mtime = async (name: string): Promise<bigint> => (await stat(join(folder, name), { bigint: true })).mtimeNs;

function start(more = ""): { readonly stop: AbortController; readonly ended: Promise<number> } {
  const stop = new AbortController();
  const host = {
    clock,
    random: systemRandom(),
    env: new Map<string, string>(),
    uid: process.getuid?.() ?? -1,
    pid: process.pid,
    isAlive: () => true,
    print: () => undefined,
    openLog: () =>
      Promise.resolve((level: string, message: string, fields: LogFields = {}) => {
        const shown = Object.values(fields).map((value) => (value instanceof Error ? value.message : String(value)));
        lines.push(`${level} ${message} ${shown.join(" ")}`);
      }),
  };
  const config = `
    vault { address = "${door.address}" }
    status_file = "${folder}/status.json"
    auto_auth {
      method "aws" {
        config { type = "ec2" role = "web" nonce_path = "${folder}/nonce" imds_endpoint = "${imdsDoor.address}" }
      }
      sink "file" { config { path = "${folder}/token" mode = 0600 } }
    }
    env_file "${folder}/env" { secrets = ["secret/web"] format = "json" }
    ${more}`;
  const ended = writeFile(join(folder, "agent.hcl"), config).then(() =>
    runAgentCommand(parseArguments(["-config", join(folder, "agent.hcl")]), host, stop.signal),
  );
  ended.catch(() => undefined);
  const one = { stop, ended };
  running.push(one);
  return one;
}

async function end(one: { readonly stop: AbortController; readonly ended: Promise<number> }): Promise<void> {
  one.stop.abort();
  expect(await one.ended).toBe(0);
}

/**
 * Lets `seconds` go by for agent and server, a second at a time, with real time for files in between and for every answer
 * that is under way: the agent's timeouts go by the clock that is moved here.
 */
async function pass(seconds: number, isDone: () => boolean | Promise<boolean> = () => false): Promise<boolean> {
  for (let i = 0; i < seconds; i += 1) {
    if (await isDone()) return true;
    await clock.advance(1_000);
    do await new Promise((resolve) => setTimeout(resolve, 6));
    while (door.isBusy() || imdsDoor.isBusy());
  }
  return isDone();
}

/** Waits for real, without the clock moving. */
async function until(isDone: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 7_500; i += 1) {
    if (await isDone()) return;
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  throw new Error(`it did not happen within 30 s: ${lines.join("\n")}`);
}

const logins = (): number => lines.filter((line) => line.startsWith("info logged in")).length;
const warnings = (): string[] => lines.filter((line) => line.startsWith("warn"));
const inPlace = async (value: string): Promise<boolean> =>
  (await file("env")).includes(`"${value}"`) && (await file("token")) !== "";

test("first login, a restart with the nonce, a thief's loss of it: one line with the unlock, after which it gets in", async () => {
  const first = start();
  await until(() => inPlace("one"));
  await end(first);
  const second = start();
  await until(() => logins() === 2);
  await end(second);
  await rm(join(folder, "nonce"));
  start();
  await until(() => warnings().length > 0);
  expect(warnings()).toHaveLength(1);
  expect(warnings()[0]).toContain("client nonce mismatch");
  expect(warnings()[0]).toContain(`oksae aws unlock ${INSTANCE}`);
  await pass(20);
  expect(warnings()).toHaveLength(1);
  await must("POST", `auth/aws/unlock/${INSTANCE}`);
  expect(await pass(130, () => logins() === 3)).toBe(true);
  await put("two");
  expect(await pass(40, () => inPlace("two"))).toBe(true);
});

test("a revoked token: exactly one login within 60 s, and none after it", async () => {
  start();
  await until(() => inPlace("one"));
  const token = await file("token");
  await must("POST", "auth/token/revoke", { token });
  await pass(60);
  expect(logins()).toBe(2);
  await pass(120);
  expect(logins()).toBe(2);
  expect(await file("token")).not.toBe(token);
});

test("the server is away past the token's end: files stay untouched; back again, one login and all goes on", async () => {
  await role({ token_ttl: "60s", token_max_ttl: "60s" });
  start();
  await until(() => inPlace("one"));
  const before = [await mtime("env"), await mtime("token")];
  door.cut(true);
  await pass(130);
  expect([await mtime("env"), await mtime("token")]).toEqual(before);
  expect(logins()).toBe(1);
  await put("two");
  door.cut(false);
  expect(await pass(65, () => inPlace("two"))).toBe(true);
  expect(logins()).toBe(2);
});

test("a token that nears its maximum is replaced before it ends: nothing is ever refused", async () => {
  await role({ token_ttl: "60s", token_max_ttl: "120s" });
  start();
  await until(() => inPlace("one"));
  await pass(270);
  expect(logins()).toBeGreaterThanOrEqual(3);
  expect(logins()).toBeLessThanOrEqual(6);
  expect(warnings()).toEqual([]);
});

test("a sealed server is waited for: files untouched, no login more, and what changed comes after the unseal", async () => {
  start();
  await until(() => inPlace("one"));
  const before = await mtime("env");
  await put("two");
  await must("PUT", "sys/seal");
  await pass(120);
  expect(await mtime("env")).toBe(before);
  expect(warnings().some((line) => line.includes("sealed"))).toBe(true);
  for (const key of server.keys) await server.request("PUT", "sys/unseal", { key }, "");
  expect(await pass(70, () => inPlace("two"))).toBe(true);
  expect(logins()).toBe(1);
});

test.each([
  [
    "reauthentication is disabled",
    async () => {
      await role({ disallow_reauthentication: true });
    },
    () => undefined,
  ],
  [
    "instance meta-data is older",
    () => Promise.resolve(),
    () => {
      imds.knobs.fields = { pendingTime: new Date(LAUNCH - 3_600_000).toISOString().replace(/\.\d+/, "") };
    },
  ],
])("the server's own words %j come with the explanation and the unlock", async (words, before, between) => {
  await before();
  expect(await start("exit_after_auth = true").ended).toBe(0);
  between();
  start();
  await until(() => warnings().length > 0);
  expect(warnings()[0]).toContain(words);
  expect(warnings()[0]).toContain(`oksae aws unlock ${INSTANCE}`);
  expect(warnings()[0]).not.toContain("\n");
});
