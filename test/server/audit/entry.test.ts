/** The form of the entries: a golden pair, every field of Vault's list in its place, and nothing secret in clear. */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { systemRandom } from "../../../lib/random.ts";
import { Secret } from "../../../lib/secret.ts";
import { type Encodable, RawJson, stringifyJson } from "../../../lib/wire/json.ts";
import { Entries } from "../../../server/audit/entry.ts";
import { Hasher } from "../../../server/audit/hasher.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { ACCESSOR, call, entry, mount, ROUTE, record, response, TOKEN } from "./records.ts";

const SALT = Buffer.from("the-salt-of-the-test");
const hash = (text: string): string => `hmac-sha256:${createHmac("sha256", SALT).update(text).digest("hex")}`;
const clock = fakeClock(Date.UTC(2026, 10, 22, 18, 0, 0, 123));
const entries = (change: { hmacAccessor?: boolean; elideLists?: boolean } = {}) =>
  new Entries({
    hasher: new Hasher(SALT),
    clock,
    hmacAccessor: true,
    elideLists: false,
    headers: undefined,
    ...change,
  });

interface Shown {
  auth: Record<string, unknown>;
  request: Record<string, unknown>;
  response: Record<string, unknown>;
  [name: string]: unknown;
}
const shown = (line: string): Shown => {
  expect(line.endsWith("}\n")).toBe(true);
  expect(line.indexOf("\n")).toBe(line.length - 1);
  return JSON.parse(line) as Shown;
};

const goldenAuth = {
  client_token: hash(TOKEN),
  accessor: hash(ACCESSOR),
  display_name: "aws-i-0abc",
  policies: ["app", "default"],
  token_policies: ["app", "default"],
  metadata: { instance_id: "i-0abc" },
  token_type: "service",
  token_ttl: 3600,
  token_issue_time: "2026-01-02T03:04:05.000Z",
  policy_results: { allowed: true, granting_policies: [{ name: "app", namespace_id: "root", type: "acl" }] },
};
const goldenRequest = {
  id: "6e1b5a39-6f6c-4a3d-9f37-0b8c53a3a1d2",
  operation: "update",
  mount_point: "secret/",
  mount_type: "kv",
  mount_accessor: "kv_12345678",
  mount_class: "secret",
  client_token: hash(TOKEN),
  client_token_accessor: hash(ACCESSOR),
  namespace: { id: "root" },
  path: "secret/data/app/db",
  data: { data: { password: hash("hunter2"), port: hash("5432") }, options: { cas: 3 }, note: hash("hello") },
  remote_address: "10.1.2.3",
  remote_port: 40123,
  wrap_ttl: 60,
};

test("a pair of entries, member by member", () => {
  const made = entries();
  const asked = call(
    { wrapTtl: 60_000 },
    { data: { password: "hunter2", port: 5432 }, options: { cas: 3 }, note: "hello" },
  );
  const both = record({ call: asked });
  expect(shown(made.request(both))).toEqual({
    time: "2026-11-22T18:00:00.123Z",
    type: "request",
    auth: goldenAuth,
    request: goldenRequest,
  });
  const answer = { data: { version: 4, created_time: "2026" }, warnings: ["mind the gap"] };
  expect(shown(made.response({ ...both, reply: answer, issued: undefined }))).toEqual({
    time: "2026-11-22T18:00:00.123Z",
    type: "response",
    auth: goldenAuth,
    request: goldenRequest,
    response: {
      mount_point: "secret/",
      mount_type: "kv",
      mount_accessor: "kv_12345678",
      mount_class: "secret",
      data: { version: 4, created_time: hash("2026") },
      warnings: ["mind the gap"],
    },
  });
});

test("every member we write is one of Vault's", () => {
  const known = JSON.parse(readFileSync(new URL("../../vectors/audit-fields.json", import.meta.url), "utf8")) as Record<
    string,
    string[]
  >;
  const made = entries();
  const used = entry({ numUses: 3, entityId: "e", policies: ["app"] });
  const asked = call({ wrapTtl: 1000 }, { note: "x" });
  const full = shown(
    made.response({
      ...record({ call: asked, token: used, error: "refused" }),
      reply: { data: { a: "b" }, warnings: ["w"] },
      issued: { entry: used, clientToken: new Secret("oks.new") },
    }),
  );
  const issued = (full.response as { auth: object }).auth;
  for (const [name, part] of Object.entries({
    top: full,
    auth: full.auth,
    request: full.request,
    response: full.response,
  })) {
    expect(known[name]).toEqual(expect.arrayContaining(Object.keys(part)));
  }
  expect(known["auth"]).toEqual(expect.arrayContaining(Object.keys(issued)));
  expect(full.auth).toMatchObject({ num_uses: 3, remaining_uses: 3, no_default_policy: true, entity_id: "e" });
  expect(full["error"]).toBe("refused");
});

