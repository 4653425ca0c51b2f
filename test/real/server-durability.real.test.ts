/**
 * No acknowledgement before its commit is on disk, on the real server over HTTP: seen by strace, where the page that
 * holds the written key must be written, synced and made current before the first byte of the reply; then by kill -9.
 */
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "@jest/globals";
import { type Running, surviveKills } from "./durability.ts";
import { House } from "./house.ts";
import { requires } from "./requires.ts";
import { type Syscall, syscallsOf } from "./strace.ts";

let house: House | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

const CALLS = "trace=openat,fdatasync,fsync,msync,pwrite64,pwritev,pwritev2,read,write,writev,sendto,sendmsg";
const SYNC = /^(?:fdatasync|fsync|msync)\(/;
const REPLY = /^(?:write|writev|sendto|sendmsg)\((\d+),.*"HTTP\/1\.1 200/;

interface Write {
  readonly key: string;
  /** The last bytes of the request had come. */
  readonly arrived: number;
  /** The first bytes of the reply were about to leave. */
  readonly replied: number;
}

interface Trace {
  readonly writes: readonly Write[];
  readonly syncs: readonly Syscall[];
  /** Ends of the writes of the meta page, whose descriptor is opened with O_DSYNC. */
  readonly metas: readonly number[];
  readonly pages: readonly Syscall[];
}

/** By descriptor. */
type Asked = Map<string, Pick<Write, "key" | "arrived">>;

function noteRead(asked: Asked, text: string, arrived: number): void {
  const [, from = "", named] = /^read\((\d+), (?:"POST \/v1\/secret\/data\/(w[\w-]+) HTTP)?/.exec(text) ?? [];
  const key = named ?? asked.get(from)?.key;
  if (key !== undefined) asked.set(from, { key, arrived });
}

/** Requests and replies belong together by their descriptor: a connection carries one at a time. */
function readTrace(log: string): Trace {
  const calls = syscallsOf(log);
  const asked: Asked = new Map();
  const writes: Write[] = [];
  const syncs: Syscall[] = [];
  const metas: number[] = [];
  let dsync = "none";
  for (const { text, begin, end } of calls) {
    dsync = /^openat\(.*O_DSYNC.* = (\d+)$/.exec(text)?.[1] ?? dsync;
    if (SYNC.test(text)) syncs.push({ begin, end, text });
    if (text.startsWith(`pwrite64(${dsync},`)) metas.push(end);
    noteRead(asked, text, end);
    const to = REPLY.exec(text)?.[1] ?? "";
    const done = asked.get(to);
    if (done !== undefined) writes.push({ ...done, replied: begin });
    asked.delete(to);
  }
  return { writes, syncs, metas, pages: calls.filter(({ text }) => /^(?:pwrite|writev?\()/.test(text)) };
}

/** After the request came: a page that names the key written, then a sync, then the meta page; all over before the reply. */
function covered({ pages, syncs, metas }: Trace, { key, arrived, replied }: Write): boolean {
  const name = new RegExp(`/${key}(?![\\w-])`);
  const stored = pages.filter(
    ({ text, begin, end }) => begin > arrived && end < replied && !REPLY.test(text) && name.test(text),
  );
  return stored.some((page) =>
    syncs.some(
      (sync) => sync.begin > page.end && sync.end < replied && metas.some((meta) => meta > sync.end && meta < replied),
    ),
  );
}

function uncovered(trace: Trace): readonly Write[] {
  return trace.writes.filter((write) => !covered(trace, write));
}

/** With -D the server is our own child and strace its shadow. */
async function traced(writers: number, each: number): Promise<Trace> {
  house = new House({ under: (log) => ["strace", "-D", "-f", "-s", "70000", "-e", CALLS, "-o", log] });
  const here = house;
  await here.start();
  await here.init();
  await here.must("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } });
  await Promise.all(
    Array.from({ length: writers }, async (_, w) => {
      for (let n = 0; n < each; n += 1) await here.must("POST", `secret/data/w${w}-${n}`, { data: { v: "value" } });
    }),
  );
  await here.kill();
  const log = here.path("strace");
  const end = new RegExp(`^${here.server?.pid} +\\+\\+\\+ killed`, "m");
  await here.until("strace has written everything", 10, () => end.test(readFileSync(log, "utf8")));
  return readTrace(readFileSync(log, "utf8"));
}

requires("strace")(
  "every reply to a KV write follows a completed sync that covers it; one writer with 50 acknowledgements shows at least 50",
  async () => {
    const trace = await traced(1, 50);
    expect(trace.writes.map(({ key }) => key)).toEqual(Array.from({ length: 50 }, (_, n) => `w0-${n}`));
    expect(uncovered(trace)).toEqual([]);
    const first = trace.writes[0]?.arrived ?? 0;
    const syncs = trace.syncs.filter(({ begin }) => begin > first);
    expect(syncs.length).toBeGreaterThanOrEqual(50);
    // The look at the trace would see it: take any one sync out, and a reply has gone out too early.
    for (const sync of syncs) {
      expect(uncovered({ ...trace, syncs: trace.syncs.filter((other) => other !== sync) })).toHaveLength(1);
    }
    process.stdout.write(`1 writer: ${trace.writes.length} acknowledged, ${syncs.length} syncs\n`);
  },
  120_000,
);

requires("strace")(
  "16 writers share syncs, and still no reply leaves before its own",
  async () => {
    const trace = await traced(16, 20);
    expect(trace.writes).toHaveLength(320);
    expect(uncovered(trace)).toEqual([]);
    const first = trace.writes[0]?.arrived ?? 0;
    const syncs = trace.syncs.filter(({ begin }) => begin > first).length;
    expect(syncs).toBeLessThan(320);
    process.stdout.write(`16 writers: ${trace.writes.length} acknowledged, ${syncs} syncs\n`);
  },
  120_000,
);

test("kill -9, 20 times, under 16 writers over HTTP: no acknowledged write is lost", async () => {
  house = new House();
  const here = house;
  await here.start();
  await here.init();
  await here.must("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } });
  await here.kill();
  const looked = await surviveKills({ cycles: 20, writers: 16, atLeast: 300, start: () => reopened(here) });
  expect(looked).toBeGreaterThan(500);
  process.stdout.write(`20 kills: ${looked} acknowledged keys, 0 lost\n`);
}, 600_000);

async function reopened(here: House): Promise<Running> {
  await here.start();
  await here.unseal();
  return {
    write: async (key, v) => {
      await here.must("POST", `secret/data/${key}`, { data: { v } });
    },
    read: async (key) => {
      const reply = await here.request("GET", `secret/data/${key}`);
      return (reply.body["data"] as { data: { v: string } } | undefined)?.data.v;
    },
    kill: () => here.kill(),
  };
}
