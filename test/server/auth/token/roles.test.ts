/** Token roles and batch tokens through the real server: what a role allows, what it makes of a request, how its tokens end. */
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { matchesGlob } from "../../../../server/auth/token/glob.ts";
import { type FakeClock, fakeClock } from "../../../fakes/clock.ts";
import { type TestReply, type TestServer, testServer } from "../../../fakes/server.ts";
import { toyAuth } from "../../../fakes/toy-auth.ts";

const START = Date.UTC(2026, 0, 2, 3, 4, 5);
const HOUR = 3600;

let clock: FakeClock;
let server: TestServer;
let sudoer = "";
let maker = "";

beforeEach(async () => {
  clock = fakeClock(START);
  server = await testServer({
    clock,
    kinds: [toyAuth],
    defaultLeaseTtl: 10 * HOUR * 1000,
    maxLeaseTtl: 100 * HOUR * 1000,
  });
  await policy("maker", 'path "auth/token/*" { capabilities = ["create", "update", "read"] }');
  await policy("sudoer", 'path "auth/token/*" { capabilities = ["create", "update", "read", "list", "sudo"] }');
  await policy("app", 'path "cubbyhole/*" { capabilities = ["create", "update", "read"] }');
  maker = (await make({ policies: ["maker"] }, "create", "")).client_token;
  sudoer = (await make({ policies: ["sudoer"] }, "create", "")).client_token;
});
afterEach(() => server.close());

interface Auth {
  readonly client_token: string;
  readonly accessor: string;
  readonly policies: readonly string[];
  readonly token_type: string;
  readonly orphan: boolean;
  readonly entity_id: string;
  readonly lease_duration: number;
  readonly renewable: boolean;
  readonly num_uses: number;
}

const policy = (name: string, text: string) => server.request("POST", `sys/policies/acl/${name}`, { policy: text });
const role = (name: string, data: object) => server.request("POST", `auth/token/roles/${name}`, data);
const errorsOf = ({ body }: TestReply) => ((body?.["errors"] ?? []) as string[]).join("\n");

/** @param by "" = root */
async function make(data: object, path = "create", by = maker): Promise<Auth> {
  const reply = await server.request("POST", `auth/token/${path}`, data, by === "" ? server.rootToken : by);
  expect([errorsOf(reply), reply.status]).toEqual(["", 200]);
  return reply.body?.["auth"] as Auth;
}

async function refusal(data: object, path: string, by = maker): Promise<string> {
  const reply = await server.request("POST", `auth/token/${path}`, data, by);
  expect(reply.status).toBe(400);
  return errorsOf(reply);
}

async function lookup(token: string): Promise<Record<string, unknown>> {
  return (await server.request("GET", "auth/token/lookup-self", undefined, token)).body?.["data"] as Record<
    string,
    unknown
  >;
}

