/** Roles: names, role ids, what may stand together; and the readers of networks and metadata. */
import { beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { cidrHas, parseCidr } from "../../../../lib/cidr.ts";
import { approleAuth } from "../../../../server/auth/approle/approle.ts";
import { within } from "../../../../server/auth/approle/cidrs.ts";
import { parseMetadata } from "../../../../server/auth/approle/metadata.ts";
import { type AuthMount, authMount } from "../../../fakes/auth-mount.ts";

let mount: AuthMount;
beforeEach(() => {
  mount = authMount(approleAuth);
});
const write = (name: string, body: object = {}) => mount.call("update", `role/${name}`, { ...body });
const read = async (name: string, part = ""): Promise<unknown> =>
  (await mount.call("read", `role/${name}${part}`))?.data;

test("a name is one in whatever case", async () => {
  await write("Web", { role_id: "one" });
  await write("WEB", { token_ttl: 60 });
  expect((await mount.call("list", "role/"))?.data).toEqual({ keys: ["web"] });
  expect(await read("wEb")).toMatchObject({ token_ttl: 60 });
  await mount.call("delete", "role/weB");
  expect((await mount.refusal("read", "role/web")).kind).toBe("not-found");
  expect((await mount.refusal("update", "login", { role_id: "one", secret_id: "x" })).message).toContain(
    "invalid role",
  );
});

test.each(["a b", "a/b", "-a", "a-", "ä", "a*"])("no name for a role: %j", async (name) => {
  await expect(write(encodeURIComponent(name) === name ? name : name.replace("/", "%2F"))).rejects.toMatchObject({
    kind: "invalid",
  });
});

test("a role id is one role's alone, also while fifty ask for it", async () => {
  const names = Array.from({ length: 50 }, (_, i) => `role-${i}`);
  const all = await Promise.allSettled(names.map((name) => write(name, { role_id: "mine" })));
  expect(all.filter(({ status }) => status === "fulfilled").length).toBe(1);
  const owners = await Promise.all(names.map((name) => read(name, "/role-id").catch(() => undefined)));
  expect(owners.filter((data) => data !== undefined).length).toBe(1);
});

test("a role id that was given up is free again, and its old owner is not found by it", async () => {
  await write("a", { role_id: "first" });
  await mount.call("update", "role/a/role-id", { role_id: "second" });
  await write("b", { role_id: "first", bind_secret_id: false, secret_id_bound_cidrs: "0.0.0.0/0" });
  expect((await mount.grant("login", { role_id: "first" })).role).toBe("b");
  expect((await mount.refusal("update", "role/a/role-id", { role_id: "first" })).message).toBe(
    "role_id already in use",
  );
});

test.each([
  [{ role_id: "" }, "missing role_id"],
  [{ role_id: " x" }, "role_id must have no blanks"],
  [{ role_id: "x".repeat(4097) }, "at most 4096 bytes"],
  [{ secret_id_num_uses: -1 }, "secret_id_num_uses cannot be negative"],
  [{ secret_id_bound_cidrs: "10.0.0.0/33" }, "failed to validate CIDR blocks"],
  [{ bind_secret_id: false }, "at least one constraint should be enabled on the role"],
  [{ token_ttl: 61, token_max_ttl: 60 }, "ttl should be shorter than max ttl"],
  [{ period: 2_764_801 }, "is greater than the backend's maximum lease TTL"],
  [{ token_type: "odd" }, "must be one of"],
])("refused: %j", async (body, message) => {
  expect((await mount.refusal("update", "role/web", body)).message).toContain(message);
  expect((await mount.refusal("read", "role/web")).kind).toBe("not-found");
});

test("the last constraint cannot be taken away", async () => {
  await write("web", { bind_secret_id: false, secret_id_bound_cidrs: "10.0.0.0/8" });
  expect((await mount.refusal("delete", "role/web/secret-id-bound-cidrs")).message).toContain(
    "at least one constraint",
  );
  expect(await read("web", "/secret-id-bound-cidrs")).toEqual({ secret_id_bound_cidrs: ["10.0.0.0/8"] });
});

test("local_secret_ids can be set when the role is made, not later", async () => {
  await write("web", { local_secret_ids: true });
  expect((await mount.refusal("update", "role/web", { local_secret_ids: true })).message).toContain("only be modified");
});

test("older names are shown while they are what was written last", async () => {
  await write("web", { policies: "a,b", period: 60 });
  expect(await read("web", "/policies")).toEqual({ token_policies: ["a", "b"], policies: ["a", "b"] });
  expect(await read("web", "/period")).toEqual({ token_period: 60, period: 60 });
  await mount.call("update", "role/web/policies", { token_policies: "c" });
  expect(await read("web", "/policies")).toEqual({ token_policies: ["c"] });
  await mount.call("delete", "role/web/period");
  expect(await read("web", "/period")).toEqual({ token_period: 0 });
});

test("a type that means nothing on a role is put right, and a long maximum is told of", async () => {
  const reply = await write("web", { token_type: "default-service", token_max_ttl: 2_764_801 });
  expect(reply?.warnings).toEqual([
    "default-service has no useful meaning; adjusting to service",
    expect.stringContaining("token_max_ttl is greater than"),
  ]);
  expect(await read("web")).toMatchObject({ token_type: "service" });
});

describe("settings of a role that is not there", () => {
  test.each(["policies", "period", "token-ttl", "bind-secret-id", "secret-id-bound-cidrs"])("%s", async (part) => {
    expect((await mount.refusal("read", `role/none/${part}`)).kind).toBe("not-found");
    const body = {
      token_policies: "a",
      token_period: 1,
      token_ttl: 1,
      bind_secret_id: true,
      secret_id_bound_cidrs: "::/0",
    };
    const fault = await mount.refusal("update", `role/none/${part}`, body);
    expect([fault.kind, fault.message]).toEqual(["not-found", 'role "none" does not exist']);
    expect(await mount.call("delete", `role/none/${part}`)).toBeUndefined();
  });
});

const block = fc
  .tuple(fc.nat(255), fc.nat(255), fc.integer({ min: 0, max: 32 }))
  .map(([a, b, bits]) => `10.${a}.${b}.0/${bits}`);

test("a block lies within another when its first and last address do", () => {
  fc.assert(
    fc.property(block, block, (inner, outer) => {
      const { base, free } = parseCidr(inner);
      const address = (number: bigint): string =>
        [24n, 16n, 8n, 0n].map((shift) => String((number >> shift) & 255n)).join(".");
      const ends = [base, base + (1n << free) - 1n].map((one) => address(one & 0xffff_ffffn));
      expect(within([inner], [outer])).toBe(ends.every((end) => cidrHas(parseCidr(outer), end)));
    }),
  );
});

test("IPv4 in IPv6 is the same network", () => {
  expect(within(["10.1.0.0/16"], ["::ffff:10.0.0.0/104"])).toBe(true);
  expect(within(["::/0"], ["0.0.0.0/0"])).toBe(false);
});

test("metadata as JSON comes back as it was, whatever the names", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ maxLength: 40 }), { maxKeys: 20 }), (pairs) => {
      expect(parseMetadata(JSON.stringify(pairs))).toEqual(new Map(Object.entries(pairs)));
    }),
  );
});

test.each([
  ["", {}],
  ["a=b, c = d=e", { a: "b", c: "d=e" }],
  ['{"__proto__":"x","n":1.50,"yes":true}', { ["__proto__"]: "x", n: "1.50", yes: "true" }],
])("metadata %j", (text, pairs) => {
  expect(parseMetadata(text)).toEqual(new Map(Object.entries(pairs)));
});

test.each([
  "{",
  "[]",
  '{"a":{}}',
  '{"a":null}',
  "a",
  "=b",
  `{"a":"${"x".repeat(16 * 1024)}"}`,
])("no metadata: %.20j", (text) => {
  expect(() => parseMetadata(text)).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test("metadata of exactly 16 KiB is taken", () => {
  expect(parseMetadata(`{"a":"${"x".repeat(16 * 1024 - 1)}"}`).size).toBe(1);
});
