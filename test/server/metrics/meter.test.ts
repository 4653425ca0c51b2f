/** Meters: a bound on what is told apart, parts that cannot answer are left out, the JSON's shape. */
import { expect, test } from "@jest/globals";
import { boundedNames, MOST_MOUNTS, meter, type Sources } from "../../../server/metrics/meter.ts";

const sources: Sources = {
  unsealed: () => Promise.resolve(true),
  tokens: () => Promise.resolve(new Map([["auth/token/", 3]])),
  leases: () =>
    Promise.resolve(
      new Map([
        ["db/", 2],
        ["aws/", 5],
      ]),
    ),
  audit: () => ({ taken: 7, refused: 1, failures: new Map([["file/", 4]]) }),
  process: () => ({ rss: 1, heapUsed: 2, cpuSeconds: 3, uptime: 4 }),
};
const served = (mount: string, status = 200, took = 5) => ({
  mount,
  type: "kv",
  operation: "read" as const,
  status,
  took,
});

test("the first mounts are told apart, the rest are other", async () => {
  const counted = meter(sources, () => 0);
  for (let i = 0; i < MOST_MOUNTS + 50; i += 1) counted.served(served(`m${String(i)}/`));
  const { body } = await counted.text();
  expect(body).toContain('mount_point="other",mount_type="kv",operation="read",status="2xx"} 50');
  expect(body.match(/^oksae_requests_total\{/gm)).toHaveLength(MOST_MOUNTS + 1);
});

test("both sides of the bound", () => {
  const named = boundedNames(2);
  expect(["a", "b", "a", "c", "b"].map(named)).toEqual(["a", "b", "a", "other", "b"]);
});

test("what others tell is asked at each scrape", async () => {
  let sealed = false;
  const counted = meter({ ...sources, unsealed: () => Promise.resolve(!sealed) }, () => 0);
  expect((await counted.text()).body).toContain("vault_core_unsealed 1");
  sealed = true;
  const { body } = await counted.text();
  expect(body).toContain("vault_core_unsealed 0");
  expect(body).toContain("vault_expire_num_leases 7");
  expect(body).toContain('vault_token_count_by_auth{auth_method="auth/token/"} 3');
  expect(body).toContain('oksae_audit_device_failures{device="file/"} 4');
});

test("a part that fails is left out; the others are there", async () => {
  const failing = {
    ...sources,
    tokens: () => Promise.reject(new Error("sealed")),
    leases: () => Promise.reject(new Error("sealed")),
  };
  const { body } = await meter(failing, () => 0).text();
  expect(body).toContain("vault_core_unsealed 1");
  expect(body).not.toContain("vault_token_count_by_auth{");
});

test("the JSON has Vault's members", async () => {
  const counted = meter(sources, () => Date.UTC(2026, 0, 2, 3, 4, 5));
  counted.served(served("kv/", 200, 10));
  counted.served(served("kv/", 404, 30));
  counted.stored("get");
  const json = JSON.parse(JSON.stringify(await counted.json())) as Record<string, unknown>;
  expect(json["Timestamp"]).toBe("2026-01-02 03:04:05 +0000 UTC");
  expect(json["Points"]).toEqual([]);
  expect(json["Gauges"]).toContainEqual({ Name: "vault.core.unsealed", Value: 1, Labels: {} });
  expect(json["Samples"]).toEqual([
    { Name: "vault.core.handle.request", Count: 2, Sum: 40, Mean: 20, Labels: { mount_type: "kv", operation: "read" } },
  ]);
  expect(json["Counters"]).toContainEqual({
    Name: "oksae.storage.operations.total",
    Count: 1,
    Sum: 1,
    Mean: 1,
    Labels: { operation: "get" },
  });
});