describe("a role", () => {
  test("is kept and read with all its fields; what is not sent stays", async () => {
    expect((await role("r", {})).status).toBe(204);
    const plain = {
      allowed_entity_aliases: [],
      allowed_policies: [],
      allowed_policies_glob: [],
      disallowed_policies: [],
      disallowed_policies_glob: [],
      explicit_max_ttl: 0,
      name: "r",
      orphan: false,
      path_suffix: "",
      period: 0,
      renewable: true,
      token_explicit_max_ttl: 0,
      token_no_default_policy: false,
      token_period: 0,
      token_type: "default-service",
    };
    const read = async () => (await server.request("GET", "auth/token/roles/r")).body?.["data"];
    expect(await read()).toEqual(plain);
    await role("r", {
      allowed_policies: "B,a",
      period: "2h",
      bound_cidrs: ["10.0.0.0/8"],
      token_num_uses: 3,
      token_max_count: 2,
    });
    await role("r", { orphan: true, explicit_max_ttl: 60, allowed_entity_aliases: ["Web-*"], path_suffix: "v1.2" });
    expect(await read()).toEqual({
      ...plain,
      allowed_policies: ["b", "a"],
      allowed_entity_aliases: ["web-*"],
      bound_cidrs: ["10.0.0.0/8"],
      token_bound_cidrs: ["10.0.0.0/8"],
      explicit_max_ttl: 60,
      token_explicit_max_ttl: 60,
      orphan: true,
      path_suffix: "v1.2",
      period: 7200,
      token_period: 7200,
      token_num_uses: 3,
      token_max_count: 2,
    });
    expect((await server.request("LIST", "auth/token/roles")).body?.["data"]).toEqual({ keys: ["r"] });
    await server.request("DELETE", "auth/token/roles/r");
    expect((await server.request("GET", "auth/token/roles/r")).status).toBe(404);
    expect(await refusal({}, "create/r")).toContain("unknown role r");
  });

  test.each([
    [{ path_suffix: "a/b" }, "path_suffix must be"],
    [{ path_suffix: "a..b" }, "path_suffix must be"],
    [{ token_bound_cidrs: "10.0.0.0/99" }, "not a CIDR block"],
    [{ token_num_uses: -1 }, "token_num_uses cannot be negative"],
    [{ token_max_count: -1 }, "token_max_count cannot be negative"],
    [{ token_type: "odd" }, "token_type"],
    [{ token_type: "batch" }, "non-orphan tokens"],
    [{ token_type: "batch", orphan: true }, "renewable tokens"],
    [{ token_type: "batch", orphan: true, renewable: false, token_period: 1 }, "periodic tokens"],
    [{ token_type: "batch", orphan: true, renewable: false, token_explicit_max_ttl: 1 }, "explicit max TTL"],
    [{ token_type: "batch", orphan: true, renewable: false, token_num_uses: 1 }, "limited use count"],
    [{ token_type: "batch", orphan: true, renewable: false, token_max_count: 1 }, "token_max_count"],
  ])("with %j is refused", async (data, message) => {
    const reply = await role("bad", data);
    expect([reply.status, errorsOf(reply)]).toEqual([400, expect.stringContaining(message)]);
  });

  test.each`
    about                                  | of                                                               | asked                                  | got
    ${"its allowed ones when none asked"}  | ${{ allowed_policies: ["a", "b"] }}                              | ${{}}                                  | ${["a", "b", "default"]}
    ${"some of the allowed ones"}          | ${{ allowed_policies: ["a", "b"] }}                              | ${{ policies: ["B "] }}                | ${["b", "default"]}
    ${"others not"}                        | ${{ allowed_policies: ["a"] }}                                   | ${{ policies: ["c"] }}                 | ${"must be subset of the role's allowed policies"}
    ${"the caller's own not either"}       | ${{ allowed_policies: ["a"] }}                                   | ${{ policies: ["maker"] }}             | ${"must be subset of the role's allowed policies"}
    ${"what fits a glob"}                  | ${{ allowed_policies_glob: ["team-*"] }}                         | ${{ policies: ["team-x"] }}            | ${["default", "team-x"]}
    ${"not what does not fit"}             | ${{ allowed_policies_glob: ["team-*"] }}                         | ${{ policies: ["xteam-x"] }}           | ${"must be subset of the role's allowed policies"}
    ${"a glob alone gives none"}           | ${{ allowed_policies_glob: ["team-*"] }}                         | ${{}}                                  | ${["default"]}
    ${"all but the disallowed"}            | ${{ disallowed_policies: ["x"] }}                                | ${{ policies: ["y"] }}                 | ${["default", "y"]}
    ${"never the disallowed"}              | ${{ disallowed_policies: ["x"] }}                                | ${{ policies: ["y", " X"] }}           | ${'"x" is disallowed by this role'}
    ${"nor what fits the glob"}            | ${{ disallowed_policies_glob: ["admin*"] }}                      | ${{ policies: ["administrator"] }}     | ${"is disallowed by this role"}
    ${"allowed and disallowed"}            | ${{ allowed_policies: ["a", "b"], disallowed_policies: ["b"] }}  | ${{}}                                  | ${'"b" is disallowed by this role'}
    ${"the caller's when only disallowed"} | ${{ disallowed_policies: ["x"] }}                                | ${{}}                                  | ${["default", "maker"]}
    ${"default can be disallowed"}         | ${{ allowed_policies: ["a"], disallowed_policies: ["default"] }} | ${{}}                                  | ${["a"]}
    ${"default can be left out by role"}   | ${{ allowed_policies: ["a"], token_no_default_policy: true }}    | ${{}}                                  | ${["a"]}
    ${"default can be left out by wish"}   | ${{ allowed_policies: ["a"] }}                                   | ${{ no_default_policy: true }}         | ${["a"]}
    ${"root never"}                        | ${{ allowed_policies: ["root"] }}                                | ${{}}                                  | ${"root tokens may not be created without parent token being root"}
    ${"root never, by glob"}               | ${{ allowed_policies_glob: ["*"] }}                              | ${{ policies: ["ROOT "] }}             | ${"root tokens may not be created without parent token being root"}
    ${"reserved ones never"}               | ${{ allowed_policies_glob: ["*"] }}                              | ${{ policies: ["response-wrapping"] }} | ${"cannot assign policy"}
    ${"without rules the caller's"}        | ${{}}                                                            | ${{ policies: ["app"] }}               | ${"child policies must be subset of parent"}
    ${"without rules the caller's, again"} | ${{ token_no_default_policy: true }}                             | ${{}}                                  | ${["maker"]}
  `("gives policies: $about", async (row) => {
    const { of, asked, got } = row as unknown as { of: object; asked: object; got: string | string[] };
    await role("p", of);
    if (typeof got === "string") expect(await refusal(asked, "create/p")).toContain(got);
    else expect((await make(asked, "create/p")).policies).toEqual(got);
  });

  test("sets the lesser of two limits and says so, shows its name and suffix in the token", async () => {
    await role("l", {
      token_explicit_max_ttl: "2h",
      token_num_uses: 5,
      path_suffix: "v1",
      renewable: false,
      token_bound_cidrs: "127.0.0.0/8",
    });
    const { body } = await server.request(
      "POST",
      "auth/token/create/l",
      { explicit_max_ttl: "1h", num_uses: 9 },
      maker,
    );
    const auth = body?.["auth"] as Auth;
    expect(body?.["warnings"]).toContain(
      "Explicit max TTL specified both during creation call and in role; using the lesser value of 3600 seconds",
    );
    expect(auth).toMatchObject({ lease_duration: HOUR, renewable: false, num_uses: 5, orphan: false });
    expect(await lookup(auth.client_token)).toMatchObject({
      path: "auth/token/create/l/v1",
      role: "l",
      explicit_max_ttl: HOUR,
      num_uses: 4,
      bound_cidrs: ["127.0.0.0/8"],
    });
    expect((await server.request("LIST", "sys/leases/lookup/auth/token/create/l")).body?.["data"]).toEqual({
      keys: ["v1/"],
    });
  });

  test("binds its tokens to networks strictly", async () => {
    await role("far", { token_bound_cidrs: "10.0.0.0/8" });
    const { client_token: token } = await make({}, "create/far");
    expect((await server.request("GET", "auth/token/lookup-self", undefined, token)).status).toBe(403);
  });

  test("needs none for the networks of who makes a token: they hold for the new one too", async () => {
    await role("near", { token_bound_cidrs: "127.0.0.0/8" });
    const near = await make({ policies: ["maker"] }, "create/near", "");
    for (const data of [{}, { type: "batch" }]) {
      const child = await make(data, "create", near.client_token);
      expect(await lookup(child.client_token)).toMatchObject({ bound_cidrs: ["127.0.0.0/8"] });
    }
  });

  test("makes orphans that outlive who made them, and periodic ones without sudo", async () => {
    await role("o", { orphan: true, token_period: "1h" });
    await role("c", {});
    const orphan = await make({}, "create/o");
    const child = await make({}, "create/c");
    expect([orphan.orphan, child.orphan, orphan.lease_duration]).toEqual([true, false, HOUR]);
    await server.request("POST", "auth/token/revoke-self", {}, maker);
    expect(await lookup(orphan.client_token)).toMatchObject({ period: HOUR, orphan: true });
    expect(await lookup(child.client_token)).toBeUndefined();
  });

  test("decides at each renewal anew; without it there is none", async () => {
    await role("n", { token_period: "1h" });
    const { client_token: token } = await make({}, "create/n");
    const renew = async () =>
      (await server.request("POST", "auth/token/renew-self", {}, token)).body?.["auth"] as Auth | undefined;
    expect(await renew()).toMatchObject({ lease_duration: HOUR });
    await role("n", { token_period: "2h" });
    expect(await renew()).toMatchObject({ lease_duration: 2 * HOUR });
    await server.request("DELETE", "auth/token/roles/n");
    expect((await server.request("POST", "auth/token/renew-self", {}, token)).status).toBe(403);
    expect(await lookup(token)).toBeDefined();
  });

  test("gives at most so many tokens at a time", async () => {
    await role("m", { token_max_count: 2 });
    const tokens = [await make({}, "create/m"), await make({}, "create/m")];
    const full = await server.request("POST", "auth/token/create/m", {}, maker);
    expect([full.status, full.headers.get("retry-after")]).toEqual([429, "30"]);
    await server.request("POST", "auth/token/revoke-accessor", { accessor: tokens[0]?.accessor });
    await make({}, "create/m");
  });

  test("never gives a token of who logs in by the same name elsewhere (CVE-2026-40264)", async () => {
    await server.request("POST", "sys/auth/toy", { type: "toy" });
    const login = await server.request("POST", "auth/toy/login/ann", {}, "");
    const { entity_id: ann } = login.body?.["auth"] as Auth;
    await role("any", { allowed_entity_aliases: ["*"] });
    const made = await make({ entity_alias: "ann" }, "create/any");
    expect([made.entity_id.length, made.entity_id === ann]).toEqual([36, false]);
    expect((await make({ entity_alias: ann }, "create/any")).entity_id).not.toBe(ann);
  });

  test("gives tokens of an entity by its alias, those it allows alone", async () => {
    await role("e", { allowed_entity_aliases: ["web-*"] });
    expect(await refusal({ entity_alias: "db-1" }, "create/e")).toContain("invalid 'entity_alias' value");
    expect(await refusal({ entity_alias: "web-1" }, "create", sudoer)).toContain(
      "only allowed in combination with token role",
    );
    const one = await make({ entity_alias: "Web-1" }, "create/e");
    const again = await make({ entity_alias: "web-1" }, "create/e");
    expect(one.entity_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(again.entity_id).toBe(one.entity_id);
    await server.request("POST", `identity/entity/id/${one.entity_id}`, { policies: ["app"] });
    expect(await lookup(one.client_token)).toMatchObject({
      entity_id: one.entity_id,
      identity_policies: ["app"],
      external_namespace_policies: {},
      policies: ["default", "maker"],
    });
    const third = await make({ entity_alias: "web-1" }, "create/e");
    expect(third).toMatchObject({
      policies: ["app", "default", "maker"],
      identity_policies: ["app"],
      token_policies: ["default", "maker"],
    });
  });
});

describe("a batch token", () => {
  test("is made by wish or by role, and looked up as Vault shows it", async () => {
    const { client_token: token, ...auth } = await make(
      { type: "batch", policies: ["app"], ttl: "1h", meta: { a: "b" } },
      "create",
      "",
    );
    expect(auth).toMatchObject({
      accessor: "",
      token_type: "batch",
      renewable: false,
      orphan: false,
      lease_duration: HOUR,
      num_uses: 0,
    });
    const end = "2026-01-02T04:04:05Z";
    expect(await lookup(token)).toEqual({
      accessor: "",
      creation_time: START / 1000,
      creation_ttl: HOUR,
      display_name: "token",
      entity_id: "",
      expire_time: end,
      explicit_max_ttl: 0,
      id: token,
      issue_time: "2026-01-02T03:04:05Z",
      meta: { a: "b" },
      num_uses: 0,
      orphan: false,
      path: "auth/token/create",
      policies: ["app", "default"],
      renewable: false,
      ttl: HOUR,
      type: "batch",
    });
    await role("b", { token_type: "batch", orphan: true, renewable: false, allowed_policies: "app" });
    await role("d", { token_type: "default-batch", allowed_policies: "app", token_explicit_max_ttl: "30m" });
    await role("s", { token_type: "service", allowed_policies: "app" });
    expect(await make({ type: "service" }, "create/b")).toMatchObject({ token_type: "batch", orphan: true });
    expect(await make({}, "create/d")).toMatchObject({ token_type: "batch", orphan: false, lease_duration: HOUR / 2 });
    expect(await make({ type: "service" }, "create/d")).toMatchObject({ token_type: "service" });
    expect(await make({ type: "batch" }, "create/s")).toMatchObject({ token_type: "service" });
    // A period has no maximum; nobody renews a batch token.
    await role("p", { allowed_policies: "app", token_period: "9000h" });
    expect(await make({ type: "batch" }, "create/p")).toMatchObject({
      token_type: "batch",
      lease_duration: 10 * HOUR,
    });
  });

  test("makes no tokens, is not renewed or revoked, has no cubbyhole, ends with its parent", async () => {
    const parent = await make({ policies: ["maker", "app", "default"] }, "create", "");
    const { client_token: token } = await make({ type: "batch" }, "create", parent.client_token);
    for (const [path, message] of [
      ["auth/token/create", "batch tokens cannot create more tokens"],
      ["auth/token/renew-self", "batch tokens cannot be renewed"],
      ["auth/token/revoke-self", "batch tokens cannot be revoked"],
    ] as const) {
      const reply = await server.request("POST", path, {}, token);
      expect([reply.status, errorsOf(reply)]).toEqual([400, message]);
    }
    for (const path of ["renew", "revoke", "revoke-orphan"]) {
      expect((await server.request("POST", `auth/token/${path}`, { token })).status).toBe(400);
    }
    expect((await server.request("POST", "cubbyhole/a", { b: "c" }, token)).status).toBeGreaterThanOrEqual(400);
    await server.request("POST", "auth/token/revoke", { token: parent.client_token });
    expect(await lookup(token)).toBeUndefined();
  });
});

test("tidy starts and says so", async () => {
  const reply = await server.request("POST", "auth/token/tidy");
  expect([reply.status, reply.body?.["warnings"]]).toEqual([
    202,
    [expect.stringContaining("Tidy operation successfully started")],
  ]);
});

test.each`
  pattern    | text      | fits
  ${"*"}     | ${""}     | ${true}
  ${"a*"}    | ${"a"}    | ${true}
  ${"a*b"}   | ${"ab"}   | ${true}
  ${"a*a"}   | ${"a"}    | ${false}
  ${"*a*"}   | ${"bab"}  | ${true}
  ${"*a*b"}  | ${"xaxb"} | ${true}
  ${"a**b"}  | ${"axb"}  | ${true}
  ${"a*b*"}  | ${"acd"}  | ${false}
  ${"ab*a"}  | ${"aba"}  | ${true}
  ${"ab*ba"} | ${"aba"}  | ${false}
  ${"a"}     | ${"ab"}   | ${false}
  ${"a.c"}   | ${"abc"}  | ${false}
`("glob $pattern on $text: $fits", (row) => {
  const { pattern, text, fits } = row as unknown as { pattern: string; text: string; fits: boolean };
  expect(matchesGlob(pattern, text)).toBe(fits);
});
