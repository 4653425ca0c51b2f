/**
 * What a client sends by mistake into a field where it does not belong comes back in no error, neither to the client nor
 * into the audit, which writes errors in clear (CVE-2025-4166, CVE-2025-52893).
 */
import { expect, test } from "@jest/globals";
import { testCore } from "../../fakes/core.ts";

const CANARY = "hunter2-canary";

const calls: readonly (readonly [
  operation: "update" | "patch" | "read",
  path: string,
  data: Record<string, unknown>,
])[] = [
  ["update", "two/data/a", { data: CANARY }],
  ["update", "two/data/a", { data: [CANARY] }],
  ["update", "two/data/a", { data: { a: 1 }, options: { cas: CANARY } }],
  ["update", "two/data/a", { data: { a: 1 }, options: CANARY }],
  ["patch", "two/data/none", { data: { a: CANARY } }],
  ["read", "two/data/a", { version: CANARY }],
  ["update", "two/metadata/a", { max_versions: CANARY }],
  ["update", "two/metadata/a", { delete_version_after: CANARY }],
  ["update", "two/metadata/a", { custom_metadata: { a: `${CANARY}\u0007` } }],
  ["update", "two/metadata/a", { custom_metadata: { a: CANARY.repeat(40) } }],
  ["update", "two/metadata/a", { custom_metadata: CANARY }],
  ["update", "two/destroy/a", { versions: CANARY }],
  ["update", "two/config", { delete_version_after: CANARY }],
  ["update", "sys/policy/a", { policy: CANARY }],
  ["update", "sys/policy/a", { policy: `${CANARY} ${CANARY}` }],
  ["update", "sys/policy/a", { policy: `password: ${CANARY}` }],
  ["update", "sys/policy/a", { policy: `password = ${CANARY}` }],
  ["update", "sys/policy/a", { policy: `path "a" { capabilities = [${CANARY}] }` }],
  ["update", "sys/mounts/x", { type: "kv", config: { default_lease_ttl: CANARY } }],
  ["update", "sys/mounts/x", { type: "kv", options: [CANARY] }],
  ["update", "sys/mounts/two/tune", { max_lease_ttl: CANARY }],
  ["update", "sys/capabilities", { token: CANARY, paths: ["a"] }],
  ["update", "sys/capabilities-accessor", { accessor: CANARY, paths: ["a"] }],
  ["update", "sys/init", { secret_shares: CANARY }],
];

test.each(calls)("%s %s %j", async (operation, path, data) => {
  const t = testCore();
  await t.start();
  await t.call("update", "sys/mounts/two", { data: { type: "kv", options: { version: "2" } } });
  const fault = await t.refusal(operation, path, { data });
  expect(fault.kind).toMatch(/^(?:invalid|not-found)$/);
  const told = [fault.message, ...fault.errors, ...fault.warnings, ...t.logged];
  for (const { error } of [...t.audit.requests, ...t.audit.responses]) told.push(error ?? "");
  expect(told.join("\n")).not.toContain("hunter2");
});
