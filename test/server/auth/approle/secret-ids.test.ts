/** Secret ids: their bounds, their accessors, their end, and what of them lies in the store. */
import { beforeEach, expect, test } from "@jest/globals";
import { approleAuth } from "../../../../server/auth/approle/approle.ts";
import type { Storage } from "../../../../server/contract/storage.ts";
import { type AuthMount, authMount } from "../../../fakes/auth-mount.ts";
import { type FakeClock, fakeClock } from "../../../fakes/clock.ts";

let clock: FakeClock;
let mount: AuthMount;

beforeEach(async () => {
  clock = fakeClock(Date.UTC(2026, 0, 1));
  mount = authMount(approleAuth, { clock });
  await mount.call("update", "role/web", {
    role_id: "the-role-id",
    secret_id_num_uses: 10,
    secret_id_ttl: "1h",
    secret_id_bound_cidrs: ["10.0.0.0/8", "2001:db8::/32"],
    token_bound_cidrs: "10.0.0.0/8",
  });
});

interface Made {
  readonly secret_id: string;
  readonly secret_id_accessor: string;
  readonly secret_id_ttl: number;
  readonly secret_id_num_uses: number;
}

async function make(body: object = {}, name = "web"): Promise<Made> {
  return (await mount.call("update", `role/${name}/secret-id`, { ...body }))?.data as unknown as Made;
}

async function keysBelow(storage: Storage, prefix: string): Promise<string[]> {
  const out: string[] = [];
  for (const name of await storage.list(prefix)) {
    if (name.endsWith("/")) out.push(...(await keysBelow(storage, prefix + name)));
    else out.push(prefix + name);
  }
  return out;
}

test.each([
  ["as the role has it", {}, 10, 3600],
  ["the most", { num_uses: 10, ttl: "1h" }, 10, 3600],
  ["less", { num_uses: 1, ttl: 1 }, 1, 1],
])("uses and lifetime: %s", async (_, body, uses, ttl) => {
  expect(await make(body)).toMatchObject({ secret_id_num_uses: uses, secret_id_ttl: ttl });
});

test.each([
  [{ num_uses: 11 }, "num_uses cannot be higher than the role's secret_id_num_uses"],
  [{ num_uses: 0 }, "num_uses cannot be higher than the role's secret_id_num_uses"],
  [{ num_uses: -1 }, "num_uses cannot be negative"],
  [{ ttl: 3601 }, "ttl cannot be longer than the role's secret_id_ttl"],
  [{ ttl: 0 }, "ttl cannot be longer than the role's secret_id_ttl"],
  [{ cidr_list: "11.0.0.0/8" }, "failed to verify subset relationship"],
  [{ cidr_list: "10.0.0.0/7" }, "failed to verify subset relationship"],
  [{ cidr_list: "here" }, "failed to validate CIDR blocks"],
  [{ token_bound_cidrs: "0.0.0.0/0" }, "failed to verify subset relationship"],
  [{ metadata: "{" }, "failed to parse metadata"],
])("refused: %j", async (body, message) => {
  expect((await mount.refusal("update", "role/web/secret-id", body)).message).toContain(message);
});

test("a role without limits gives secret ids without limits, but none beyond the mount's maximum", async () => {
  await mount.call("update", "role/free");
  expect(await make({}, "free")).toMatchObject({ secret_id_num_uses: 0, secret_id_ttl: 0 });
  const long = await make({ ttl: "2000h" }, "free");
  expect(long.secret_id_ttl).toBe(2_764_800);
  const seen = await mount.call("update", "role/free/secret-id/lookup", { secret_id: long.secret_id });
  expect(seen?.data).toMatchObject({ secret_id_ttl: 7_200_000, expiration_time: "2026-02-02T00:00:00Z" });
});

test("no secret ids for a role that binds none, or is not there", async () => {
  await mount.call("update", "role/open", { bind_secret_id: false, secret_id_bound_cidrs: "10.0.0.0/8" });
  expect((await mount.refusal("update", "role/open/secret-id")).message).toBe("bind_secret_id is not set on the role");
  const fault = await mount.refusal("update", "role/none/secret-id");
  expect([fault.kind, fault.message]).toEqual(["not-found", 'role "none" does not exist']);
});

