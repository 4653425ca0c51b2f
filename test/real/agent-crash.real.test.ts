/**
 * What the real agent has on disk before it acts: the nonce, file and folder synced, before the first login leaves (seen by
 * strace); a command that is due, so that a SIGKILL between swap and command does not lose it; a cloned disk.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "@jest/globals";
import { type FakeImds, startImds } from "../fakes/imds.ts";
import { type FakeVault, fakeVault } from "../fakes/vault.ts";
import { PROGRAM } from "./house.ts";
import { requires } from "./requires.ts";
import { syscallsOf } from "./strace.ts";

const INSTANCE = "i-0123456789abcdef0";
const CALLS = "trace=openat,fsync,fdatasync,link,linkat,rename,renameat,renameat2,write,writev,sendto,sendmsg";
let folder: string;
let vault: FakeVault;
let imds: FakeImds;
const children = new Set<ChildProcess>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "oksae-crash-"));
  vault = fakeVault();
  vault.put("app", { KEY: "one" });
  vault.instanceOf = () => String(imds.knobs.fields["instanceId"] ?? INSTANCE);
  imds = await startImds();
});

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all([vault.close(), imds.close()]);
  await rm(folder, { recursive: true, force: true });
});

interface Agent {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly log: () => string;
}

async function start(address: string, more: string, under: readonly string[] = [], whole?: string): Promise<Agent> {
  const usual = `vault { address = "${address}" }
    status_file = "${folder}/run/status.json"
    auto_auth { method "aws" { config { type = "ec2" nonce_path = "${folder}/state/nonce" imds_endpoint = "${imds.url}" } } }
    ${more}`;
  await mkdir(join(folder, "run"), { recursive: true });
  await writeFile(join(folder, "agent.hcl"), whole ?? usual, { mode: 0o600 });
  const words = [...under, process.execPath, PROGRAM, "agent", "-config", join(folder, "agent.hcl")];
  const [command = "", ...args] = words;
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"], env: { PATH: process.env["PATH"] ?? "" } });
  children.add(child);
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      children.delete(child);
      resolve(code);
    });
  });
  return { child, ended, log: () => text };
}

async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1_000; i += 1) {
    if (await isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what}: not within 20 s`);
}

const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8").catch(() => "");

/** What was synced before the first login left, by path as it was opened; undefined when no login left. */
function syncedBeforeLogin(log: string): { readonly synced: readonly string[]; readonly linked: number } | undefined {
  const open = new Map<string, string>();
  const synced: string[] = [];
  let linked = -1;
  const calls = syscallsOf(log);
  const login = calls.find(({ text }) => /^(?:write|writev|sendto|sendmsg)\(.*POST \/v1\/auth\/aws\/login/.test(text));
  if (login === undefined) return undefined;
  for (const { text, end } of calls) {
    if (end >= login.begin) continue;
    const [, path = "", fd = ""] = /^openat\([^,]+, "([^"]+)".* = (\d+)$/.exec(text) ?? [];
    if (fd !== "") open.set(fd, path);
    const done = /^f(?:data)?sync\((\d+)\)/.exec(text)?.[1];
    if (done !== undefined) synced.push(open.get(done) ?? "?");
    if (/^link(?:at)?\(.*\/state\/nonce"/.test(text)) linked = synced.length;
  }
  return { synced, linked };
}

requires("strace")(
  "the nonce is on disk, file and folder synced, before the first login leaves; after a restart too",
  async () => {
    const address = await vault.listen();
    const item = `exit_after_auth = true\nenv_file "${folder}/env" { secrets = ["secret/app"] }`;
    const under = ["strace", "-f", "-s", "256", "-e", CALLS, "-o", join(folder, "trace")];
    expect(await (await start(address, item, under)).ended).toBe(0);
    const log = await read("trace");
    const first = syncedBeforeLogin(log);
    expect(first?.synced[first.linked - 1]).toMatch(/\/state\/nonce\.[0-9a-f-]{36}$/);
    expect(first?.synced.slice(first.linked)).toContain(join(folder, "state"));
    // The folder's own entry, since the agent made the folder.
    expect(first?.synced).toContain(folder);
    // The same reading of a trace without syncs finds none.
    const without = log.replace(/^.*\b(?:fsync|fdatasync)\b.*$/gm, "");
    expect(syncedBeforeLogin(without)?.synced).toEqual([]);

    expect(await (await start(address, item, under)).ended).toBe(0);
    const again = syncedBeforeLogin(await read("trace"));
    expect(again?.linked).toBe(-1);
    expect(again?.synced).toEqual([join(folder, "state/nonce"), join(folder, "state")]);
    expect(vault.count(/login$/)).toBe(2);
  },
);

const test = requires("sleep");

test("SIGKILL while the command runs: after the restart the file is as it was and the command runs to its end", async () => {
  const address = await vault.listen();
  const item = (command: string): string => `env_file "${folder}/env" {
    secrets = ["secret/app"]
    command = "${command}"
  }`;
  const first = await start(address, item(`echo begun >> ${folder}/notes; exec sleep 20`));
  await until("the command has begun", async () => (await read("notes")) === "begun\n");
  const [note = ""] = await readdir(join(folder, "run/commands-due"));
  expect((await stat(join(folder, "run/commands-due", note))).mode & 0o777).toBe(0o600);
  const mtime = (await stat(join(folder, "env"), { bigint: true })).mtimeNs;
  first.child.kill("SIGKILL");
  await first.ended.catch(() => undefined);

  const second = await start(address, item(`echo done >> ${folder}/notes`));
  await until("the command has run", async () => (await read("notes")) === "begun\ndone\n");
  await until("the note is gone", async () => (await readdir(join(folder, "run/commands-due"))).length === 0);
  expect((await stat(join(folder, "env"), { bigint: true })).mtimeNs).toBe(mtime);
  second.child.kill("SIGTERM");
  expect(await second.ended).toBe(0);

  const third = await start(address, `${item(`echo done >> ${folder}/notes`)}\nexit_after_auth = true`);
  expect(await third.ended).toBe(0);
  expect(await read("notes")).toBe("begun\ndone\n");
});

test("a cloned disk, or a nonce baked into an image: a warning, a fresh nonce, and a login of its own", async () => {
  const address = await vault.listen();
  const item = `exit_after_auth = true\nenv_file "${folder}/env" { secrets = ["secret/app"] }`;
  expect(await (await start(address, item)).ended).toBe(0);
  const baked = await read("state/nonce");
  imds.knobs.fields = { instanceId: "i-0bbbbbbbbbbbbbbbb" };
  const clone = await start(address, item);
  expect(await clone.ended).toBe(0);
  expect(clone.log()).toMatch(/warn.*nonce file is of another instance \(cloned disk or baked image\)/i);
  expect(await read("state/nonce")).not.toBe(baked);
  const [original, own] = [vault.nonces.get(INSTANCE), vault.nonces.get("i-0bbbbbbbbbbbbbbbb")];
  expect(own).not.toBe(original);
  for (const nonce of [original, own]) expect(clone.log()).not.toContain(nonce);
});

requires("root")(
  "the token goes to a file with the written mode and the owner's name, and stays as it is when nothing changes",
  async () => {
    const address = await vault.listen();
    const auth = `auto_auth { method "aws" { config { type = "ec2" nonce_path = "${folder}/state/nonce" imds_endpoint = "${imds.url}" } }
    sink "file" { config { path = "${folder}/token" mode = 0440 user = "nobody" group = "root" } } }`;
    const config = `vault { address = "${address}" }\nstatus_file = "${folder}/run/status.json"\n${auth}`;
    await chmod(folder, 0o755);
    const agent = await start(address, "", [], config);
    await until("the token is there", async () => (await read("token")) !== "");
    const { uid, gid, mode, mtimeNs } = await stat(join(folder, "token"), { bigint: true });
    const nobody = (await readFile("/etc/passwd", "utf8")).split("\n").find((line) => line.startsWith("nobody:"));
    expect([uid, gid, mode & 0o7777n]).toEqual([BigInt(nobody?.split(":")[2] ?? -1), 0n, 0o440n]);
    expect(vault.tokens.has(await read("token"))).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await stat(join(folder, "token"), { bigint: true })).mtimeNs).toBe(mtimeNs);
    agent.child.kill("SIGTERM");
    expect(await agent.ended).toBe(0);
  },
);
