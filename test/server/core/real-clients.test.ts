/**
 * What real clients do that no page of the documentation shows: policy names with a slash (Terraform's "team/app").
 * Names and words as hvac 2, node-vault 0.10, and Go's api packages of Vault and OpenBao send them.
 */
import { expect, test } from "@jest/globals";
import { kvV1 } from "../../../server/engines/kv/kv.ts";
import { shown, testCore } from "../../fakes/core.ts";

async function started() {
  const t = testCore({ kinds: [{ ...kvV1, type: "door", kind: "auth" }] });
  await t.start();
  return t;
}

test.each(["sys/policy", "sys/policies/acl"])("a policy's name may have slashes at %s", async (root) => {
  const t = await started();
  const policy = 'path "secret/*" { capabilities = ["read"] }';
  await t.call("update", `${root}/team/App`, { data: { policy } });
  const { data } = shown(await t.call("read", `${root}/team/app`)) as { readonly data: Record<string, unknown> };
  expect(data).toMatchObject({ name: "team/app" });
  expect(data["policy"] ?? data["rules"]).toBe(policy);
  expect(shown(await t.call("list", `${root}/`))).toMatchObject({ data: { keys: ["default", "team/app", "root"] } });
  await t.call("delete", `${root}/team/app`);
  expect(await t.refusal("read", `${root}/team/app`)).toMatchObject({ kind: "not-found", errors: [] });
  expect(await t.refusal("update", `${root}/`, { data: { policy } })).toMatchObject({ kind: "invalid" });
});
