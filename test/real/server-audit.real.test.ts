/**
 * The audit of the real server on files that fail, while 16 clients read a secret over HTTP: a full disk, no permission,
 * a removed file, a FIFO nobody reads, a storm of rotations. No reply with data goes out that has no request and no
 * response entry, and sys/health goes on answering.
 */
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { afterEach, expect } from "@jest/globals";
import { isJson, LEAST_SERVED, type Outcome, pause, readAll, type Subject, textOf, underLoad } from "./audit-load.ts";
import { House, type HouseOptions } from "./house.ts";
import { requires } from "./requires.ts";

const NOBODY = 65_534;
/** Milliseconds: what the load balancer in front of it waits. */
const HEALTH_WITHIN = 1000;
let house: House;
const cleanups: (() => void)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0)) clean();
  await house.close();
});

/** With a secret at secret/data/x, a reader's token, and a folder "log" for the audit. */
async function open(options: HouseOptions = {}, prepare: () => void = () => undefined): Promise<Subject> {
  house = new House(options);
  mkdirSync(house.path("log"), { mode: 0o700 });
  prepare();
  await house.start();
  await house.init();
  await house.must("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } });
  await house.must("POST", "secret/data/x", { data: { password: "value" } });
  await house.must("POST", "sys/policies/acl/read", { policy: 'path "secret/data/*" { capabilities = ["read"] }' });
  const made = await house.must("POST", "auth/token/create", { policies: ["read"] });
  const { client_token: token } = made["auth"] as { client_token: string };
  const here = house;
  return {
    serve: async () => {
      const reply = await here.request("GET", "secret/data/x", undefined, token);
      if (reply.status === 200) return reply.body["request_id"] as string;
      expect(reply.text).not.toContain("value");
      expect(reply.status).toBe(500);
      return undefined;
    },
    health: async () => {
      expect(await here.health()).toBe(200);
    },
  };
}

const log = (): string => house.path("log", "audit.log");
const enable = () => house.must("PUT", "sys/audit/file", { type: "file", options: { file_path: log() } });
const hangUp = (): void => {
  house.server?.child.kill("SIGHUP");
};
const reopened = async (): Promise<void> => {
  const before = house.logOf("server").split("reloaded").length;
  hangUp();
  await house.until("the server has reloaded", 10, () => house.logOf("server").split("reloaded").length > before);
};

/** Ids in the given texts, by type of entry. Every whole line must be JSON. */
function idsOf(texts: readonly string[]): { readonly request: Set<string>; readonly response: Set<string> } {
  const ids = { request: new Set<string>(), response: new Set<string>() };
  for (const line of texts.join("").split("\n")) {
    if (line === "") continue;
    const { type, request } = JSON.parse(line) as { type: "request" | "response"; request: { id: string } };
    ids[type].add(request.id);
  }
  return ids;
}

function expectAllAudited(name: string, { served, refused, slowestHealth }: Outcome, texts: readonly string[]): void {
  const { request, response } = idsOf(texts);
  expect(served.size).toBeGreaterThan(LEAST_SERVED);
  expect([...served].filter((id) => !request.has(id) || !response.has(id))).toEqual([]);
  expect(slowestHealth).toBeLessThan(HEALTH_WITHIN);
  process.stdout.write(
    `${name}: ${served.size} replies with data, all audited; ${refused} refused; slowest health ${slowestHealth.toFixed(0)} ms\n`,
  );
}

/** How many were served while nothing could be written. */
async function servedIn(ms: number): Promise<number> {
  const count = async (): Promise<number> => {
    const { status, body } = await house.request("GET", "sys/health", undefined, "");
    expect([status, body["sealed"]]).toEqual([200, false]);
    return served();
  };
  const before = await count();
  await pause(ms);
  return (await count()) - before;
}

/** Of the load that is running. */
let served: () => number = () => 0;
function counting(subject: Subject): Subject {
  let n = 0;
  served = () => n;
  return {
    ...subject,
    serve: async () => {
      const id = await subject.serve();
      if (id !== undefined) n += 1;
      return id;
    },
  };
}

requires("root", "mount")(
  "a full disk: refused while it is full, the file parses, served again after",
  async () => {
    const subject = counting(
      await open({}, () => {
        const folder = house.path("log");
        // Far more than the load writes before the filler comes: else the log fills the disk and no unlink frees any of it.
        execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", folder]);
        cleanups.push(() => execFileSync("umount", ["-l", folder]));
      }),
    );
    await enable();
    const filler = house.path("log", "filler");
    const outcome = await underLoad(subject, async () => {
      await pause(300);
      fill(filler);
      await house.until("the disk is full", 10, async () => (await subject.serve()) === undefined);
      await pause(200);
      expect(await servedIn(1500)).toBe(0);
      unlinkSync(filler);
      await house.until("served again", 10, async () => (await subject.serve()) !== undefined);
      await pause(200);
    });
    const text = textOf(log());
    expect(outcome.refused).toBeGreaterThan(16);
    expect(text.endsWith("\n")).toBe(true);
    expectAllAudited("full disk", outcome, [text]);
  },
  60_000,
);

requires("root", "setpriv")(
  "no permission: refused after the folder was closed, served again when it is open",
  async () => {
    // Root without the right to pass over modes, as a server of its own user is.
    const caps = "-dac_override,-dac_read_search";
    const subject = counting(await open({ under: () => ["setpriv", `--bounding-set=${caps}`, `--inh-caps=${caps}`] }));
    await enable();
    const moved = house.path("log", "moved.log");
    const outcome = await underLoad(subject, async () => {
      await pause(300);
      renameSync(log(), moved);
      execFileSync("chown", [`${NOBODY}:${NOBODY}`, house.path("log")]);
      await reopened();
      await house.until("refused", 10, async () => (await subject.serve()) === undefined);
      expect(await servedIn(1500)).toBe(0);
      execFileSync("chown", ["0:0", house.path("log")]);
      await house.until("served again", 10, async () => (await subject.serve()) !== undefined);
      await pause(300);
    });
    expect(outcome.refused).toBeGreaterThan(16);
    expect(house.logOf("server")).toContain("EACCES");
    expectAllAudited("no permission", outcome, [moved, log()].map(textOf));
  },
  60_000,
);

requires()(
  "a file removed again and again: made anew, and every reply is in what was removed or in what is there",
  async () => {
    const subject = await open();
    await enable();
    const texts: string[] = [];
    const outcome = await underLoad(subject, async () => {
      for (let round = 0; round < 20; round += 1) {
        await pause(50);
        // A descriptor of our own keeps what the removed file held readable.
        const held = openSync(log(), constants.O_RDONLY);
        unlinkSync(log());
        await house.until("the file is there again", 5, () => exists(log()));
        await pause(50);
        texts.push(readAll(held));
        closeSync(held);
      }
    });
    expect(outcome.refused).toBe(0);
    expectAllAudited("removed 20 times", outcome, [...texts, textOf(log())]);
  },
  60_000,
);

requires("mkfifo")(
  "a FIFO: refused once its reader stops reading, and without any reader; health goes on",
  async () => {
    const subject = counting(await open());
    execFileSync("mkfifo", ["-m", "600", log()]);
    expect((await house.request("PUT", "sys/audit/file", { type: "file", options: { file_path: log() } })).status).toBe(
      400,
    );
    const reader = openSync(log(), constants.O_RDONLY | constants.O_NONBLOCK);
    let text = "";
    const reading = setInterval(() => {
      text += readAll(reader);
    }, 5);
    await enable();
    const outcome = await underLoad(subject, async () => {
      await pause(400);
      clearInterval(reading);
      await house.until("refused", 10, async () => (await subject.serve()) === undefined);
      expect(await servedIn(3000)).toBe(0);
      text += readAll(reader);
      closeSync(reader);
      await pause(300);
      expect(await servedIn(1500)).toBe(0);
    });
    expect(outcome.refused).toBeGreaterThan(16);
    // A pipe can't take back what it has: the line that did not fit is torn, every one that was acknowledged is whole.
    expectAllAudited("FIFO nobody reads", outcome, [`${text.split("\n").filter(isJson).join("\n")}\n`]);
  },
  60_000,
);

requires("mkfifo")(
  "a FIFO nobody reads, declared in the configuration: the server starts and unseals, refuses data, serves once it is read",
  async () => {
    house = new House();
    mkdirSync(house.path("log"), { mode: 0o700 });
    await house.start();
    await house.init();
    await house.kill();
    execFileSync("mkfifo", ["-m", "600", log()]);
    house.configure(`audit "file" {\n  options = { file_path = "${log()}" }\n}\n`);
    await house.start();
    await house.unseal();
    const subject: Subject = {
      serve: async () => {
        const { status, body } = await house.request("GET", "auth/token/lookup-self");
        return status === 200 ? (body["request_id"] as string) : undefined;
      },
      health: async () => {
        expect(await house.health()).toBe(200);
      },
    };
    const dark = await underLoad(subject, () => pause(3000));
    expect([dark.served.size, dark.refused > 16, dark.slowestHealth < HEALTH_WITHIN]).toEqual([0, true, true]);
    const reader = openSync(log(), constants.O_RDONLY | constants.O_NONBLOCK);
    let text = "";
    const reading = setInterval(() => {
      text += readAll(reader);
    }, 5);
    await house.until("served", 10, async () => (await subject.serve()) !== undefined);
    const outcome = await underLoad(subject, () => pause(300));
    await pause(50);
    clearInterval(reading);
    text += readAll(reader);
    closeSync(reader);
    expect(outcome.refused).toBe(0);
    expectAllAudited(`declared FIFO (${dark.refused} refused while nobody read)`, outcome, [text]);
  },
  60_000,
);

requires()(
  "40 rotations by rename and SIGHUP under load: no entry is lost, none is torn, nothing is refused",
  async () => {
    const subject = await open();
    await enable();
    const files: string[] = [];
    const outcome = await underLoad(subject, async () => {
      for (let round = 0; round < 40; round += 1) {
        await pause(20);
        const rotated = `${log()}.${round}`;
        renameSync(log(), rotated);
        files.push(rotated);
        await reopened();
        expect(exists(log())).toBe(true);
      }
    });
    const texts = [...files, log()].map(textOf);
    expect(outcome.refused).toBe(0);
    expect(texts.filter((text) => text !== "" && !text.endsWith("\n"))).toEqual([]);
    expect(texts.filter((text) => text !== "").length).toBeGreaterThan(20);
    expectAllAudited("40 rotations", outcome, texts);
  },
  60_000,
);

function fill(path: string): void {
  try {
    for (;;) writeFileSync(path, Buffer.alloc(4096), { flag: "a" });
  } catch {
    // Full now.
  }
}

function exists(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY));
    return true;
  } catch {
    return false;
  }
}