test("a refusal without a token: what was sent is there as its HMAC", () => {
  const line = shown(
    entries().request(
      record({ token: undefined, granting: undefined, mount: undefined, route: undefined, error: "permission denied" }),
    ),
  );
  expect(line.auth).toEqual({});
  expect(line.request["client_token"]).toBe(hash(TOKEN));
  expect(line["error"]).toBe("permission denied");
  const refused = shown(entries().request(record({ granting: [] })));
  expect(refused.auth["policy_results"]).toEqual({ allowed: false });
});

test("a login: the new token and accessor only as HMACs, at the top and in the response", () => {
  const made = entry({ accessor: "new-accessor" });
  const line = shown(
    entries().response(
      response(undefined, {
        call: call({ token: undefined, path: "auth/aws/login" }, { nonce: "n", pkcs7: "p" }),
        token: undefined,
        granting: undefined,
        issued: { entry: made, clientToken: new Secret("oks.fresh") },
      }),
    ),
  );
  expect(line.auth["client_token"]).toBe(hash("oks.fresh"));
  expect((line.response["auth"] as Record<string, unknown>)["client_token"]).toBe(hash("oks.fresh"));
  expect((line.response["auth"] as Record<string, unknown>)["accessor"]).toBe(hash("new-accessor"));
  expect(line.request).not.toHaveProperty("client_token");
});

test("a nonce that the server made is there as its HMAC, beside the metadata in clear", () => {
  const once = new Map([["nonce", new Secret("made-here")]]);
  const made = entry({ metadata: new Map([["role", "web"]]) });
  const issued = { entry: made, clientToken: new Secret("oks.fresh"), onceMetadata: once };
  const line = shown(entries().response(response(undefined, { token: undefined, granting: undefined, issued })));
  const metadata = { role: "web", nonce: hash("made-here") };
  expect([line.auth["metadata"], (line.response["auth"] as Record<string, unknown>)["metadata"]]).toEqual([
    metadata,
    metadata,
  ]);
});

describe("what is masked", () => {
  const data = (reply: object, change = {}): unknown =>
    shown(entries().response(response(reply, change))).response["data"];

  test("strings at any depth, in lists and raw JSON, never keys", () => {
    const raw = new RawJson('{"k":["v",{"n":1.0}],"__proto__":"p"}');
    expect(stringifyJson(data({ data: { data: raw, list: ["x", null, true, 2] } }) as Encodable)).toBe(
      `{"data":{"k":["${hash("v")}",{"n":"${hash("1.0")}"}],"__proto__":"${hash("p")}"},"list":["${hash("x")}",null,true,2]}`,
    );
  });

  test("numbers and booleans too where no field says they are harmless", () => {
    const open = { ...ROUTE, fields: {}, openBody: true };
    const wanted = { pin: hash("1234"), on: hash("true"), none: null };
    expect(data({ data: { pin: 1234, on: true, none: null } }, { route: open })).toEqual(wanted);
    expect(data({ data: { pin: 1234, on: true, none: null } }, { route: undefined })).toEqual(wanted);
    expect(data({ data: { pin: 1234, on: true, none: null } })).toEqual({ pin: 1234, on: true, none: null });
  });

  test("what the mount exempts stays clear, at the top level only", () => {
    const exempt = mount({}, { auditNonHmacRequestKeys: ["note"], auditNonHmacResponseKeys: ["shown"] });
    expect(data({ data: { shown: "a", deep: { shown: "a" } } }, { mount: exempt })).toEqual({
      shown: "a",
      deep: { shown: hash("a") },
    });
    const line = shown(entries().request(record({ mount: exempt, call: call({}, { note: "n", shown: "s" }) })));
    expect(line.request["data"]).toEqual({ note: "n", shown: hash("s") });
  });

  test("bare replies count as data; no reply has none", () => {
    expect(data({ bare: { name: "x" } })).toEqual({ name: hash("x") });
    expect(shown(entries().response(response(undefined))).response).not.toHaveProperty("data");
  });
});

test("hmac_accessor = false shows accessors, never tokens", () => {
  const line = entries({ hmacAccessor: false }).request(record());
  expect(shown(line).auth["accessor"]).toBe(ACCESSOR);
  expect(line).not.toContain(TOKEN);
});

test("elide_list_responses leaves the sizes", () => {
  const reply = { data: { keys: ["a", "b"], key_info: { a: {}, b: {}, c: {} } } };
  const list = { call: call({ operation: "list" }) };
  expect(shown(entries({ elideLists: true }).response(response(reply, list))).response["data"]).toEqual({
    keys: 2,
    key_info: 3,
  });
  expect(shown(entries().response(response(reply, list))).response["data"]).toMatchObject({
    keys: [hash("a"), hash("b")],
  });
});

test("a cached reply is masked once, and again when the mount's exemptions change", () => {
  const made = entries();
  const cacheKey = {};
  let reads = 0;
  const data = {
    get secret(): string {
      reads += 1;
      return "s";
    },
  };
  const reply = { data, cacheKey };
  const first = made.response(response(reply));
  expect(made.response(response(reply))).toBe(first);
  expect(reads).toBe(1);
  const tuned = mount({}, { auditNonHmacResponseKeys: ["secret"] });
  expect(shown(made.response(response(reply, { mount: tuned }))).response["data"]).toEqual({ secret: "s" });
  expect(reads).toBe(2);
});

