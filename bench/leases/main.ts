/**
 * Leases and start-up: how long after the unseal the first reply comes, with none and with 100,000 leases (half of
 * tokens, half of secrets) in LMDB, and how long the slowest reply takes while they are read in the background:
 *   node dist/bench-leases.mjs [LEASES]
 * Each measurement is a process of its own on a store that another one has filled; the median of RUNS counts, and what
 * can be compared between machines is the ratio. Fails when it is above `MOST_RATIO`.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../lib/clock.ts";
import { systemRandom } from "../../lib/random.ts";
import { Secret } from "../../lib/secret.ts";
import { parseJsonMap } from "../../lib/wire/json.ts";
import { compose } from "../../server/compose.ts";
import type { Operation } from "../../server/contract/call.ts";
import type { Store } from "../../server/contract/storage.ts";
import type { RunningCore } from "../../server/core/core.ts";
import { openLmdbStore } from "../../server/storage/lmdb.ts";
import { lender } from "../../test/fakes/lender.ts";

const RUNS = 9;
const TOGETHER = 256;
/** Milliseconds of requests after the unseal. */
const WATCHED = 3000;
const MOST_RATIO = 1.5;
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
    kinds: [lender({ alive: new Set(), tried: [], down: false })],
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
    token: new Secret(token),
    wrapTtl: undefined,
    remote: { address: "127.0.0.1", port: 1 },
    headers: new Map(),
  });
}

/** A new store with so many leases; its keys lie beside it. */
async function fill(folder: string, leases: number): Promise<void> {
  const { core, store } = await opened(folder);
  const made = await core.operator.init(1, 1);
  const keys: Keys = { root: made.rootToken.reveal(), share: made.shares[0]?.toString("hex") ?? "" };
  writeFileSync(join(folder, "keys.json"), JSON.stringify(keys), { mode: 0o600 });
  await core.operator.unseal(new Secret(keys.share));
  await call(core, keys.root, "update", "sys/mounts/db", '{"type":"lender"}');
  for (let done = 0; done < leases; done += TOGETHER) {
    const size = Math.min(TOGETHER, leases - done);
    await Promise.all(
      Array.from({ length: size }, (_, i) =>
        i % 2 === 0
          ? call(core, keys.root, "update", "auth/token/create-orphan", '{"policies":["default"],"ttl":"24h"}')
          : call(core, keys.root, "read", "db/creds/app", '{"ttl":"2h"}'),
      ),
    );
  }
  await core.close();
  await store.close();
}

async function measure(folder: string): Promise<Measured> {
  const { root, share } = JSON.parse(readFileSync(join(folder, "keys.json"), "utf8")) as Keys;
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
  readonly leases: number;
  readonly folder: string;
  readonly runs: Measured[];
}

function filled(leases: number): Subject {
  const folder = mkdtempSync(join(tmpdir(), "oksae-leases-"));
  inProcess("fill", folder, String(leases));
  return { leases, folder, runs: [] };
}

/** @returns milliseconds to the first reply */
function print({ leases, runs }: Subject): number {
  const first = median(runs.map((run) => run.first));
  const slowest = median(runs.map((run) => run.slowest));
  const cells = [`first reply ${first.toFixed(1)} ms`, `slowest in 3 s ${slowest.toFixed(1)} ms`];
  process.stdout.write(`${String(leases).padStart(7)} leases  ${cells.join("  ")}\n`);
  return first;
}

function compare(leases: number): boolean {
  const subjects = [filled(0), filled(leases)];
  try {
    // By turns, so that what else the machine does falls on both.
    for (let run = 0; run < RUNS; run += 1) {
      for (const { folder, runs } of subjects) runs.push(JSON.parse(inProcess("measure", folder)) as Measured);
    }
    const [none = 0, many = 0] = subjects.map(print);
    const ratio = many / none;
    const good = ratio <= MOST_RATIO;
    const verdict = good ? "good" : "TOO MUCH";
    process.stdout.write(`ratio ${ratio.toFixed(2)}, must be at most ${String(MOST_RATIO)}: ${verdict}\n`);
    return good;
  } finally {
    for (const { folder } of subjects) rmSync(folder, { recursive: true, force: true });
  }
}

const [mode = "100000", folder = "", size = "0"] = process.argv.slice(2);
if (mode === "fill") await fill(folder, Number(size));
else if (mode === "measure") process.stdout.write(JSON.stringify(await measure(folder)));
else process.exitCode = compare(Number(mode)) ? 0 : 1;
