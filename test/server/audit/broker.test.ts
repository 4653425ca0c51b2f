/** The broker: devices in storage and configuration, failing closed, salts, options. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { systemClock } from "../../../lib/clock.ts";
import { systemRandom } from "../../../lib/random.ts";
import { type AuditBroker, type AuditParts, auditBroker } from "../../../server/audit/broker.ts";
import { deviceOptions, devicePath } from "../../../server/audit/options.ts";
import type { AuditDeviceInfo } from "../../../server/contract/audit.ts";
import type { Store } from "../../../server/contract/storage.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { call, record, response, TOKEN } from "./records.ts";

let folder = "";
let storage: Store;
let logged: string[] = [];
let brokers: AuditBroker[] = [];

const device = (name = "file", options: Record<string, string> = {}): AuditDeviceInfo => ({
  path: `${name}/`,
  type: "file",
  description: "",
  options: new Map(Object.entries({ file_path: join(folder, `${name}.log`), ...options })),
});
const broker = (change: Partial<AuditParts> = {}): AuditBroker => {
  const made = auditBroker({
    storage,
    clock: systemClock,
    random: systemRandom(),
    log: (_, message) => logged.push(message),
    ...change,
  });
  brokers.push(made);
  return made;
};
const lines = async (name = "file"): Promise<Record<string, unknown>[]> => {
  const text = await readFile(join(folder, `${name}.log`), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "oksae-broker-"));
  storage = memoryStore();
  logged = [];
  brokers = [];
});

afterEach(async () => {
  for (const made of brokers) await made.close();
  await rm(folder, { recursive: true, force: true });
});

test("a device takes a first entry, then every request and response in order", async () => {
  const audit = broker();
  await audit.open();
  await audit.enable(device());
  const asked = Array.from({ length: 50 }, (_, i) => record({ call: call({ id: `id-${i}` }) }));
  await Promise.all(asked.map((one) => audit.request(one)));
  await audit.response(response({ data: { a: "b" } }));
  const written = await lines();
  expect(written[0]).toMatchObject({ type: "request", request: { path: "sys/audit/test" } });
  expect(written.slice(1, 51).map((entry) => (entry["request"] as { id: string }).id)).toEqual(
    asked.map((a) => a.call.id),
  );
  expect(written[51]).toMatchObject({ type: "response" });
  expect(audit.counters()).toMatchObject({ taken: 51, refused: 0 });
});

test("without devices requests are served, with a warning at the start", async () => {
  const audit = broker();
  await audit.open();
  await audit.request(record());
  expect(logged).toEqual(["no audit device is enabled: requests are served without a trace"]);
});

test("before open and after close nothing goes by unseen", async () => {
  const audit = broker();
  await expect(audit.request(record())).rejects.toMatchObject({ kind: "sealed" });
  await audit.open();
  await audit.enable(device());
  await audit.close();
  await expect(audit.response(response(undefined))).rejects.toMatchObject({ kind: "sealed" });
});

test("devices and salts outlive a restart", async () => {
  const before = broker();
  await before.open();
  await before.enable(device());
  const hash = await before.hash("file/", TOKEN);
  await before.close();
  const after = broker();
  await after.open();
  expect(after.list()).toEqual([device()]);
  expect(await after.hash("file", TOKEN)).toBe(hash);
  await after.request(record());
  expect((await lines()).at(-1)).toMatchObject({ request: { client_token: hash } });
});

test("each device has its own salt; a new one after it was disabled", async () => {
  const audit = broker();
  await audit.open();
  await audit.enable(device("a"));
  await audit.enable(device("b"));
  const first = await audit.hash("a/", "x");
  expect(first).toMatch(/^hmac-sha256:[0-9a-f]{64}$/);
  expect(await audit.hash("b/", "x")).not.toBe(first);
  await audit.disable("a/");
  await audit.disable("a/");
  expect(audit.list().map((info) => info.path)).toEqual(["b/"]);
  await expect(audit.hash("a/", "x")).rejects.toMatchObject({ kind: "invalid" });
  await audit.enable(device("a"));
  expect(await audit.hash("a/", "x")).not.toBe(first);
});

test("when no device takes it the request is refused; when one of two does, it is served", async () => {
  const audit = broker();
  await audit.open();
  await audit.enable(device("a"));
  await audit
    .enable({ ...device("b"), options: new Map([["file_path", join(folder, "sub", "b.log")]]) })
    .catch(() => undefined);
  expect(audit.list()).toHaveLength(1);
  const gone = `${folder}-gone`;
  await rm(folder, { recursive: true });
  await expect(audit.request(record())).rejects.toMatchObject({ kind: "internal" });
  expect(audit.counters()).toMatchObject({ refused: 1, failures: new Map([["a/", 1]]) });
  expect(logged).toContain("audit device does not take entries");
  folder = await mkdtemp(gone);
  await audit.enable(device("b"));
  await audit.request(record());
  expect((await lines("b")).at(-1)).toMatchObject({ type: "request", request: { path: "secret/data/app/db" } });
});

test("a stored device that does not open is named, stays listed and fails closed", async () => {
  const before = broker();
  await before.open();
  await before.enable(device());
  await before.close();
  await rm(folder, { recursive: true });
  const after = broker();
  await after.open();
  expect(logged).toContain("audit device does not take entries");
  expect(after.list()).toHaveLength(1);
  await expect(after.request(record())).rejects.toMatchObject({ kind: "internal" });
});

test("a device that does not take its first entry is not kept", async () => {
  const audit = broker();
  await audit.open();
  const bad = { ...device(), options: new Map([["file_path", join(folder, "none", "x.log")]]) };
  await expect(audit.enable(bad)).rejects.toMatchObject({
    kind: "invalid",
    message: expect.stringContaining("ENOENT"),
  });
  expect(audit.list()).toEqual([]);
  await audit.request(record());
});

test("a path or file that is taken is refused", async () => {
  const audit = broker();
  await audit.open();
  await audit.enable(device("a"));
  await expect(audit.enable(device("a", { file_path: join(folder, "z.log") }))).rejects.toThrow("path already in use");
  await expect(audit.enable(device("b", { file_path: join(folder, "a.log") }))).rejects.toThrow("file_path is taken");
});

test("a declared device is opened with the rest, keeps its salt, and is not disabled by the API", async () => {
  const first = broker({ declared: [device("boot")] });
  await first.open();
  await first.request(record());
  const hash = await first.hash("boot/", "x");
  await expect(first.disable("boot/")).rejects.toMatchObject({ kind: "invalid" });
  await first.enable(device("api"));
  await first.close();
  const second = broker({ declared: [device("boot")] });
  await second.open();
  expect(second.list().map((info) => info.path)).toEqual(["boot/", "api/"]);
  expect(await second.hash("boot/", "x")).toBe(hash);
  await second.close();
  const third = broker();
  await third.open();
  expect(third.list().map((info) => info.path)).toEqual(["api/"]);
});

test("what is declared wrong is refused before anything is opened", () => {
  expect(() => broker({ declared: [device("x", { log_raw: "true" })] })).toThrow("log_raw is not supported");
});

test("reopen follows a rotation", async () => {
  const audit = broker();
  await audit.open();
  await audit.enable(device());
  await rm(join(folder, "file.log"));
  await audit.reopen();
  await audit.request(record());
  expect(await lines()).toHaveLength(1);
});

describe("options", () => {
  test.each<[Record<string, string>, object]>([
    [{}, { mode: 0o600, hmacAccessor: true, elideLists: false }],
    [{ mode: "0640", format: "json", log_raw: "false", prefix: "" }, { mode: 0o640 }],
    [{ mode: "0000" }, { mode: undefined }],
    [
      { hmac_accessor: "false", elide_list_responses: "true" },
      { hmacAccessor: false, elideLists: true },
    ],
    [{ file_path: "stdout" }, { file: undefined }],
    [{ file_path: "/var/log/../log/a" }, { file: "/var/log/a" }],
  ])("%j", (options, wanted) => {
    expect(deviceOptions(device("f", options))).toMatchObject(wanted);
  });

  test.each<[Record<string, string>, string]>([
    [{ log_raw: "true" }, "log_raw is not supported"],
    [{ prefix: "#!/bin/sh" }, "prefix is not supported"],
    [{ format: "jsonx" }, "format must be"],
    [{ file_path: "discard" }, "would keep no audit"],
    [{ file_path: "" }, "file_path is required"],
    [{ file_path: "a.log" }, "absolute"],
    [{ file_path: "/var/log/" }, "absolute"],
    [{ mode: "0700" }, "nobody execute"],
    [{ mode: "0611" }, "nobody execute"],
    [{ mode: "0622" }, "others not write"],
    [{ mode: "4600" }, "nobody execute"],
    [{ mode: "0400" }, "owner read and write"],
    [{ mode: "rw" }, "octal"],
    [{ hmac_accessor: "maybe" }, "true or false"],
    [{ filepath: "/x" }, 'unknown option "filepath"'],
  ])("%j is refused", (options, says) => {
    expect(() => deviceOptions(device("f", options))).toThrow(expect.objectContaining({ kind: "invalid" }));
    expect(() => deviceOptions(device("f", options))).toThrow(says);
  });

  test("only files", () => {
    expect(() => deviceOptions({ ...device(), type: "syslog" })).toThrow('unknown audit device type "syslog"');
  });

  test.each([
    ["file", "file/"],
    ["/a/b/", "a/b/"],
  ])("path %s is %s", (text, path) => {
    expect(devicePath(text)).toBe(path);
  });

  test.each(["", "/", "a b", "a//b", "a\u0000", "x".repeat(201)])("path %j is refused", (text) => {
    expect(() => devicePath(text)).toThrow(expect.objectContaining({ kind: "invalid" }));
  });
});
