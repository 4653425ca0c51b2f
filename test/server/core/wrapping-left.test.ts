/** What is left of wrapping in the store and in the audit, on a core in this process. */
import { describe, expect, test } from "@jest/globals";
import { Secret } from "../../../lib/secret.ts";
import { testCore } from "../../fakes/core.ts";
import { keysOf } from "../../fakes/keys.ts";

describe("what is left", () => {
  test("nothing lies in the store once it is open", async () => {
    const t = testCore();
    await t.start();
    const before = await keysOf(t.store);
    const { wrap } = await t.call("read", "sys/policies/acl/default", { wrapTtl: 60_000 });
    expect((await keysOf(t.store)).length).toBeGreaterThan(before.length);
    await t.call("update", "sys/wrapping/unwrap", { token: wrap?.token.reveal() });
    expect(await keysOf(t.store)).toEqual(before);
    await t.call("read", "sys/policies/acl/default", { wrapTtl: 60_000 });
    await t.clock.advance(60_000);
    await eventually(async () => {
      expect(await keysOf(t.store)).toEqual(before);
    });
  });

  test.each(["unwrap", "rewrap"])("nor of one that was named in the body of %s", async (path) => {
    const t = testCore();
    await t.start();
    const before = await keysOf(t.store);
    const { wrap } = await t.call("read", "sys/policies/acl/default", { wrapTtl: 60_000 });
    const after = await t.call("update", `sys/wrapping/${path}`, { data: { token: wrap?.token.reveal() } });
    if (path === "rewrap") await t.call("update", "sys/wrapping/unwrap", { token: after.wrap?.token.reveal() });
    expect(await keysOf(t.store)).toEqual(before);
  });

  test("a reply that could not be audited leaves no token", async () => {
    const t = testCore();
    await t.start();
    const before = await keysOf(t.store);
    t.audit.fail = "response";
    expect((await t.refusal("read", "sys/policies/acl/default", { wrapTtl: 60_000 })).kind).toBe("internal");
    expect(await keysOf(t.store)).toEqual(before);
  });
});

test("the audit shows what was wrapped as HMACs, and the token too", async () => {
  const t = testCore();
  await t.start();
  const { wrap } = await t.call("read", "sys/policies/acl/default", { wrapTtl: 60_000 });
  const response = t.audit.responses.at(-1);
  expect(response?.wrap?.token).toBeInstanceOf(Secret);
  expect(response?.reply?.data).toBeDefined();
  await t.call("update", "sys/wrapping/unwrap", { token: wrap?.token.reveal() });
  expect(t.audit.responses.at(-1)?.granting).toEqual(["response-wrapping"]);
});

async function eventually(check: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await check();
      return;
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
