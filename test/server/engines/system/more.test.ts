/** What the cases of test/coverage do not show: settings that survive a seal, bounds, meters, version history across releases. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { systemRandom } from "../../../../lib/random.ts";
import { Secret } from "../../../../lib/secret.ts";
import { compose } from "../../../../server/compose.ts";
import { type Settings, settingsStore } from "../../../../server/engines/system/settings.ts";
import { versionHistory } from "../../../../server/engines/system/version-history.ts";
import { withOpenMetrics } from "../../../../server/metrics/metered.ts";
import { memoryStore } from "../../../../server/storage/memory.ts";
import { fakeClock } from "../../../fakes/clock.ts";
import { type TestServer, type TestServerOptions, testServer } from "../../../fakes/server.ts";

const open: TestServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});
async function start(options?: TestServerOptions): Promise<TestServer> {
  const server = await testServer(options);
  open.push(server);
  return server;
}

test("CORS, UI headers and audited headers survive a seal, and are not in force while sealed", async () => {
  const server = await start();
  await server.request("POST", "sys/config/cors", { allowed_origins: "https://ui.example.com" });
  await server.request("POST", "sys/config/ui/headers/X-Own", { values: ["a", "b"] });
  await server.request("POST", "sys/config/auditing/request-headers/X-Trace", { hmac: true });
  const asked = (): Promise<string | null> =>
    fetch(`${server.url}/v1/sys/health`, { headers: { origin: "https://ui.example.com" } }).then((reply) =>
      reply.headers.get("access-control-allow-origin"),
    );
  expect(await asked()).toBe("https://ui.example.com");
  await server.request("POST", "sys/seal");
  expect(await asked()).toBeNull();
  await server.core.operator.unseal(new Secret(server.keys[0] ?? ""));
  expect(await asked()).toBe("https://ui.example.com");
  const shown = async (path: string) => (await server.request("GET", path)).body?.["data"];
  expect(await shown("sys/config/cors")).toMatchObject({ enabled: true, allowed_origins: ["https://ui.example.com"] });
  expect(await shown("sys/config/ui/headers/x-own?multivalue=1")).toEqual({ values: ["a", "b"] });
  expect(await shown("sys/config/auditing/request-headers")).toEqual({ headers: { "x-trace": { hmac: true } } });
});

test("a header that is wanted is in the audit's entries from the next request on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "oksae-headers-"));
  try {
    const server = await start();
    const file = join(folder, "audit.log");
    await server.request("POST", "sys/audit/file", { type: "file", options: { file_path: file } });
    await server.request("POST", "sys/config/auditing/request-headers/X-Trace", {});
    await server.request("POST", "sys/config/auditing/request-headers/X-Hidden", { hmac: true });
    const headers = { "X-Vault-Token": server.rootToken, "X-Trace": "t-1", "X-Hidden": "h-1", "X-Other": "o-1" };
    await fetch(`${server.url}/v1/sys/policy`, { headers });
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    const last = JSON.parse(lines.at(-2) ?? "") as { request: { path: string; headers: Record<string, string[]> } };
    expect(last.request.path).toBe("sys/policy");
    expect(last.request.headers["x-trace"]).toEqual(["t-1"]);
    expect(last.request.headers["x-hidden"]?.[0]).toMatch(/^hmac-sha256:/);
    expect(Object.keys(last.request.headers).sort()).toEqual(["x-hidden", "x-trace"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("headers of each kind have a bound, also when many are set at the same time", async () => {
  const settings: Settings = settingsStore(memoryStore());
  await settings.open();
  const all = Array.from({ length: 101 }, (_, i) => settings.setAuditHeader(`x-${String(i)}`, false));
  const ended = await Promise.allSettled(all);
  expect(ended.filter(({ status }) => status === "rejected")).toHaveLength(1);
  expect(settings.wanted().size).toBe(100);
  await settings.setAuditHeader("x-0", true);
  await settings.setAuditHeader("x-1", undefined);
  await settings.setAuditHeader("x-new", true);
  expect(settings.wanted().get("x-0")).toEqual({ hmac: true });
});

test.each([
  ["config/cors", { allowed_origins: [] }, "at least one origin"],
  ["config/cors", { allowed_origins: "ui.example.com" }, "allowed_origins"],
  ["config/cors", { allowed_origins: "https://a.example/path" }, "allowed_origins"],
  ["config/cors", { allowed_origins: "*", allowed_headers: "X Y" }, "header's name"],
  ["config/cors", { allowed_origins: "*", allow_credentials: true }, "allow_credentials"],
  ["config/ui/headers/X-Vault-Own", { values: "a" }, "X-Vault headers cannot be set"],
  ["config/ui/headers/X-A", { values: Array.from({ length: 17 }, () => "a") }, "from 1 to 16"],
  ["config/ui/headers/X-A", { values: ["a\nb"] }, "printable"],
  ["config/auditing/request-headers/X-Vault-Token", {}, "never shown"],
  ["config/auditing/request-headers/Authorization", {}, "never shown"],
  ["plugins/reload/backend", {}, "plugin or mounts must be provided"],
  ["plugins/reload/backend", { plugin: "moon" }, "no plugin of this name"],
  ["plugins/reload/backend", { plugin: "kv", mounts: ["kv/"] }, "cannot be set at the same time"],
  ["tools/random", { bytes: 0 }, "cannot be less than 1"],
  ["tools/random", { format: "base32" }, "unsupported encoding format"],
  ["tools/random/platform/12x", {}, "byte count"],
  ["tools/hash", { input: "YWJj", format: "base32" }, "unsupported encoding format"],
  ["policies/acl/x", { policy: 'path "a" { capabilities = ["read"] }', ttl: "1h" }, "expiration and ttl"],
  ["policies/acl/x", { policy: "", cas: 1 }, "not supplied or empty"],
  ["policies/acl/x", { policy: 'path "a" {}', cas_required: true }, "check-and-set parameter required"],
])("sys/%s %j is 400", async (path, data, message) => {
  const server = await start();
  const { status, text } = await server.request("POST", `sys/${path}`, data);
  expect([status, text]).toEqual([400, expect.stringContaining(message)]);
});

test.each([
  ["tools/random", {}, "random_bytes", 44],
  ["tools/random/5", { format: "hex" }, "random_bytes", 10],
  ["tools/random", { bytes: 1, format: "hex" }, "random_bytes", 2],
  ["tools/hash", { input: "" }, "sum", 64],
  ["tools/hash", { input: "YWJj", algorithm: "sha2-512", format: "base64" }, "sum", 88],
])("sys/%s %j answers %s of %d characters", async (path, data, member, length) => {
  const server = await start();
  const { body } = await server.request("POST", `sys/${path}`, data);
  expect((body as { data: Record<string, string> }).data[member]).toHaveLength(length);
});

test("check-and-set: of fifty writers with one version exactly one wins", async () => {
  const server = await start();
  await server.request("POST", "sys/policies/acl/raced", { policy: 'path "a" {}', cas: -1 });
  const replies = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      server.request("POST", "sys/policies/acl/raced", { policy: `path "a${String(i)}" {}`, cas: 1 }),
    ),
  );
  expect(replies.filter(({ status }) => status === 204)).toHaveLength(1);
  expect((await server.request("GET", "sys/policies/acl/raced")).body?.["data"]).toMatchObject({ version: 2 });
});

test("metrics for Prometheus: requests, seal, storage, memory; labels are bounded and hold no path", async () => {
  const server = await start();
  await server.request("POST", "sys/mounts/kv", { type: "kv" });
  await server.request("POST", "kv/canary-7741", { a: "1" });
  await server.request("GET", "sys/none-7741");
  const reply = await fetch(`${server.url}/v1/sys/metrics?format=prometheus`, {
    headers: { "X-Vault-Token": server.rootToken },
  });
  const text = await reply.text();
  expect(reply.headers.get("content-type")).toContain("text/plain");
  for (const line of [
    'oksae_requests_total{mount_point="kv/",mount_type="kv",operation="update",status="2xx"} 1',
    'oksae_requests_total{mount_point="sys/",mount_type="system",operation="read",status="4xx"} 1',
    "vault_core_unsealed 1",
    'oksae_storage_operations_total{operation="transact"}',
    "process_resident_memory_bytes ",
    "vault_expire_num_leases ",
    'vault_core_handle_request_count{mount_type="kv",operation="update"} 1',
    'oksae_audit_entries{result="taken"} ',
  ]) {
    expect(text).toContain(line);
  }
  expect(text).not.toContain("7741");
});

test("metrics without a token: where the listener says so, sealed or not; nothing else is open", async () => {
  const store = memoryStore();
  const parts = { clock: fakeClock(0), random: systemRandom(), log: () => undefined, store };
  const { core, metrics } = compose({
    ...parts,
    storageType: "inmem",
    declared: [],
    kinds: [],
    defaultLeaseTtl: 1000,
    maxLeaseTtl: 1000,
  });
  const call = (path: string) => ({
    id: "1",
    operation: "read" as const,
    path,
    data: new Map([["format", "prometheus"]]),
    token: undefined,
    wrapTtl: undefined,
    remote: { address: "127.0.0.1", port: 1 },
    headers: new Map<string, string>(),
  });
  const opened = withOpenMetrics(core, metrics);
  expect((await opened.handle(call("sys/metrics"))).reply?.text?.body).toContain("vault_core_unsealed 0");
  await expect(opened.handle(call("sys/mounts"))).rejects.toMatchObject({ kind: "sealed" });
  await expect(core.handle(call("sys/metrics"))).rejects.toMatchObject({ kind: "sealed" });
  const server = await start();
  expect((await server.request("GET", "sys/metrics", undefined, "")).status).toBe(403);
  await core.close();
  await store.close();
});

test("version history: a release is noted once, the next one with the one before it, at most a hundred", async () => {
  const clock = fakeClock(Date.UTC(2026, 0, 1));
  const store = memoryStore();
  for (let i = 0; i < 102; i += 1) {
    const history = versionHistory(store, clock, `1.0.${String(i)}`);
    await history.open();
    await history.open();
    await clock.advance(1000);
  }
  const all = await versionHistory(store, clock, "x").list();
  expect(all).toHaveLength(100);
  expect(all.at(-1)?.version).toBe("1.0.101");
  expect(all.map(({ time }) => time)).toEqual([...all.map(({ time }) => time)].sort());
});

test("a password policy that nothing can keep is refused when it is written", async () => {
  const server = await start();
  const set = Array.from({ length: 90 }, (_, i) => String.fromCharCode(0x4e00 + i)).join("");
  const policy = `length = 20\nrule "charset" { charset = "a" min-chars = 20 }\nrule "charset" { charset = "${set}" }`;
  const { status, text } = await server.request("POST", "sys/policies/password/hard", { policy });
  expect([status, text]).toEqual([400, expect.stringContaining("are the rules impossible")]);
  expect((await server.request("GET", "sys/policies/password/hard")).status).toBe(404);
});

test("the name of a password policy may hold slashes", async () => {
  const server = await start();
  const policy = 'length = 9\nrule "charset" { charset = "ab" }';
  await server.request("POST", "sys/policies/password/team/one", { policy });
  expect((await server.request("GET", "sys/policies/password?list=true")).body?.["data"]).toEqual({
    keys: ["team/one"],
  });
  const { body } = await server.request("GET", "sys/policies/password/team/one/generate");
  expect(body?.["data"]).toEqual({ password: expect.stringMatching(/^[ab]{9}$/) as unknown });
  expect((await server.request("POST", "sys/policies/password/", { policy })).status).toBe(400);
});
