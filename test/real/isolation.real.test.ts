/**
 * One item in trouble costs the other seven nothing, with the real programs: eight items, ten cycles, real trouble (a
 * policy that refuses, a server's 500, a broken template, a full disk, a missing user, a command that hangs). The server's
 * audit file counts the requests; files' times and the commands' own notes tell the rest. All agents run at once, beside
 * a control agent without trouble; each one polls every four seconds, which is time enough on a busy machine to see one poll's work before the next.
 */
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect } from "@jest/globals";
import { House, type Program } from "./house.ts";
import { requires } from "./requires.ts";

const ITEMS = [0, 1, 2, 3, 4, 5, 6, 7];
const TROUBLED = 3;
const OTHERS = ITEMS.filter((n) => n !== TROUBLED);
const CYCLES = 10;
/** Seconds. */
const INTERVAL = 4;
/** Odd items change at every second cycle, even ones at every third, so that there is work in between. */
const stride = (n: number): number => (n % 2 === 0 ? 3 : 2);

interface Trouble {
  readonly name: string;
  /** What the troubled item's line in the agent's status must say. */
  readonly says?: RegExp;
  /** More keys of the troubled item. */
  readonly more?: string;
  readonly command?: (note: string) => string;
  /** Whether it is in trouble from the start, so that it is never in place. */
  readonly always?: boolean;
  readonly begin?: (run: Run) => Promise<void> | void;
  /** Of the troubled item's secret. */
  readonly key?: string;
  readonly through?: "proxy";
}

const TROUBLES: readonly Trouble[] = [
  { name: "control" },
  { name: "403", says: /403|permission denied/, begin: ({ name }) => allow(name, OTHERS) },
  { name: "500", says: /500|broken/, through: "proxy" },
  { name: "template", says: /value/, key: "other" },
  { name: "disk", says: /no space is left/, begin: fillDisk },
  { name: "user", says: /no user "nobody-has-this-name"/, more: 'user = "nobody-has-this-name"', always: true },
  { name: "hang", command: (note) => `echo x >> ${note}; exec sleep 3600`, always: true },
];

