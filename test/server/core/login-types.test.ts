/** Which type of token a login gets: the mount's `token_type` against the role's. Source: Vault API, /sys/auth "token_type". */
import { expect, test } from "@jest/globals";
import { type EngineKind, route } from "../../../server/contract/engine.ts";
import type { GrantType } from "../../../server/contract/token.ts";
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
        },
        on: {
          update: {
            about: "In",
            run: ({ type, uses = 0, most = 0 }) =>
              Promise.resolve({ login: { ...grant, type: type as GrantType, numUses: uses, mostTokens: most } }),
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
