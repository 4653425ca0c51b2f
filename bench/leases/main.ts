/**
 * Leases and start-up: how long after the unseal the first reply comes, with none, with 100,000 leases (half of tokens,
 * half of secrets) and with 100,000 tokens of logins of 10,000 people with an entity each, in LMDB; how long the slowest
 * reply takes while they are read in the background; what the process takes once all of them are:
 *   node dist/bench-leases.mjs [LEASES]
 * Each measurement is a process of its own on a store that another one has filled; the quickest first reply of RUNS
 * counts, since what else the machine does only ever adds to it; what can be compared between machines is the ratio.
 * Fails when it is above `MOST_RATIO`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { systemClock } from "../../lib/clock.ts";
import { systemRandom } from "../../lib/random.ts";
import { Secret } from "../../lib/secret.ts";
import { parseJsonMap } from "../../lib/wire/json.ts";
import { userpassAuth } from "../../server/auth/userpass/userpass.ts";
import { compose } from "../../server/compose.ts";
import type { Operation } from "../../server/contract/call.ts";
import type { Store } from "../../server/contract/storage.ts";
import type { RunningCore } from "../../server/core/core.ts";
import { openLmdbStore } from "../../server/storage/lmdb.ts";
import { lender } from "../../test/fakes/lender.ts";
import { fakePasswords } from "../../test/fakes/passwords.ts";

const RUNS = 9;
const TOGETHER = 256;
/** Milliseconds of requests after the unseal. */
const WATCHED = 3000;
const MOST_RATIO = 1.5;
const PEOPLE = 10_000;
/** Share of a second's processor time below which the reading in the background is over. */
const REST = 0.05;
const DAY = 24 * 3_600_000;

interface Keys {
  readonly root: string;
  readonly share: string;
}

interface Measured {
  /** Milliseconds. */
  readonly first: number;
  readonly slowest: number;
}

async function opened(folder: string): Promise<{ readonly core: RunningCore; readonly store: Store }> {
  const random = systemRandom();
  const log = (): void => undefined;
  const { pid } = process;
  const store = await openLmdbStore({ path: join(folder, "data"), pid, uid: process.getuid?.() ?? 0, random, log });
  const { core } = compose({
    clock: systemClock,
    random,
    log,
    store,
    storageType: "lmdb",
    declared: [],
    // Passwords without the bcrypt: its work is not what is measured, and would take hours.
    kinds: [lender({ alive: new Set(), tried: [], down: false }), userpassAuth(fakePasswords())],
    defaultLeaseTtl: 32 * DAY,
    maxLeaseTtl: 32 * DAY,
  });
  return { core, store };
}

async function call(core: RunningCore, token: string, operation: Operation, path: string, body = "{}"): Promise<void> {
  await core.handle({
    id: "bench",
    operation,
    path,
    data: parseJsonMap(body),
    token: token === "" ? undefined : new Secret(token),
    wrapTtl: undefined,
    remote: { address: "127.0.0.1", port: 1 },
    headers: new Map(),
  });
}

/** What a store is filled with. */
type What = "leases" | "logins";

/** A new store with so many of them; its keys lie beside it. */
async function fill(folder: string, what: What, count: number): Promise<void> {
  const { core, store } = await opened(folder);
  const made = await core.operator.init(1, 1);
  const keys: Keys = { root: made.rootToken.reveal(), share: made.shares[0]?.toString("hex") ?? "" };
  writeFileSync(join(folder, "keys.json"), JSON.stringify(keys), { mode: 0o600 });
  await core.operator.unseal(new Secret(keys.share));
  await (what === "leases" ? fillLeases(core, keys.root, count) : fillLogins(core, keys.root, count));
  await core.close();
  await store.close();
}

async function fillLeases(core: RunningCore, root: string, count: number): Promise<void> {
  await call(core, root, "update", "sys/mounts/db", '{"type":"lender"}');
  await each(count, (i) =>
    i % 2 === 0
      ? call(core, root, "update", "auth/token/create-orphan", '{"policies":["default"],"ttl":"24h"}')
      : call(core, root, "read", "db/creds/app", '{"ttl":"2h"}'),
  );
}

