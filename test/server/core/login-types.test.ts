/** Which type of token a login gets: the mount's `token_type` against the role's. Source: Vault API, /sys/auth "token_type". */
import { expect, test } from "@jest/globals";
import { Fault } from "../../../lib/fault.ts";
import { type EngineKind, route } from "../../../server/contract/engine.ts";
import type { Store } from "../../../server/contract/storage.ts";
import type { GrantType } from "../../../server/contract/token.ts";
import { memoryStore } from "../../../server/storage/memory.ts";
import { HOUR, testCore } from "../../fakes/core.ts";

const grant = {
  displayName: "",
  policies: [],
  noDefaultPolicy: false,
  metadata: new Map(),
  alias: "",
  ttl: HOUR,
  maxTtl: 0,
  explicitMaxTtl: 0,
  period: 0,
  numUses: 0,
  boundCidrs: [],
  renewable: true,
  role: "r",
  internal: new Map(),
};

const door: EngineKind = {
  type: "door",
  about: "Lets in",
  kind: "auth",
  create: () => ({
    routes: [
      route({
        path: "login/:type",
        about: "In",
        login: true,
        fields: {
          type: { type: "string", about: "Type", required: true },
          uses: { type: "int", about: "Uses" },
          most: { type: "int", about: "Most" },
          policies: { type: "strings", about: "Policies" },
        },
        on: {
          update: {
            about: "In",
            run: ({ type, uses = 0, most = 0, policies = [] }) => {
              const login = { ...grant, type: type as GrantType, numUses: uses, mostTokens: most, policies };
              return Promise.resolve({ login: { ...login, noDefaultPolicy: policies.length > 0 } });
            },
          },
        },
      }),
    ],
  }),
};

async function tuned(tokenType: string) {
  const t = testCore({ kinds: [door] });
  await t.start();
  await t.call("update", "sys/auth/d", { data: { type: "door", config: { token_type: tokenType } } });
  return t;
}

test.each`
  mount                | role                 | got
  ${"service"}         | ${"batch"}           | ${"service"}
  ${"batch"}           | ${"service"}         | ${"batch"}
  ${""}                | ${"default"}         | ${"service"}
  ${""}                | ${"batch"}           | ${"batch"}
  ${""}                | ${"default-batch"}   | ${"batch"}
  ${"default-service"} | ${"service"}         | ${"service"}
  ${"default-service"} | ${"default-service"} | ${"service"}
  ${"default-service"} | ${"batch"}           | ${"batch"}
  ${"default-batch"}   | ${"default"}         | ${"batch"}
  ${"default-batch"}   | ${"default-batch"}   | ${"batch"}
  ${"default-batch"}   | ${"service"}         | ${"service"}
  ${"default-batch"}   | ${"default-service"} | ${"service"}
`("mount $mount, role $role: $got", async ({ mount, role, got }: Record<"mount" | "role" | "got", string>) => {
  const t = await tuned(mount);
  const { issued } = await t.call("update", `auth/d/login/${role}`, { anonymous: true });
  const token = issued?.clientToken?.reveal() ?? "";
  expect(issued?.entry.type).toBe(got);
  expect(token.slice(0, 4)).toBe(got === "batch" ? "hvb." : "hvs.");
  expect(await t.refusal("read", "sys/mounts", { token })).toMatchObject({ kind: "denied" });
  expect((await t.call("update", "sys/capabilities-self", { token, data: { path: "a" } })).reply).toBeDefined();
});

test("a limit on uses or tokens is not dropped silently on a mount of batch tokens", async () => {
  const t = await tuned("batch");
  for (const data of [{ uses: 1 }, { most: 1 }]) {
    expect(await t.refusal("update", "auth/d/login/service", { anonymous: true, data })).toMatchObject({
      kind: "invalid",
    });
  }
});

test("mostTokens of a grant holds for its role and path", async () => {
  const t = await tuned("");
  const login = () => t.call("update", "auth/d/login/service", { anonymous: true, data: { most: 2 } });
  const outcomes = await Promise.allSettled([login(), login(), login(), login()]);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  expect(await t.refusal("update", "auth/d/login/service", { anonymous: true, data: { most: 2 } })).toMatchObject({
    kind: "throttled",
    retryAfter: 30_000,
  });
});

test.each([
  [["Root "], "auth methods cannot create root tokens"],
  [["a", "\u00a0ROOT\t"], "auth methods cannot create root tokens"],
  [["Response-Wrapping"], 'auth methods cannot give policy "response-wrapping"'],
])("no login gives %j (CVE-2025-5999)", async (policies, message) => {
  const t = await tuned("");
  for (const type of ["service", "batch"]) {
    const fault = await t.refusal("update", `auth/d/login/${type}`, { anonymous: true, data: { policies } });
    expect([fault.kind, fault.message]).toEqual(["invalid", message]);
  }
});

test.each([
  ["disable", "delete", "sys/auth/d", {}],
  ["move", "update", "sys/remount", { from: "auth/d", to: "auth/e" }],
] as const)("a batch token ends with the %s of its mount, and does not come back", async (_, operation, path, data) => {
  const t = await tuned("");
  const { issued } = await t.call("update", "auth/d/login/batch", { anonymous: true });
  const token = issued?.clientToken?.reveal() ?? "";
  const asked = { token, data: { path: "a" } };
  expect((await t.call("update", "sys/capabilities-self", asked)).reply).toBeDefined();
  await t.core.operator.seal();
  await t.unseal();
  expect((await t.call("update", "sys/capabilities-self", asked)).reply).toBeDefined();
  await t.call(operation, path, { data });
  for (let i = 0; i < 100 && t.core.mounts.find("auth/d/") !== undefined; i += 1) await t.clock.advance(0);
  expect(await t.refusal("update", "sys/capabilities-self", asked)).toMatchObject({ kind: "denied" });
  await t.call("update", "sys/auth/d", { data: { type: "door" } });
  expect(await t.refusal("update", "sys/capabilities-self", asked)).toMatchObject({ kind: "denied" });
});

test("the token of a login whose reply could not be wrapped is revoked", async () => {
  let full = false;
  const store = memoryStore();
  const bounded: Store = {
    ...store,
    transact: (work) =>
      store.transact(async (tx) =>
        work({
          get: (key) => tx.get(key),
          list: (prefix) => tx.list(prefix),
          delete: (key) => {
            tx.delete(key);
          },
          put: (key, value) => {
            if (full && key.includes("wrapping/")) throw new Fault("unavailable", "the disk is full");
            tx.put(key, value);
          },
        }),
      ),
  };
  const t = testCore({ kinds: [door], store: bounded });
  await t.start();
  await t.call("update", "sys/auth/d", { data: { type: "door" } });
  const before = await t.tokens.accessors();
  full = true;
  const fault = await t.refusal("update", "auth/d/login/service", { anonymous: true, wrapTtl: 60_000 });
  expect(fault.kind).toBe("unavailable");
  expect(await t.tokens.accessors()).toEqual(before);
});
