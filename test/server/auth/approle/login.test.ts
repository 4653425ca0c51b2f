/** The login: who is let in, what it costs, and that nobody learns from a refusal what there is. */
import { beforeEach, expect, test } from "@jest/globals";
import { approleAuth } from "../../../../server/auth/approle/approle.ts";
import { BadCredentials } from "../../../../server/contract/guards.ts";
import { type AuthMount, authMount } from "../../../fakes/auth-mount.ts";
import { type FakeClock, fakeClock } from "../../../fakes/clock.ts";

let clock: FakeClock;
let mount: AuthMount;

beforeEach(async () => {
  clock = fakeClock(Date.UTC(2026, 0, 1));
  mount = authMount(approleAuth, { clock });
  await role("web", { role_id: "web-id", token_policies: "web" });
});

const role = (name: string, body: object): Promise<unknown> => mount.call("update", `role/${name}`, { ...body });

async function secretId(body: object = {}, name = "web"): Promise<string> {
  const reply = await mount.call("update", `role/${name}/secret-id`, { ...body });
  return (reply?.data as { readonly secret_id: string }).secret_id;
}

const logIn = (secret: string, address?: string, id = "web-id") =>
  mount.grant("login", { role_id: id, secret_id: secret }, address);
const refusal = (body: object, address?: string) => mount.refusal("update", "login", { ...body }, address);

test("a grant has the role's name, the secret id's metadata and the role id as its alias", async () => {
  await role("web", { token_ttl: "10m", token_max_ttl: "1h", token_num_uses: 5, token_no_default_policy: true });
  const grant = await logIn(await secretId({ metadata: '{"team":"core","n":1}' }));
  expect(grant).toMatchObject({
    alias: "web-id",
    role: "web",
    displayName: "",
    policies: ["web"],
    noDefaultPolicy: true,
    ttl: 600_000,
    maxTtl: 3_600_000,
    numUses: 5,
  });
  expect([...grant.metadata]).toEqual([
    ["team", "core"],
    ["n", "1"],
    ["role_name", "web"],
  ]);
  expect(grant.aliasMetadata).toEqual(grant.metadata);
});

test("role_name in a secret id's metadata does not make a token of another role", async () => {
  const grant = await logIn(await secretId({ metadata: "role_name=admin" }));
  expect(grant.metadata.get("role_name")).toBe("web");
});

test.each([
  ["no role id", {}, "missing role_id", false],
  ["a blank role id", { role_id: " " }, "missing role_id", false],
  ["no secret id", { role_id: "web-id" }, "missing secret_id", false],
  ["no secret id for an unknown role", { role_id: "nobody" }, "missing secret_id", false],
  ["an unknown role id", { role_id: "nobody", secret_id: "x" }, "invalid role or secret ID", true],
  ["a wrong secret id", { role_id: "web-id", secret_id: "x" }, "invalid role or secret ID", true],
  ["a secret id of 4,097 bytes", { role_id: "web-id", secret_id: "x".repeat(4097) }, "invalid role or secret ID", true],
  ["a role id of 4,097 bytes", { role_id: "x".repeat(4097), secret_id: "x" }, "invalid role or secret ID", true],
  ["the role's name", { role_id: "web", secret_id: "x" }, "invalid role or secret ID", true],
])("refused: %s", async (_, body, message, counted) => {
  const fault = await refusal(body);
  expect([fault.kind, fault.message, fault instanceof BadCredentials]).toEqual(["invalid", message, counted]);
});

test("a mount without any role answers like any other", async () => {
  const bare = authMount(approleAuth);
  const fault = await bare.refusal("update", "login", { role_id: "x", secret_id: "y" });
  expect([fault.message, fault instanceof BadCredentials]).toEqual(["invalid role or secret ID", true]);
});

test("an unknown role id costs as many reads as a wrong secret id", async () => {
  const reads = async (id: string): Promise<number> => {
    let count = 0;
    const get = mount.storage.get.bind(mount.storage);
    Object.assign(mount.storage, {
      get: (key: string) => {
        count += 1;
        return get(key);
      },
    });
    await refusal({ role_id: id, secret_id: "wrong" });
    Object.assign(mount.storage, { get });
    return count;
  };
  expect(await reads("nobody")).toBe(await reads("web-id"));
});

test("the lockout counts by the role id as it was sent, also of roles that are not there", async () => {
  expect(await mount.alias("login", { role_id: " web-id ", secret_id: "x" })).toBe("web-id");
  expect(await mount.alias("login", { role_id: "nobody" })).toBe("nobody");
  expect(await mount.alias("login", { secret_id: "x" })).toBeUndefined();
});

test("a secret id of another role is as wrong as any", async () => {
  await role("db", { role_id: "db-id" });
  const secret = await secretId({}, "db");
  expect((await refusal({ role_id: "web-id", secret_id: secret })).message).toBe("invalid role or secret ID");
  expect((await logIn(secret, undefined, "db-id")).role).toBe("db");
});

