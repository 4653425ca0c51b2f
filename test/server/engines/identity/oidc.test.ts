/** Identity tokens: signed for the caller's entity, checked by `jose` as an outside client does, with keys that rotate by themselves. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import { Secret } from "../../../../lib/secret.ts";
import { type FakeClock, fakeClock } from "../../../fakes/clock.ts";
import { type TestServer, testServer } from "../../../fakes/server.ts";
import { toyAuth } from "../../../fakes/toy-auth.ts";

const HOUR = 3_600_000;
const ISSUER = "https://vault.example.com:8200";

let server: TestServer;
let clock: FakeClock;
let token = "";
let entity = "";
let accessor = "";

beforeAll(async () => {
  clock = fakeClock(Date.UTC(2026, 0, 1));
  server = await testServer({ kinds: [toyAuth], clock });
  await post("sys/auth/toy", { type: "toy" });
  await post("sys/policy/oidc", { policy: 'path "identity/oidc/*" { capabilities = ["read", "update"] }' });
  const mounts = (await server.request("GET", "sys/auth")).body as { data: Record<string, { accessor: string }> };
  accessor = mounts.data["toy/"]?.accessor ?? "";
  const body = { policies: ["oidc"], metadata: { mail: 'a"b","sub":"x' } };
  const login = await server.request("POST", "auth/toy/login/ann", body, "");
  const auth = login.body?.["auth"] as Record<string, unknown>;
  [token, entity] = [String(auth["client_token"]), String(auth["entity_id"])];
  await post(`identity/entity/id/${entity}`, { name: "ann", metadata: { team: "blue" } });
  await post("identity/group", { name: "devs", member_entity_ids: [entity] });
  await post("identity/oidc/config", { issuer: ISSUER });
});
afterAll(() => server.close());

async function post(path: string, body: unknown, status?: number): Promise<string> {
  const reply = await server.request("POST", path, body);
  expect([path, reply.text, reply.status < 300]).toEqual([path, reply.text, status === undefined]);
  if (status !== undefined) expect(reply.status).toBe(status);
  return reply.text;
}

async function get(path: string, as = token): Promise<Record<string, unknown>> {
  const reply = await server.request("GET", `identity/oidc/${path}`, undefined, as);
  expect([path, reply.status, reply.text]).toEqual([path, 200, reply.text]);
  return reply.body ?? {};
}

async function signed(role: string): Promise<string> {
  return String(
    (await get(`token/${role}`))["data"] && ((await get(`token/${role}`))["data"] as { token: string }).token,
  );
}

async function keySet(): Promise<JSONWebKeySet> {
  return (await get(".well-known/keys", "")) as unknown as JSONWebKeySet;
}

async function check(jwt: string, audience: string): Promise<JWTPayload> {
  const keys = createLocalJWKSet(await keySet());
  const options = { issuer: `${ISSUER}/v1/identity/oidc`, audience, currentDate: new Date(clock.now()) };
  return (await jwtVerify(jwt, keys, options)).payload;
}

async function introspect(jwt: string, more: object = {}): Promise<unknown> {
  return (await server.request("POST", "identity/oidc/introspect", { token: jwt, ...more }, token)).body;
}

describe.each(["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"])("%s", (algorithm) => {
  test("an outside client checks the token by the published keys", async () => {
    const name = algorithm.toLowerCase();
    await post(`identity/oidc/key/${name}`, { algorithm, allowed_client_ids: ["*"] });
    await post(`identity/oidc/role/${name}`, { key: name, client_id: `client-${name}`, ttl: "1h" });
    const jwt = await signed(name);
    expect(decodeProtectedHeader(jwt).alg).toBe(algorithm);
    const now = clock.now() / 1000;
    expect(await check(jwt, `client-${name}`)).toEqual({
      iss: `${ISSUER}/v1/identity/oidc`,
      namespace: "root",
      sub: entity,
      aud: `client-${name}`,
      iat: now,
      exp: now + 3_600,
    });
    expect(await introspect(jwt)).toEqual({ active: true });
  }, 60_000);
});

describe("templates", () => {
  const role = (template: string): Promise<string> =>
    post("identity/oidc/role/shaped", { key: "es256", client_id: "shaped", ttl: "1h", template });

  test("are filled with values of which none changes the shape", async () => {
    const template = `{"who": {"name": {{identity.entity.name}}, "mail": {{identity.entity.aliases.${accessor}.metadata.mail}}},
      "team": {{ identity.entity.metadata.team }}, "none": {{identity.entity.metadata.none}}, "all": {{identity.entity.metadata}},
      "groups": [{{identity.entity.groups.names}}, 12345678901234567890], "nbf": {{time.now}}, "later": {{time.now.plus.5m}}}`;
    await role(Buffer.from(template).toString("base64"));
    const jwt = await signed("shaped");
    expect(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString()).toContain("12345678901234567890");
    const claims = await check(jwt, "shaped");
    expect(claims).toMatchObject({
      sub: entity,
      who: { name: "ann", mail: 'a"b","sub":"x' },
      team: "blue",
      none: "",
      all: { team: "blue" },
      groups: [["devs"], Number("12345678901234567890")],
      nbf: clock.now() / 1000,
      later: clock.now() / 1000 + 300,
    });
    expect((await get("role/shaped", server.rootToken))["data"]).toMatchObject({ template });
  });

  test.each([
    ['{"a": "{{identity.entity.name}}"}', "stands alone|template JSON"],
    ['{"a": "\\\\{{identity.entity.name}}, "b": "c"}', "stands alone|template JSON"],
    ["{{identity.entity.metadata}}", "JSON"],
    ["{{{identity.entity.name}}: 1}", "never a name|unknown parameter|template JSON"],
    ['{"a": {{identity.entity.email}}}', "unknown parameter"],
    ['{"a": {{time.now.plus.soon}}}', "takes a duration"],
    ['{"sub": "x"}', "not allowed"],
    ["[1]", "JSON"],
    ["{", "JSON"],
  ])("%s is refused", async (template, text) => {
    expect(await post("identity/oidc/role/refused", { key: "es256", template }, 400)).toMatch(new RegExp(text));
  });
});

describe("keys", () => {
  test("rotate by themselves; what was signed before is valid until verification_ttl has passed", async () => {
    await post("identity/oidc/key/turning", {
      rotation_period: "24h",
      verification_ttl: "2h",
      algorithm: "ES256",
      allowed_client_ids: ["turner"],
    });
    await post("identity/oidc/role/turning", { key: "turning", client_id: "turner", ttl: "2h" });
    await clock.advance(24 * HOUR - 1_000);
    const before = await signed("turning");
    const ahead = (await keySet()).keys.map(({ kid }) => kid);
    await clock.advance(2_000);
    const kidOf = (jwt: string): string | undefined => decodeProtectedHeader(jwt).kid;
    let after = before;
    for (let turn = 0; turn < 200 && kidOf(after) === kidOf(before); turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      after = await signed("turning");
    }
    expect(kidOf(after)).not.toBe(kidOf(before));
    expect(ahead).toContain(decodeProtectedHeader(after).kid);
    expect((await check(before, "turner")).sub).toBe(entity);
    expect((await check(after, "turner")).sub).toBe(entity);
    await clock.advance(2 * HOUR);
    await expect(check(before, "turner")).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
    expect(await introspect(before)).toMatchObject({ active: false });
  }, 60_000);

  test("rotate by hand, with a verification_ttl of their own; 0 takes the old one away at once", async () => {
    await post("identity/oidc/key/hand", { algorithm: "EdDSA", allowed_client_ids: ["*"] });
    await post("identity/oidc/role/hand", { key: "hand", client_id: "hand" });
    const before = await signed("hand");
    await post("identity/oidc/key/hand/rotate", {});
    expect((await check(before, "hand")).sub).toBe(entity);
    const between = await signed("hand");
    await post("identity/oidc/key/hand/rotate", { verification_ttl: "0s" });
    await expect(check(between, "hand")).rejects.toThrow();
    expect((await check(before, "hand")).sub).toBe(entity);
    expect(await post("identity/oidc/key/none/rotate", {}, 400)).toContain("no named key found");
  });

  test("of changed algorithms stay published too, 64 of them and no more", async () => {
    await post("identity/oidc/key/fickle", { algorithm: "EdDSA" });
    for (let n = 0; n < 16; n += 1) {
      await post("identity/oidc/key/fickle", { algorithm: "ES256" });
      await post("identity/oidc/key/fickle", { algorithm: "EdDSA" });
    }
    expect(await post("identity/oidc/key/fickle", { algorithm: "ES256" }, 400)).toContain("still valid");
    expect(await post("identity/oidc/key/fickle/rotate", {}, 400)).toContain("still valid");
    await server.request("DELETE", "identity/oidc/key/fickle");
  });

  test("are published only for roles, and gone with the key", async () => {
    await post("identity/oidc/key/lonely", { algorithm: "EdDSA" });
    const count = (await keySet()).keys.length;
    await post("identity/oidc/role/lonely", { key: "lonely" });
    expect((await keySet()).keys).toHaveLength(count + 2);
    expect((await server.request("DELETE", "identity/oidc/key/lonely")).text).toContain(
      "referenced by these roles: lonely",
    );
    await server.request("DELETE", "identity/oidc/role/lonely");
    expect((await server.request("DELETE", "identity/oidc/key/lonely")).status).toBe(204);
    expect((await keySet()).keys).toHaveLength(count);
  });

  test("are there again after a seal, with what they signed before", async () => {
    const jwt = await signed("es384");
    await server.core.operator.seal();
    expect((await server.request("GET", "identity/oidc/.well-known/keys", undefined, "")).status).toBe(503);
    for (const key of server.keys) await server.core.operator.unseal(new Secret(key));
    expect((await check(jwt, "client-es384")).sub).toBe(entity);
    expect(decodeProtectedHeader(await signed("es384")).kid).toBe(decodeProtectedHeader(jwt).kid);
  });

  test("never leave the server with their private part", async () => {
    const text = JSON.stringify(await keySet());
    expect(text).not.toMatch(/"(d|p|q|dp|dq|qi|k|secret)":/);
  });

  test.each([
    [{ rotation_period: "59s" }, "at least one minute"],
    [{ rotation_period: "1h", verification_ttl: "10h1s" }, "10x rotation_period"],
    [{ algorithm: "none" }, "must be one of"],
    [{ algorithm: "HS256" }, "must be one of"],
  ])("%j is refused", async (body, text) => {
    expect(await post("identity/oidc/key/refused", body, 400)).toContain(text);
  });

  test("take the bounds themselves: a minute, ten times as long", async () => {
    await post("identity/oidc/key/bounds", { rotation_period: "1m", verification_ttl: "10m", algorithm: "EdDSA" });
    await server.request("DELETE", "identity/oidc/key/bounds");
  });

  test("default is made for the first role that names it, and never deleted", async () => {
    await post("identity/oidc/role/plain", { key: "default" });
    expect((await get("key/default", server.rootToken))["data"]).toEqual({
      rotation_period: 86_400,
      verification_ttl: 86_400,
      algorithm: "RS256",
      allowed_client_ids: ["*"],
    });
    expect((await server.request("DELETE", "identity/oidc/key/default")).status).toBe(400);
    const { client_id: client } = (await get("role/plain", server.rootToken))["data"] as { client_id: string };
    expect(client).toMatch(/^[0-9A-Za-z]{26}$/);
    expect((await check(await signed("plain"), client)).aud).toBe(client);
  }, 60_000);

  test("a key's verification_ttl is never below the ttl of a role that uses it, nor the other way", async () => {
    await post("identity/oidc/key/tight", { verification_ttl: "1h", algorithm: "EdDSA", allowed_client_ids: ["*"] });
    expect(await post("identity/oidc/role/tight", { key: "tight", ttl: "61m" }, 400)).toContain("cannot be longer");
    await post("identity/oidc/role/tight", { key: "tight", ttl: "1h" });
    expect(await post("identity/oidc/key/tight", { verification_ttl: "59m" }, 400)).toContain("unable to update key");
  });
});

describe("who gets a token, and what it is worth", () => {
  test("only an entity, only of a role whose client the key allows", async () => {
    expect((await server.request("GET", "identity/oidc/token/es256")).text).toContain("no entity associated");
    await post("identity/oidc/key/closed", { algorithm: "EdDSA", allowed_client_ids: ["other"] });
    await post("identity/oidc/role/closed", { key: "closed", client_id: "mine" });
    const refused = await server.request("GET", "identity/oidc/token/closed", undefined, token);
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining("does not list the client ID")]);
    expect((await server.request("GET", "identity/oidc/token/nothing", undefined, token)).status).toBe(400);
  });

  test("introspection: a token of an entity that is disabled, or gone, is not active", async () => {
    const reply = await server.request("POST", "auth/toy/login/zoe", { policies: ["oidc"] }, "");
    const auth = reply.body?.["auth"] as Record<string, unknown>;
    const made = await server.request("GET", "identity/oidc/token/es256", undefined, String(auth["client_token"]));
    const { token: jwt } = made.body?.["data"] as { token: string };
    const path = `identity/entity/id/${String(auth["entity_id"])}`;
    expect(await introspect(jwt)).toEqual({ active: true });
    await post(path, { disabled: true });
    expect(await introspect(jwt)).toEqual({ active: false, error: "entity is disabled" });
    await post(path, { disabled: false });
    expect(await introspect(jwt)).toEqual({ active: true });
    await server.request("DELETE", path);
    expect(await introspect(jwt)).toEqual({ active: false, error: "entity was not found" });
  });

  test("introspection: another audience, an expired one, garbage, one of a key that is not ours", async () => {
    const jwt = await signed("es256");
    expect(await introspect(jwt, { client_id: "client-es256" })).toEqual({ active: true });
    expect(await introspect(jwt, { client_id: "other" })).toMatchObject({
      active: false,
      error: expect.stringContaining("aud"),
    });
    expect(await introspect("garbage")).toMatchObject({ active: false, error: expect.stringContaining("parsing") });
    const [head, , signature] = jwt.split(".");
    const forged = Buffer.from(JSON.stringify({ sub: "root" })).toString("base64url");
    expect(await introspect([head, forged, signature].join("."))).toMatchObject({
      error: expect.stringContaining("signature"),
    });
    await clock.advance(HOUR - 1_000);
    expect(await introspect(jwt)).toEqual({ active: true });
    await clock.advance(1_000);
    expect(await introspect(jwt)).toMatchObject({ active: false, error: expect.stringContaining("expired") });
  });

  test("the discovery document and the keys need no token and may be cached", async () => {
    const document = await server.request("GET", "identity/oidc/.well-known/openid-configuration", undefined, "");
    expect(document.body).toMatchObject({
      issuer: `${ISSUER}/v1/identity/oidc`,
      jwks_uri: `${ISSUER}/v1/identity/oidc/.well-known/keys`,
    });
    expect(document.headers.get("cache-control")).toBe("max-age=3600");
    const keys = await server.request("GET", "identity/oidc/.well-known/keys", undefined, "");
    expect(Number(/^max-age=(\d+)$/.exec(keys.headers.get("cache-control") ?? "")?.[1])).toBeLessThan(86_400);
  });

  test.each([
    "ftp://x",
    "https://x/path",
    "https://x?y",
    "x",
    "https://",
  ])("the issuer %s is refused", async (issuer) => {
    expect(await post("identity/oidc/config", { issuer }, 400)).toContain("invalid issuer");
  });
});