test.each(["lookup", "destroy"])("an accessor is no use below another role (CVE-2023-24999): %s", async (verb) => {
  await mount.call("update", "role/db");
  const mine = await make();
  const body = { secret_id_accessor: mine.secret_id_accessor };
  expect((await mount.refusal("update", `role/db/secret-id-accessor/${verb}`, body)).kind).toBe("not-found");
  expect((await mount.refusal("update", `role/none/secret-id-accessor/${verb}`, body)).kind).toBe("not-found");
  const seen = await mount.call("update", "role/web/secret-id-accessor/lookup", body);
  expect(seen?.data).toMatchObject({ secret_id_accessor: mine.secret_id_accessor });
});

test("an accessor is no secret id", async () => {
  const { secret_id_accessor: accessor } = await make();
  const body = { role_id: "the-role-id", secret_id: accessor };
  expect((await mount.refusal("update", "login", body)).message).toBe("invalid role or secret ID");
});

test("a custom one is taken once, and again after its end, with its accessor made anew", async () => {
  const push = (): Promise<unknown> =>
    mount.call("update", "role/web/custom-secret-id", { secret_id: " mine ", ttl: "10s" });
  await push();
  await expect(push()).rejects.toThrow("already registered");
  clock.jump(10_000);
  await push();
  expect((await mount.call("list", "role/web/secret-id/"))?.data).toMatchObject({ keys: [expect.any(String)] });
  expect(await keysBelow(mount.storage, "accessor/")).toHaveLength(1);
  expect(await keysBelow(mount.storage, "expiry/")).toHaveLength(1);
  expect((await mount.grant("login", { role_id: "the-role-id", secret_id: "mine" })).role).toBe("web");
});

test.each([
  [4096, undefined],
  [4097, "secret_id may have at most 4096 bytes"],
])("a custom one of %s bytes", async (size, message) => {
  const done = mount.call("update", "role/web/custom-secret-id", { secret_id: "x".repeat(size) });
  if (message === undefined) expect((await done)?.data).toMatchObject({ secret_id_num_uses: 10 });
  else await expect(done).rejects.toMatchObject({ message });
});

test("what has ended is neither listed nor looked up, swept or not", async () => {
  const made = await make({ ttl: 5 });
  clock.jump(5_000);
  expect((await mount.refusal("list", "role/web/secret-id/")).kind).toBe("not-found");
  expect(await mount.call("update", "role/web/secret-id/lookup", { secret_id: made.secret_id })).toBeUndefined();
  const fault = await mount.refusal("update", "role/web/secret-id-accessor/lookup", {
    secret_id_accessor: made.secret_id_accessor,
  });
  expect(fault.message).not.toContain(made.secret_id_accessor);
});

test("250 secret ids are all listed, and all go with their role", async () => {
  const made: string[] = [];
  for (let i = 0; i < 250; i += 1) made.push((await make()).secret_id_accessor);
  const listed = (await mount.call("list", "role/web/secret-id/"))?.data as unknown as { keys: string[] };
  expect([...listed.keys].sort()).toEqual([...made].sort());
  await mount.call("delete", "role/web");
  expect(await keysBelow(mount.storage, "")).toEqual(["base"]);
  await mount.call("update", "role/web", { role_id: "the-role-id" });
  expect((await mount.refusal("list", "role/web/secret-id/")).kind).toBe("not-found");
});

test("in the store lie HMACs: no secret id anywhere, no accessor or role id in a key", async () => {
  const made = await make({ metadata: "a=b" });
  await mount.call("update", "role/web/custom-secret-id", { secret_id: "my-own-secret" });
  const keys = await keysBelow(mount.storage, "");
  expect(keys.length).toBeGreaterThan(7);
  for (const key of keys) {
    const value = Buffer.from((await mount.storage.get(key)) ?? "").toString();
    for (const secret of [made.secret_id, "my-own-secret"]) expect(key + value).not.toContain(secret);
    for (const name of [made.secret_id_accessor, "the-role-id"]) expect(key).not.toContain(name);
  }
});

test("two roles name the same secret id differently", async () => {
  await mount.call("update", "role/db");
  for (const name of ["web", "db"]) await mount.call("update", `role/${name}/custom-secret-id`, { secret_id: "same" });
  const hmacs = (await keysBelow(mount.storage, "secret-id/")).map((key) => key.split("/").at(-1));
  expect(new Set(hmacs).size).toBe(2);
});

test("destroying what is not there is no error by secret id, and 404 by accessor", async () => {
  expect(await mount.call("delete", "role/web/secret-id/destroy", { secret_id: "none" })).toBeUndefined();
  const fault = await mount.refusal("delete", "role/web/secret-id-accessor/destroy", { secret_id_accessor: "none" });
  expect(fault.kind).toBe("not-found");
});