test("whatever a request or reply holds, none of its strings is there in clear, and the line is JSON", () => {
  const canary = fc.string({ unit: "binary", minLength: 1, maxLength: 12 }).map((noise) => `CANARY${noise}YRANAC`);
  const tree = fc.letrec<{ value: Encodable; list: Encodable[]; map: Record<string, Encodable> }>((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, canary, fc.integer(), fc.constant(null), tie("list"), tie("map")),
    list: fc.array(tie("value"), { maxLength: 3 }),
    map: fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), tie("value"), { maxKeys: 3 }),
  })).map;
  fc.assert(
    fc.property(tree, (data) => {
      const made = entries();
      for (const line of [made.request(record({ call: call({}, data) })), made.response(response({ data }))]) {
        shown(line);
        expect(line).not.toContain("CANARY");
        expect(line).not.toContain(TOKEN);
      }
    }),
    { numRuns: 150 },
  );
});

test("a device is tried with an entry as Vault's", () => {
  const line = shown(entries().test(systemRandom()));
  expect(line).toMatchObject({ type: "request", request: { operation: "update", path: "sys/audit/test" } });
});

describe("what hangs on an entity, a wrapping token, a lease, a header", () => {
  const subject = {
    id: "entity-1",
    name: "ann",
    disabled: false,
    metadata: new Map(),
    policies: ["default", "team"],
    aliases: [],
    groups: [],
  };

  test("the entity's policies beside the token's, anew when it has changed", () => {
    const token = entry({ entityId: "entity-1" });
    const lines = entries();
    const { auth, request } = shown(lines.request(record({ token, subject })));
    expect(auth).toMatchObject({
      policies: ["app", "default", "team"],
      token_policies: ["app", "default"],
      identity_policies: ["default", "team"],
      entity_id: "entity-1",
    });
    expect(request["client_id"]).toBe("entity-1");
    const changed = { ...subject, policies: [] };
    const later = shown(lines.request(record({ token, subject: changed })));
    expect(later.auth["policies"]).toEqual(["app", "default"]);
    expect(later.auth).not.toHaveProperty("identity_policies");
  });

  test("a login shows its identity policies", () => {
    const issued = { clientToken: new Secret("hvs.made"), entry: entry(), identityPolicies: ["team"] };
    const { response: shownResponse } = shown(entries().response(response(undefined, { issued })));
    expect(shownResponse["auth"]).toMatchObject({ client_token: hash("hvs.made"), identity_policies: ["team"] });
  });

  test.each([true, false])("wrap_info: the token always as an HMAC, accessors when %s", (hmacAccessor) => {
    const wrap = {
      token: new Secret("hvs.wrap"),
      accessor: "wrap-accessor",
      ttl: 90_000,
      creationTime: Date.UTC(2026, 0, 1),
      creationPath: "secret/data/app",
      wrappedAccessor: "inner-accessor",
    };
    const line = entries({ hmacAccessor }).response(response(undefined, { wrap }));
    const accessorOf = (text: string): string => (hmacAccessor ? hash(text) : text);
    expect(shown(line).response["wrap_info"]).toEqual({
      ttl: 90,
      token: hash("hvs.wrap"),
      accessor: accessorOf("wrap-accessor"),
      creation_time: "2026-01-01T00:00:00.000Z",
      creation_path: "secret/data/app",
      wrapped_accessor: accessorOf("inner-accessor"),
    });
    expect(line).not.toContain("hvs.wrap");
  });

  test("the lease of a secret", () => {
    const lease = { id: "db/creds/app/h1", issueTime: 0, expireTime: 1, lastRenewal: 0, renewable: true };
    expect(shown(entries().response(response(undefined, { lease }))).response["secret"]).toEqual({
      lease_id: "db/creds/app/h1",
    });
  });

  test("the headers that were asked for, and no other", () => {
    const wanted = new Map([
      ["x-forwarded-for", { hmac: false }],
      ["x-secret", { hmac: true }],
      ["x-absent", { hmac: false }],
    ]);
    const headers = new Map([
      ["x-forwarded-for", "192.0.2.1, 192.0.2.2"],
      ["x-secret", "hush"],
      ["x-other", "other"],
    ]);
    const lines = new Entries({
      hasher: new Hasher(SALT),
      clock,
      hmacAccessor: true,
      elideLists: false,
      headers: { wanted: () => wanted },
    });
    const text = lines.request(record({ call: call({ headers }) }));
    expect(shown(text).request["headers"]).toEqual({
      "x-forwarded-for": ["192.0.2.1, 192.0.2.2"],
      "x-secret": [hash("hush")],
    });
    expect(text).not.toContain("hush");
    wanted.clear();
    expect(shown(lines.request(record({ call: call({ headers }) }))).request).not.toHaveProperty("headers");
  });

  test("a token whose last use is being served has none left", () => {
    expect(shown(entries().request(record({ token: entry({ numUses: -1 }) }))).auth).toMatchObject({
      remaining_uses: 0,
    });
  });
});