let house: House;
let broken = false;
let proxyPort = 0;
const proxy = createServer((incoming, outgoing) => {
  if (broken && incoming.url?.endsWith(`app${String(TROUBLED)}`) === true) {
    outgoing.writeHead(500, { "content-type": "application/json" }).end('{"errors":["broken"]}');
    return;
  }
  const { method, url, headers } = incoming;
  const onward = request(`${house.address}${url ?? ""}`, { method, headers }, (reply) => {
    outgoing.writeHead(reply.statusCode ?? 0, reply.headers);
    reply.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  incoming.pipe(onward);
});

interface Run {
  readonly name: string;
  readonly trouble: Trouble;
  readonly agent: Program;
}

interface Record {
  /** By cycle: whether the file's time changed. */
  readonly changes: readonly boolean[];
  readonly requests: number;
  readonly commands: number;
}

async function allow(name: string, items: readonly number[]): Promise<void> {
  const rules = items.map((n) => `path "secret/data/${name}/app${String(n)}" { capabilities = ["read"] }`);
  await house.must("PUT", `sys/policies/acl/${name}`, { policy: rules.join("\n") });
}

function fillDisk({ name }: Run): void {
  const handle = openSync(house.path(name, "disk", "filler"), "w");
  try {
    for (;;) writeSync(handle, Buffer.alloc(4096));
  } catch (error) {
    expect(error).toMatchObject({ code: "ENOSPC" });
  } finally {
    closeSync(handle);
  }
}

const fileOf = (name: string, n: number): string =>
  n === TROUBLED ? house.path(name, "disk", "file3") : house.path(name, `file${String(n)}`);
const noteOf = (name: string, n: number): string => house.path(name, `ran${String(n)}`);
const linesOf = (path: string): string[] => (existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : []);
const mtimeOf = (path: string): bigint | undefined => statSync(path, { bigint: true, throwIfNoEntry: false })?.mtimeNs;

function configOf({ name, more = "", command, through }: Trouble): string {
  const items = ITEMS.map((n) => {
    const usual = (note: string): string => `echo x >> ${note}`;
    const shell = (n === TROUBLED ? (command ?? usual) : usual)(noteOf(name, n));
    return `template {
      contents = "{{ with secret \\"secret/${name}/app${String(n)}\\" }}{{ .Data.data.value }}{{ end }}"
      destination = "${fileOf(name, n)}"
      command = ["/bin/sh", "-c", "${shell}"]
      command_timeout = "1h"
      ${n === TROUBLED ? more : ""}
    }`;
  });
  return `vault { address = "${through === "proxy" ? `http://127.0.0.1:${String(proxyPort)}` : house.address}" }
    auto_auth { method "token_file" { config { token_file_path = "${house.path(name, "token")}" } } }
    template_config { static_secret_render_interval = "${String(INTERVAL)}s" }
    status_file = "${house.path(name, "status.json")}"
    ${items.join("\n")}`;
}

async function set({ name, key = "value" }: Trouble, cycle: number): Promise<void> {
  const due = ITEMS.filter((n) => cycle % stride(n) === 0);
  await Promise.all(
    due.map((n) => {
      const field = n === TROUBLED && cycle > 0 ? key : "value";
      return house.must("POST", `secret/data/${name}/app${String(n)}`, { data: { [field]: `v${String(cycle)}` } });
    }),
  );
}

/** Reads of each item's secret that the server answered, as its audit file has them. */
function requestsOf(name: string): number[] {
  const counts = ITEMS.map(() => 0);
  for (const line of linesOf(house.path("audit.log"))) {
    const found = new RegExp(`"path":"secret/data/${name}/app(\\d)"`).exec(line)?.[1];
    if (found === undefined || !line.includes('"type":"response"') || !line.includes('"operation":"read"')) continue;
    counts[Number(found)] = (counts[Number(found)] ?? 0) + 1;
  }
  return counts;
}

async function begin(trouble: Trouble): Promise<Run> {
  const { name, always = false } = trouble;
  mkdirSync(house.path(name, "disk"), { recursive: true, mode: 0o700 });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", house.path(name, "disk")]);
  await allow(name, ITEMS);
  const auth = (await house.must("POST", "auth/token/create", { policies: [name] }))["auth"] as {
    client_token: string;
  };
  writeFileSync(house.path(name, "token"), auth.client_token, { mode: 0o600 });
  writeFileSync(house.path(name, "agent.hcl"), configOf(trouble), { mode: 0o600 });
  await set(trouble, 0);
  const agent = house.spawn(`agent-${name}`, ["agent", "-config", house.path(name, "agent.hcl")]);
  const watched = always ? OTHERS : ITEMS;
  await house.until(`${name}: all in place`, 30, () => watched.every((n) => linesOf(noteOf(name, n)).length === 1));
  const run = { name, trouble, agent };
  await trouble.begin?.(run);
  return run;
}

async function record({ name, trouble, agent }: Run): Promise<readonly Record[]> {
  const changes = ITEMS.map((): boolean[] => []);
  for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
    const before = ITEMS.map((n) => mtimeOf(fileOf(name, n)));
    await set(trouble, cycle);
    await house.until(`${name}: cycle ${String(cycle)}`, 30, () => {
      const counts = requestsOf(name);
      const done = (n: number): boolean => linesOf(noteOf(name, n)).length === 1 + Math.floor(cycle / stride(n));
      return OTHERS.every((n) => (counts[n] ?? 0) > cycle && done(n));
    });
    for (const n of ITEMS) changes[n]?.push(before[n] !== mtimeOf(fileOf(name, n)));
  }
  // What one poll too many would have asked for is in the audit file now, and the next poll is far.
  await wait(300);
  const counts = requestsOf(name);
  const status = JSON.parse(readFileSync(house.path(name, "status.json"), "utf8")) as {
    items: { name: string; problem: string }[];
  };
  const problem = status.items.find((item) => item.name === fileOf(name, TROUBLED))?.problem ?? "none";
  if (trouble.says !== undefined) expect(problem).toMatch(trouble.says);
  await agent.kill("SIGTERM");
  return ITEMS.map((n) => ({
    changes: changes[n] ?? [],
    requests: counts[n] ?? 0,
    commands: linesOf(noteOf(name, n)).length,
  }));
}

const test = requires("root", "mount", "umount", "sleep");
const isComplete = process.getuid?.() === 0;

beforeAll(async () => {
  if (!isComplete) return;
  house = new House();
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  proxyPort = (proxy.address() as AddressInfo).port;
  await house.start();
  await house.init();
  await house.must("PUT", "sys/audit/file", { type: "file", options: { file_path: house.path("audit.log") } });
  await house.must("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } });
});

afterAll(async () => {
  if (!isComplete) return;
  for (const { name } of TROUBLES) {
    if (existsSync(house.path(name, "disk"))) execFileSync("umount", ["-l", house.path(name, "disk")]);
  }
  proxy.closeAllConnections();
  proxy.close();
  await house.close();
});

test("each kind of trouble leaves the other seven as the control run has them: times, requests, commands", async () => {
  const runs: Run[] = [];
  for (const trouble of TROUBLES) runs.push(await begin(trouble));
  broken = true;
  const [control, ...troubled] = await Promise.all(runs.map(record));
  const commands = (n: number): number => 1 + Math.floor(CYCLES / stride(n));
  for (const n of ITEMS) {
    expect(control?.[n]).toMatchObject({ requests: CYCLES + 1, commands: commands(n) });
    expect(control?.[n]?.changes).toEqual(Array.from({ length: CYCLES }, (_, i) => (i + 1) % stride(n) === 0));
  }
  for (const [i, found] of troubled.entries()) {
    const name = TROUBLES[i + 1]?.name;
    for (const n of OTHERS) expect({ name, n, ...found[n] }).toEqual({ name, n, ...control?.[n] });
    expect(found[TROUBLED]?.commands).toBeLessThanOrEqual(1);
  }
});