async function fillLogins(core: RunningCore, root: string, count: number): Promise<void> {
  await call(core, root, "update", "sys/auth/people", '{"type":"userpass"}');
  const people = Math.min(PEOPLE, count);
  const name = (i: number): string => `person-${String(i % people)}`;
  await each(people, (i) =>
    call(core, root, "update", `auth/people/users/${name(i)}`, '{"password":"one","token_ttl":"24h"}'),
  );
  await each(count, (i) => call(core, "", "update", `auth/people/login/${name(i)}`, '{"password":"one"}'));
}

async function each(count: number, work: (i: number) => Promise<void>): Promise<void> {
  for (let done = 0; done < count; done += TOGETHER) {
    await Promise.all(Array.from({ length: Math.min(TOGETHER, count - done) }, (_, i) => work(done + i)));
  }
}

/** @returns bytes of resident memory once everything has been read */
async function memory(folder: string): Promise<number> {
  const { share } = keysOf(folder);
  const { core, store } = await opened(folder);
  await core.operator.unseal(new Secret(share));
  await wait(2 * WATCHED);
  for (let rested = false; !rested; ) {
    const before = process.cpuUsage();
    await wait(1000);
    const { user, system } = process.cpuUsage(before);
    rested = user + system < REST * 1e6;
  }
  const { rss } = process.memoryUsage();
  await core.close();
  await store.close();
  return rss;
}

function keysOf(folder: string): Keys {
  return JSON.parse(readFileSync(join(folder, "keys.json"), "utf8")) as Keys;
}

async function measure(folder: string): Promise<Measured> {
  const { root, share } = keysOf(folder);
  const { core, store } = await opened(folder);
  const begin = performance.now();
  await core.operator.unseal(new Secret(share));
  await call(core, root, "read", "sys/mounts");
  const first = performance.now() - begin;
  let slowest = 0;
  for (let at = performance.now(); at < begin + WATCHED; ) {
    await call(core, root, "read", "sys/mounts");
    await new Promise((resolve) => setImmediate(resolve));
    const now = performance.now();
    slowest = Math.max(slowest, now - at);
    at = now;
  }
  await core.close();
  await store.close();
  return { first, slowest };
}

function inProcess(...args: readonly string[]): string {
  const program = process.argv[1] ?? "";
  const { status, stdout } = spawnSync(process.execPath, [program, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status !== 0) throw new Error(`${args.join(" ")} failed`);
  return stdout;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

interface Subject {
  readonly name: string;
  readonly folder: string;
  readonly runs: Measured[];
}

function filled(what: What, count: number): Subject {
  const folder = mkdtempSync(join(tmpdir(), "oksae-leases-"));
  inProcess("fill", folder, what, String(count));
  return { name: `${String(count)} ${what}`, folder, runs: [] };
}

/** @returns milliseconds to the first reply */
function print({ name, folder, runs }: Subject): number {
  const first = Math.min(...runs.map((run) => run.first));
  const slowest = median(runs.map((run) => run.slowest));
  const rss = Number(inProcess("memory", folder)) / 2 ** 20;
  const cells = [
    `first reply ${first.toFixed(1)} ms`,
    `slowest in 3 s ${slowest.toFixed(1)} ms`,
    `memory ${rss.toFixed(0)} MiB`,
  ];
  process.stdout.write(`${name.padStart(14)}  ${cells.join("  ")}\n`);
  return first;
}

function compare(count: number): boolean {
  const subjects = [filled("leases", 0), filled("leases", count), filled("logins", count)];
  try {
    // By turns, so that what else the machine does falls on all.
    for (let run = 0; run < RUNS; run += 1) {
      for (const { folder, runs } of subjects) runs.push(JSON.parse(inProcess("measure", folder)) as Measured);
    }
    const [none = 0, ...many] = subjects.map(print);
    const ratio = Math.max(...many) / none;
    const good = ratio <= MOST_RATIO;
    const verdict = good ? "good" : "TOO MUCH";
    process.stdout.write(`ratio ${ratio.toFixed(2)}, must be at most ${String(MOST_RATIO)}: ${verdict}\n`);
    return good;
  } finally {
    for (const { folder } of subjects) rmSync(folder, { recursive: true, force: true });
  }
}

const [mode = "100000", folder = "", what = "", size = "0"] = process.argv.slice(2);
if (mode === "fill") await fill(folder, what === "logins" ? "logins" : "leases", Number(size));
else if (mode === "measure") process.stdout.write(JSON.stringify(await measure(folder)));
else if (mode === "memory") process.stdout.write(String(await memory(folder)));
else process.exitCode = compare(Number(mode)) ? 0 : 1;
