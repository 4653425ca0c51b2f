/** identity/ as clients see it, on the real server: entities, aliases, groups, and what they mean for tokens. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type TestServer, testServer } from "../../../fakes/server.ts";
import { toyAuth } from "../../../fakes/toy-auth.ts";

type Data = Record<string, unknown>;

let server: TestServer;
const accessors = new Map<string, string>();

beforeAll(async () => {
  server = await testServer({ kinds: [toyAuth] });
  for (const path of ["toy", "other"]) {
    await server.request("POST", `sys/auth/${path}`, { type: "toy" });
    const mounts = (await server.request("GET", "sys/auth")).body as { data: Record<string, { accessor: string }> };
    accessors.set(path, mounts.data[`${path}/`]?.accessor ?? "");
  }
  await server.request("POST", "secret/x", { a: 1 });
  await server.request("POST", "sys/mounts/kv", { type: "kv" });
  await server.request("POST", "kv/team/app", { a: "1" });
  await server.request("POST", "sys/policy/team", { policy: 'path "kv/team/*" { capabilities = ["read"] }' });
});
afterAll(() => server.close());

async function data(method: string, path: string, body?: unknown): Promise<Data> {
  const reply = await server.request(method, `identity/${path}`, body);
  expect([path, reply.status]).toEqual([path, 200]);
  return reply.body?.["data"] as Data;
}

async function status(method: string, path: string, body?: unknown): Promise<number> {
  return (await server.request(method, `identity/${path}`, body)).status;
}

async function refused(method: string, path: string, body: unknown, text: string): Promise<void> {
  const reply = await server.request(method, `identity/${path}`, body);
  expect([path, reply.status, reply.text]).toEqual([path, 400, expect.stringContaining(text)]);
}

interface LoggedIn {
  readonly token: string;
  readonly entity: string;
  readonly policies: unknown;
}

async function login(mount: string, name: string, body: unknown = {}): Promise<LoggedIn> {
  const reply = await server.request("POST", `auth/${mount}/login/${name}`, body, "");
  expect(reply.status).toBe(200);
  const auth = reply.body?.["auth"] as Data;
  return {
    token: String(auth["client_token"]),
    entity: String(auth["entity_id"]),
    policies: auth["identity_policies"] ?? [],
  };
}

async function reads(token: string): Promise<number> {
  return (await server.request("GET", "kv/team/app", undefined, token)).status;
}

describe("entities", () => {
  test("are made, found by id and by name in any case, changed with 204, renamed, deleted", async () => {
    const made = await data("POST", "entity", { name: "Ann", metadata: { team: "blue" }, policies: ["Team", "team"] });
    const id = String(made["id"]);
    expect(made).toEqual({ id, name: "Ann", aliases: null });
    const read = await data("GET", "entity/name/aNN");
    expect(read).toMatchObject({ id, name: "Ann", metadata: { team: "blue" }, policies: ["team"], disabled: false });
    expect(await status("POST", `entity/id/${id}`, { name: "anna" })).toBe(204);
    expect(await status("GET", "entity/name/ann")).toBe(404);
    expect(await data("LIST", "entity/name")).toMatchObject({ keys: expect.arrayContaining(["anna"]) });
    await refused("POST", "entity", { id: "x" }, "entity not found from id");
    expect(await status("DELETE", "entity/name/ANNA")).toBe(204);
    expect(await status("GET", `entity/id/${id}`)).toBe(404);
  });

  test("a name is one entity's alone", async () => {
    const one = await data("POST", "entity", { name: "one" });
    await data("POST", "entity", { name: "two" });
    await refused("POST", `entity/id/${String(one["id"])}`, { name: "TWO" }, "entity name is already in use");
    expect(await status("POST", `entity/id/${String(one["id"])}`, { name: "ONE" })).toBe(204);
  });

  test.each([
    [{ policies: ["root"] }, "policies cannot contain root"],
    [{ policies: [" ROOT "] }, "policies cannot contain root"],
    [{ metadata: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, "v"])) }, "more than 64 pairs"],
    [{ metadata: { ["k".repeat(129)]: "v" } }, "longer than 128 bytes"],
    [{ metadata: { k: "v".repeat(513) } }, "longer than 512 bytes"],
    [{ metadata: { k: { deep: "v" } } }, "members are strings"],
    [{ name: "a\u0000b" }, "control characters"],
    [{ name: "n".repeat(513) }, "longer than 512 bytes"],
  ])("refuse case %#", async (body, text) => {
    await refused("POST", "entity", body, text);
  });

  test("take 64 pairs, keys of 128 bytes and values of 512", async () => {
    const metadata = Object.fromEntries(Array.from({ length: 63 }, (_, i) => [`k${i}`, "v"]));
    metadata["k".repeat(128)] = "v".repeat(512);
    const { id } = await data("POST", "entity", { name: "full", metadata });
    expect(await data("GET", `entity/id/${String(id)}`)).toMatchObject({ metadata });
  });
});

describe("aliases", () => {
  test("one for each mount and entity, one name for each mount; metadata of one mount is never that of another", async () => {
    const { id } = await data("POST", "entity", { name: "aliased" });
    const place = { canonical_id: id, mount_accessor: accessors.get("toy") };
    const made = await data("POST", "entity-alias", { ...place, name: "Al", custom_metadata: { k: "v" } });
    expect(made).toEqual({ id: made["id"], canonical_id: id });
    await refused("POST", "entity-alias", { ...place, name: "al2" }, "Alias already exists");
    await login("toy", "AL", { metadata: { from: "toy" } });
    const other = await data("POST", "entity-alias", { ...place, mount_accessor: accessors.get("other"), name: "al" });
    expect(other["id"]).not.toBe(made["id"]);
    const read = await data("GET", `entity-alias/id/${String(made["id"])}`);
    expect(read).toMatchObject({
      name: "Al",
      metadata: { from: "toy" },
      custom_metadata: { k: "v" },
      mount_path: "auth/toy/",
    });
    expect(await data("GET", `entity-alias/id/${String(other["id"])}`)).toMatchObject({ metadata: null });
    expect(await status("POST", `entity-alias/id/${String(made["id"])}`, { name: "Al" })).toBe(204);
    await refused(
      "POST",
      `entity-alias/id/${String(made["id"])}`,
      { mount_accessor: accessors.get("other") },
      "already",
    );
    await refused("POST", "entity-alias", { name: "x", mount_accessor: "auth_toy_0" }, "invalid mount accessor");
    await refused("POST", "entity-alias", { name: "x" }, "'id' or 'mount_accessor' and 'name' must be provided");
  });

  test("move to another entity, and go alone", async () => {
    const [from, to] = [await data("POST", "entity", { name: "from" }), await data("POST", "entity", { name: "to" })];
    const place = { mount_accessor: accessors.get("toy"), canonical_id: from["id"] };
    const { id } = await data("POST", "entity-alias", { ...place, name: "mover" });
    expect(await data("POST", `entity-alias/id/${String(id)}`, { canonical_id: to["id"] })).toMatchObject({
      canonical_id: to["id"],
    });
    expect((await login("toy", "mover")).entity).toBe(to["id"]);
    expect(await status("DELETE", `entity-alias/id/${String(id)}`)).toBe(204);
    expect(await status("DELETE", `entity-alias/id/${String(id)}`)).toBe(204);
    expect((await login("toy", "mover")).entity).not.toBe(to["id"]);
  });

  test("go with their mount, and the name is free for the next of the same path", async () => {
    await server.request("POST", "sys/auth/brief", { type: "toy" });
    const { entity } = await login("brief", "ann");
    const before = await data("GET", `entity/id/${entity}`);
    const [{ id } = { id: "" }] = before["aliases"] as { id: string }[];
    await server.request("DELETE", "sys/auth/brief");
    expect(await data("GET", `entity/id/${entity}`)).toMatchObject({ aliases: [] });
    expect(await status("GET", `entity-alias/id/${id}`)).toBe(404);
    await server.request("POST", "sys/auth/brief", { type: "toy" });
    expect((await login("brief", "ann")).entity).not.toBe(entity);
  });
});

describe("logins", () => {
  test("a hundred first logins of one name at once make one entity", async () => {
    const all = await Promise.all(Array.from({ length: 100 }, () => login("toy", "crowd")));
    expect(new Set(all.map(({ entity }) => entity)).size).toBe(1);
    const { aliases } = await data("GET", `entity/id/${all[0]?.entity ?? ""}`);
    expect(aliases).toHaveLength(1);
  });

  test("a disabled entity is refused at once, also its tokens; a deleted one's tokens too", async () => {
    const { token, entity } = await login("toy", "bad", { policies: ["team"] });
    expect(await reads(token)).toBe(200);
    await server.request("POST", `identity/entity/id/${entity}`, { disabled: true });
    expect(await reads(token)).toBe(403);
    expect((await server.request("POST", "auth/toy/login/bad", {}, "")).status).toBe(403);
    await server.request("POST", `identity/entity/id/${entity}`, { disabled: false });
    expect(await reads(token)).toBe(200);
    await server.request("DELETE", `identity/entity/id/${entity}`);
    expect(await reads(token)).toBe(403);
  });

  test("policies of the entity hold for the next request and are shown at login", async () => {
    const { token, entity, policies } = await login("toy", "grown");
    expect(policies).toEqual([]);
    expect(await reads(token)).toBe(403);
    await server.request("POST", `identity/entity/id/${entity}`, { policies: ["team"] });
    expect(await reads(token)).toBe(200);
    expect((await login("toy", "grown")).policies).toEqual(["team"]);
  });
});

describe("templated policies", () => {
  test("follow the entity, its alias and its groups from one request to the next", async () => {
    const accessor = accessors.get("toy") ?? "";
    const policy = [
      "kv/own/{{identity.entity.name}}",
      `kv/at/{{identity.entity.aliases.${accessor}.metadata.desk}}`,
      "kv/zone/{{identity.groups.names.zoned.metadata.zone}}",
    ].map((path) => `path "${path}" { capabilities = ["read"] }`);
    await server.request("POST", "sys/policy/own", { policy: policy.join("\n") });
    for (const path of ["own/tim", "own/tom", "at/7", "at/8", "zone/eu"]) {
      await server.request("POST", `kv/${path}`, { a: "1" });
    }
    const { token, entity } = await login("toy", "tim", { policies: ["own"], metadata: { desk: "7" } });
    const seen = async (path: string): Promise<number> =>
      (await server.request("GET", `kv/${path}`, undefined, token)).status;
    await server.request("POST", `identity/entity/id/${entity}`, { name: "tim" });
    expect([await seen("own/tim"), await seen("own/tom"), await seen("at/7"), await seen("zone/eu")]).toEqual([
      200, 403, 200, 403,
    ]);
    await server.request("POST", `identity/entity/id/${entity}`, { name: "tom" });
    expect([await seen("own/tim"), await seen("own/tom")]).toEqual([403, 200]);
    await login("toy", "tim", { metadata: { desk: "8" } });
    expect([await seen("at/7"), await seen("at/8")]).toEqual([403, 200]);
    await login("toy", "tim", { metadata: { desk: "*" } });
    expect([await seen("at/7"), await seen("at/8")]).toEqual([403, 403]);
    await data("POST", "group", { name: "zoned", metadata: { zone: "eu" }, member_entity_ids: [entity] });
    expect(await seen("zone/eu")).toBe(200);
    await server.request("DELETE", "identity/group/name/zoned");
    expect(await seen("zone/eu")).toBe(403);
  });

  test("every entity may read itself, and no other", async () => {
    const [one, two] = [await login("toy", "self-one"), await login("toy", "self-two")];
    const read = async (id: string): Promise<number> =>
      (await server.request("GET", `identity/entity/id/${id}`, undefined, one.token)).status;
    expect([await read(one.entity), await read(two.entity)]).toEqual([200, 403]);
  });
});

describe("groups", () => {
  test("give their policies directly and through others, until they no longer do", async () => {
    const { token, entity } = await login("toy", "member");
    const inner = await data("POST", "group", { name: "inner", member_entity_ids: [entity] });
    const outer = await data("POST", "group", { name: "outer", member_group_ids: [inner["id"]] });
    expect(await reads(token)).toBe(403);
    expect(await status("POST", `group/id/${String(outer["id"])}`, { policies: ["team"] })).toBe(204);
    expect(await reads(token)).toBe(200);
    expect(await data("GET", `entity/id/${entity}`)).toMatchObject({
      direct_group_ids: [inner["id"]],
      inherited_group_ids: [outer["id"]],
      group_ids: [inner["id"], outer["id"]],
    });
    expect(await data("GET", `group/id/${String(inner["id"])}`)).toMatchObject({ parent_group_ids: [outer["id"]] });
    expect(await status("POST", "group/name/OUTER", { member_group_ids: [] })).toBe(204);
    expect(await reads(token)).toBe(403);
    await server.request("POST", "identity/group/name/outer", { member_group_ids: [inner["id"]] });
    expect(await reads(token)).toBe(200);
    await server.request("POST", "identity/group/name/inner", { member_entity_ids: [] });
    expect(await reads(token)).toBe(403);
    await server.request("POST", "identity/group/name/inner", { member_entity_ids: [entity] });
    expect(await reads(token)).toBe(200);
    await server.request("DELETE", "identity/group/name/inner");
    expect(await reads(token)).toBe(403);
    expect(await data("GET", `group/id/${String(outer["id"])}`)).toMatchObject({ member_group_ids: null });
  });

  test("are never in a circle", async () => {
    const a = await data("POST", "group", { name: "circle-a" });
    const b = await data("POST", "group", { name: "circle-b", member_group_ids: [a["id"]] });
    const c = await data("POST", "group", { name: "circle-c", member_group_ids: [b["id"]] });
    await refused("POST", "group/name/circle-a", { member_group_ids: [a["id"]] }, "cyclic relationship");
    await refused("POST", "group/name/circle-a", { member_group_ids: [c["id"]] }, "cyclic relationship");
    expect(await data("GET", "group/name/circle-a")).toMatchObject({ member_group_ids: null });
  });

  test("are nested 32 deep and no deeper", async () => {
    let below: unknown;
    for (let depth = 1; depth <= 32; depth += 1) {
      const members = below === undefined ? {} : { member_group_ids: [below] };
      below = (await data("POST", "group", { name: `deep-${depth}`, ...members }))["id"];
    }
    await refused("POST", "group", { name: "deep-33", member_group_ids: [below] }, "deeper than 32");
    const { id } = await data("POST", "group", { name: "deep-0" });
    await refused("POST", "group/name/deep-1", { member_group_ids: [id] }, "deeper than 32");
  });

  test.each([
    [{ policies: ["Root"] }, "policies cannot contain root"],
    [{ type: "other" }, "invalid group type"],
    [{ type: "external", member_entity_ids: ["x"] }, "member entities can't be set manually for external groups"],
    [{ type: "external", member_group_ids: ["x"] }, "member groups can't be set for external groups"],
    [{ member_entity_ids: ["nobody"] }, "names an entity that is not there"],
    [{ member_group_ids: ["nothing"] }, "names a group that is not there"],
    [{ member_entity_ids: Array.from({ length: 10_001 }, () => "x") }, "more than 10000 ids"],
    [{ id: "nothing" }, "invalid group ID"],
  ])("refuse %#", async (body, text) => {
    await refused("POST", "group", body, text);
  });

  test("a type is for ever, a name one group's alone", async () => {
    const { id } = await data("POST", "group", { name: "fixed" });
    await refused("POST", `group/id/${String(id)}`, { type: "external" }, "group type cannot be changed");
    await refused("POST", "group", { name: "FIXED" }, "group name is already in use");
  });

  test("external ones are joined and left by logins of their own mount alone", async () => {
    const place = { name: "Devs", mount_accessor: accessors.get("toy") };
    const { canonical_id: group } = await data("POST", "group-alias", place);
    await server.request("POST", `identity/group/id/${String(group)}`, { policies: ["team"] });
    const { token, policies, entity } = await login("toy", "dev", { groups: ["devs", "ops"] });
    expect(policies).toEqual(["team"]);
    expect(await reads(token)).toBe(200);
    const alias = { name: "dev", mount_accessor: accessors.get("other"), canonical_id: entity };
    await data("POST", "entity-alias", alias);
    await login("other", "dev", { groups: [] });
    expect(await reads(token)).toBe(200);
    await login("toy", "dev");
    expect(await reads(token)).toBe(200);
    await login("toy", "dev", { groups: ["ops"] });
    expect(await reads(token)).toBe(403);
    expect((await login("other", "dev", { groups: ["devs"] })).policies).toEqual([]);
  });

  test("external ones are joined and left at a renewal too", async () => {
    const { canonical_id: team } = await data("POST", "group-alias", {
      name: "later",
      mount_accessor: accessors.get("toy"),
    });
    await server.request("POST", `identity/group/id/${String(team)}`, { policies: ["team"] });
    const { token } = await login("toy", "late");
    expect(await reads(token)).toBe(403);
    await server.request("POST", "auth/toy/groups/late", { groups: ["later"] });
    expect((await server.request("POST", "auth/token/renew", { token })).status).toBe(200);
    expect(await reads(token)).toBe(200);
    await server.request("POST", "auth/toy/groups/late", { groups: ["none"] });
    expect((await server.request("POST", "auth/token/renew-self", {}, token)).status).toBe(200);
    expect(await reads(token)).toBe(403);
  });

  test("hashicorp/vault#3771: a group alias can be deleted after its group, and its name is free again", async () => {
    const { id: group } = await data("POST", "group", { name: "talk", type: "external" });
    const place = { name: "talkers", mount_accessor: accessors.get("toy"), canonical_id: group };
    const { id } = await data("POST", "group-alias", place);
    expect(await status("DELETE", `group/id/${String(group)}`)).toBe(204);
    expect(await status("DELETE", `group-alias/id/${String(id)}`)).toBe(204);
    expect(await status("GET", `group-alias/id/${String(id)}`)).toBe(404);
    const again = await data("POST", "group-alias", { name: "talkers", mount_accessor: accessors.get("toy") });
    expect(again["id"]).not.toBe(id);
  });

  test("nobody keeps the rights of a group whose alias has gone, has moved or has another name", async () => {
    const { id: alias, canonical_id: group } = await data("POST", "group-alias", {
      name: "gone",
      mount_accessor: accessors.get("toy"),
    });
    await server.request("POST", `identity/group/id/${String(group)}`, { policies: ["team"] });
    const { token } = await login("toy", "goer", { groups: ["gone"] });
    expect(await reads(token)).toBe(200);
    const renamed = { name: "left", mount_accessor: accessors.get("toy") };
    expect(await status("POST", `group-alias/id/${String(alias)}`, renamed)).toBe(200);
    expect(await reads(token)).toBe(403);
    await login("toy", "goer", { groups: ["left"] });
    expect(await reads(token)).toBe(200);
    await server.request("DELETE", `identity/group-alias/id/${String(alias)}`);
    expect(await reads(token)).toBe(403);
  });

  test("an alias is of external groups alone, one name one group's", async () => {
    const { id } = await data("POST", "group", { name: "own-people" });
    const place = { name: "people", mount_accessor: accessors.get("toy") };
    await refused("POST", "group-alias", { ...place, canonical_id: id }, "alias can't be set on an internal group");
    await refused("POST", "group-alias", { ...place, canonical_id: "nothing" }, "group that is not there");
    await data("POST", "group-alias", place);
    await refused("POST", "group-alias", { ...place, name: "PEOPLE" }, "already in use");
  });
});

describe("merge", () => {
  test("aliases and groups come along, old tokens belong to who is left", async () => {
    const old = await login("toy", "old-me");
    const kept = await login("other", "new-me");
    const { id: group } = await data("POST", "group", {
      name: "merged",
      member_entity_ids: [old.entity],
      policies: ["team"],
    });
    expect(await reads(kept.token)).toBe(403);
    const body = { from_entity_ids: [old.entity], to_entity_id: kept.entity };
    expect(await status("POST", "entity/merge", body)).toBe(204);
    expect(await reads(kept.token)).toBe(200);
    expect(await reads(old.token)).toBe(200);
    expect(await data("GET", `entity/id/${kept.entity}`)).toMatchObject({
      merged_entity_ids: [old.entity],
      direct_group_ids: [group],
    });
    expect(await status("GET", `entity/id/${old.entity}`)).toBe(404);
    expect((await login("toy", "old-me")).entity).toBe(kept.entity);
    await server.request("DELETE", `identity/entity/id/${kept.entity}`);
    expect(await reads(old.token)).toBe(403);
  });

  test("aliases of one mount meet only if it is said which to keep", async () => {
    const [from, to] = [await login("toy", "clash-a"), await login("toy", "clash-b")];
    const body = { from_entity_ids: [from.entity], to_entity_id: to.entity };
    await refused("POST", "entity/merge", body, "aliases with the same mount accessor");
    const aliases = (await data("GET", `entity/id/${from.entity}`))["aliases"] as { id: string }[];
    await refused("POST", "entity/merge", { ...body, conflicting_alias_ids_to_keep: ["x"] }, "neither were present");
    const keep = [aliases[0]?.id];
    expect(await status("POST", "entity/merge", { ...body, conflicting_alias_ids_to_keep: keep })).toBe(204);
    expect((await login("toy", "clash-a")).entity).toBe(to.entity);
    expect((await login("toy", "clash-b")).entity).not.toBe(to.entity);
  });

  test.each([
    [{}, "missing entity id to merge to"],
    [{ to_entity_id: "x" }, "missing entity ids to merge from"],
    [{ to_entity_id: "x", from_entity_ids: ["y"] }, "entity id to merge to is invalid"],
  ])("refuses %j", async (body, text) => {
    await refused("POST", "entity/merge", body, text);
  });
});

test("what is looked up", async () => {
  const { entity } = await login("toy", "sought");
  const place = { alias_name: "SOUGHT", alias_mount_accessor: accessors.get("toy") };
  const found = await data("POST", "lookup/entity", place);
  expect(found).toMatchObject({ id: entity });
  const [alias] = found["aliases"] as { id: string }[];
  for (const query of [{ id: entity }, { name: found["name"] }, { alias_id: alias?.id }]) {
    expect(await data("POST", "lookup/entity", query)).toMatchObject({ id: entity });
  }
  expect(await status("POST", "lookup/entity", { id: "nobody" })).toBe(204);
  await refused("POST", "lookup/entity", {}, "query parameter not supplied");
  await refused("POST", "lookup/entity", { id: entity, name: "x" }, "query parameter conflict");
  await refused("POST", "lookup/entity", { alias_name: "x" }, "both 'alias_name' and 'alias_mount_accessor'");
});