test.each([1, 2, 3])("a secret id for %s logins is good for so many, by whoever comes first of fifty", async (uses) => {
  const secret = await secretId({ num_uses: uses });
  const all = await Promise.allSettled(Array.from({ length: 50 }, () => logIn(secret)));
  expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(uses);
  for (const one of all) {
    if (one.status === "rejected") expect(one.reason).toBeInstanceOf(BadCredentials);
  }
  expect(await mount.call("update", "role/web/secret-id/lookup", { secret_id: secret })).toBeUndefined();
});

test("a role that goes while a login is under way gives no token, even before its secret ids are gone", async () => {
  const secret = await secretId({ num_uses: 5 });
  const [transact, list] = [mount.storage.transact.bind(mount.storage), mount.storage.list.bind(mount.storage)];
  Object.assign(mount.storage, {
    transact: async (work: Parameters<typeof transact>[0]) => {
      Object.assign(mount.storage, { transact, list: () => Promise.reject(new Error("killed")) });
      await mount.call("delete", "role/web").catch(() => undefined);
      Object.assign(mount.storage, { list });
      return transact(work);
    },
  });
  const body = { role_id: "web-id", secret_id: secret };
  expect((await refusal(body)).message).toBe("invalid role or secret ID");
});

test("without a limit a login writes nothing", async () => {
  const secret = await secretId();
  const transact = mount.storage.transact.bind(mount.storage);
  Object.assign(mount.storage, { transact: () => Promise.reject(new Error("wrote")) });
  expect((await logIn(secret)).role).toBe("web");
  Object.assign(mount.storage, { transact });
});

test("a secret id ends at its time", async () => {
  const secret = await secretId({ ttl: "10s" });
  clock.jump(9_999);
  expect((await logIn(secret)).role).toBe("web");
  clock.jump(1);
  expect((await refusal({ role_id: "web-id", secret_id: secret })).message).toBe("invalid role or secret ID");
});

test.each([
  [
    "the secret id's networks",
    {},
    { cidr_list: "10.1.0.0/16" },
    "10.1.255.255",
    "10.2.0.0",
    "through CIDR restrictions on the secret ID",
  ],
  [
    "the role's networks",
    { secret_id_bound_cidrs: "10.1.0.0/16" },
    {},
    "10.1.0.0",
    "10.0.255.255",
    "by CIDR restrictions on the role",
  ],
  [
    "the networks of the role's tokens",
    { token_bound_cidrs: "10.1.0.0/16" },
    {},
    "10.1.2.3",
    "10.2.2.3",
    "permission denied",
  ],
  ["IPv6", { secret_id_bound_cidrs: "2001:db8::/32" }, {}, "2001:db8::1", "2001:db9::1", "by CIDR restrictions"],
])("%s: from outside it is refused and costs no use", async (_, ofRole, ofSecret, inside, outside, message) => {
  await role("web", ofRole);
  const secret = await secretId({ ...ofSecret, num_uses: 1 });
  expect((await refusal({ role_id: "web-id", secret_id: secret }, outside)).message).toContain(message);
  expect((await logIn(secret, inside)).role).toBe("web");
});

test("a secret id's token_bound_cidrs bind its tokens, not its login", async () => {
  const secret = await secretId({ token_bound_cidrs: "192.168.7.0/24" });
  expect((await logIn(secret, "10.0.0.5")).boundCidrs).toEqual(["192.168.7.0/24"]);
});

test("a secret id whose networks the role no longer holds is refused", async () => {
  const secret = await secretId({ cidr_list: "10.0.0.0/8" });
  await role("web", { secret_id_bound_cidrs: "10.1.0.0/16" });
  const fault = await refusal({ role_id: "web-id", secret_id: secret }, "10.1.0.1");
  expect(fault.message).toContain("no longer lies within the role's secret_id_bound_cidrs");
});

test("a role that binds no secret id lets in by its networks alone", async () => {
  await role("open", { role_id: "open-id", bind_secret_id: false, secret_id_bound_cidrs: "10.0.0.0/8" });
  expect((await mount.grant("login", { role_id: "open-id" }, "10.0.0.1")).role).toBe("open");
  expect((await refusal({ role_id: "open-id" }, "11.0.0.1")).kind).toBe("invalid");
});

test("renewal goes by the role as it is now, and is refused once it has gone", async () => {
  const grant = await logIn(await secretId());
  await role("web", { token_ttl: "5m", token_period: "1h" });
  expect(await mount.renew(grant)).toEqual({ ttl: 300_000, maxTtl: 0, period: 3_600_000 });
  await mount.call("delete", "role/web");
  await expect(mount.renew(grant)).rejects.toMatchObject({ kind: "denied" });
  await expect(mount.renew({ ...grant, internal: new Map() })).rejects.toMatchObject({ kind: "denied" });
});
