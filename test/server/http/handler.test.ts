/** The HTTP room over real sockets: what becomes a Call, what an Answer and a Fault become on the wire. */
import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import { JsonNumber, parseJson, RawJson } from "../../../lib/wire/json.ts";
import type { Issued } from "../../../server/contract/answer.ts";
import type { Call } from "../../../server/contract/call.ts";
import { replying } from "../../fakes/toy-core.ts";
import { http, raw, type Serving, serving } from "./serving.ts";

let s: Serving;
beforeEach(async () => {
  s = await serving();
});
afterEach(async () => {
  await s.stop();
});

const errorsOf = (body: string): unknown => (JSON.parse(body) as { errors: unknown }).errors;
const PATCH_TYPE = "Content-Type: application/merge-patch+json";

const calls: readonly (readonly [method: string, target: string, operation: string, path: string])[] = [
  ["GET", "/v1/secret/a", "read", "secret/a"],
  ["GET", "/v1/secret/a/", "read", "secret/a/"],
  ["LIST", "/v1/secret/a", "list", "secret/a/"],
  ["LIST", "/v1/secret/a/", "list", "secret/a/"],
  ["GET", "/v1/secret/a?list=true", "list", "secret/a/"],
  ["GET", "/v1/secret/a?list=1", "list", "secret/a/"],
  ["GET", "/v1/secret/a?list=false", "read", "secret/a"],
  ["POST", "/v1/secret/a", "update", "secret/a"],
  ["PUT", "/v1/secret/a", "update", "secret/a"],
  ["DELETE", "/v1/secret/a", "delete", "secret/a"],
  ["HEAD", "/v1/sys/health", "read", "sys/health"],
  ["GET", "/v1/secret/a%2Fb%20c", "read", "secret/a/b c"],
  ["GET", "/v1/secret/%E2%82%AC", "read", "secret/€"],
  ["GET", "http://other/v1/secret/a", "read", "secret/a"],
];

test.each(calls)("%s %s is a call to %s %s", async (method, target, operation, path) => {
  s.core.answer = () => replying(undefined);
  const reply = await raw(s.port, http(method, target));
  expect(reply.status).toBe(204);
  expect(s.core.calls).toHaveLength(1);
  expect(s.core.calls[0]).toMatchObject({ operation, path, wrapTtl: undefined, token: undefined });
  expect(s.core.calls[0]?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(s.core.calls[0]?.remote).toEqual({ address: "127.0.0.1", port: expect.any(Number) });
});

const refused: readonly (readonly [name: string, request: string, status: number])[] = [
  ["a dot segment", http("GET", "/v1/secret/../sys/seal"), 400],
  ["a dot segment, escaped", http("GET", "/v1/secret/%2e%2E/sys"), 400],
  ["a dot segment, escaped twice", http("GET", "/v1/secret/%252e%252e/sys"), 400],
  ["an overlong dot", http("GET", "/v1/secret/%C0%AE%C0%AE/sys"), 400],
  ["a backslash", http("GET", "/v1/secret%5Ca"), 400],
  ["a zero byte", http("GET", "/v1/secret/%00"), 400],
  ["a bad escape", http("GET", "/v1/secret/%zz"), 400],
  ["a path beyond the limit", http("GET", `/v1/${"a".repeat(1001)}`), 400],
  ["two token headers", http("GET", "/v1/a", ["X-Vault-Token: a", "x-vault-token: a"]), 400],
  ["two authorization headers", http("GET", "/v1/a", ["Authorization: Bearer a", "Authorization: Bearer a"]), 400],
  ["two tokens", http("GET", "/v1/a", ["X-Vault-Token: a", "Authorization: Bearer b"]), 400],
  ["list twice", http("GET", "/v1/a?list=true&list=false"), 400],
  ["list that is no truth value", http("GET", "/v1/a?list=maybe"), 400],
  ["a bad wrap ttl", http("GET", "/v1/a", ["X-Vault-Wrap-TTL: soon"]), 400],
  ["a namespace", http("GET", "/v1/a", ["X-Vault-Namespace: team"]), 404],
  ["a path outside of the API", http("GET", "/ui/"), 404],
  ["the root", http("GET", "/"), 404],
  ["the API's root", http("GET", "/v1/"), 404],
  ["an unknown method", http("OPTIONS", "/v1/a"), 405],
  ["HEAD elsewhere", http("HEAD", "/v1/secret/a"), 405],
  ["help without a helper", http("GET", "/v1/a?help=1"), 405],
  ["a body that is no JSON", http("POST", "/v1/a", [], "{"), 400],
  ["a body that is a list", http("POST", "/v1/a", [], "[]"), 400],
  ["a body nested too deep", http("POST", "/v1/a", [], `{"a":${"[".repeat(64)}${"]".repeat(64)}}`), 400],
  ["a body with too many members", http("POST", "/v1/a", [], `{"a":[${"1,".repeat(100_000)}1]}`), 400],
  ["a patch without its type", http("PATCH", "/v1/a", [], "{}"), 415],
  ["a patch of another type", http("PATCH", "/v1/a", ["Content-Type: text/plain"], "{}"), 415],
];

test.each(refused)("%s is refused before the core is asked", async (_name, request, status) => {
  const reply = await raw(s.port, request);
  expect(reply.status).toBe(status);
  expect(s.core.calls).toHaveLength(0);
  if (!request.startsWith("HEAD")) expect(errorsOf(reply.body)).toEqual([expect.any(String)]);
  expect(reply.headers.get("cache-control")).toBe("no-store");
  expect(s.handler.inFlight()).toBe(0);
});

test("both sides of the limits: depth, members, path, body", async () => {
  s.core.answer = () => replying(undefined);
  const deep = await raw(s.port, http("POST", "/v1/a", [], `{"a":${"[".repeat(63)}${"]".repeat(63)}}`));
  const many = await raw(s.port, http("POST", "/v1/a", [], `{"a":[${"1,".repeat(99_998)}1]}`));
  const long = await raw(s.port, http("GET", `/v1/${"a".repeat(1000)}`));
  expect([deep.status, many.status, long.status]).toEqual([204, 204, 204]);
});

test("a body up to the limit is taken, one byte more is 413, declared or chunked", async () => {
  await s.stop();
  s = await serving({ kind: "tcp", host: "127.0.0.1", port: 0, maxRequestSize: 100 });
  s.core.answer = () => replying(undefined);
  const text = (size: number): string => `{"a":"${"x".repeat(size - 8)}"}`;
  const chunked = (size: number): string =>
    `${http("PUT", "/v1/a", ["Transfer-Encoding: chunked"])}${size.toString(16)}\r\n${text(size)}\r\n0\r\n\r\n`;
  expect((await raw(s.port, http("PUT", "/v1/a", [], text(100)))).status).toBe(204);
  expect((await raw(s.port, chunked(100))).status).toBe(204);
  const over = await raw(s.port, http("PUT", "/v1/a", [], text(101)));
  expect(over.status).toBe(413);
  expect(errorsOf(over.body)).toEqual(["the request body is larger than 100 bytes"]);
  expect((await raw(s.port, chunked(101))).status).toBe(413);
});

test("a client that goes on sending gets its 413 and then loses the connection", async () => {
  await s.stop();
  s = await serving({ kind: "tcp", host: "127.0.0.1", port: 0, maxRequestSize: 100 });
  const all = await new Promise<string>((resolve) => {
    const socket = connect(s.port, "127.0.0.1");
    let text = "";
    socket.write("PUT /v1/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    const more = setInterval(() => socket.write(`3e8\r\n${"x".repeat(1000)}\r\n`), 20);
    socket.on("data", (chunk) => {
      text += chunk.toString();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearInterval(more);
      resolve(text);
    });
  });
  expect(all).toMatch(/^HTTP\/1\.1 413 /);
  expect(all).toMatch(/connection: close/i);
  expect(s.core.calls).toHaveLength(0);
});

test("an empty segment is redirected to the cleaned path, never dispatched, never to another host", async () => {
  const cases = [
    ["//evil/v1/x", "/evil/v1/x"],
    ["/v1//secret///a?list=true", "/v1/secret/a?list=true"],
    ["/v1/secret%2F%2Fa%20b", "/v1/secret/a%20b"],
    ["/v1/secret//", "/v1/secret/"],
    ["///", "/"],
  ] as const;
  for (const [target, location] of cases) {
    const reply = await raw(s.port, http("POST", target, [], "{}"));
    expect([reply.status, reply.headers.get("location")]).toEqual([307, location]);
  }
  expect(s.core.calls).toHaveLength(0);
});

function same(call: Call | undefined, token: string): boolean {
  return call?.token?.equals(new Secret(token)) === true;
}

test("token, wrap ttl, namespace and other headers", async () => {
  s.core.answer = () => replying(undefined);
  await raw(
    s.port,
    http("GET", "/v1/a", [
      "X-VAULT-TOKEN: t1",
      "X-Vault-Wrap-TTL: 5m",
      "X-Vault-Namespace: root/",
      "X-Two: a",
      "x-two: b",
    ]),
  );
  await raw(s.port, http("GET", "/v1/a", ["authorization: bearer t2", "X-Vault-Wrap-TTL: 0", "X-Vault-Namespace:"]));
  await raw(s.port, http("GET", "/v1/a", ["Authorization: Basic eDp5", "X-Vault-Wrap-TTL: 90"]));
  await raw(s.port, http("GET", "/v1/a", ["Authorization: Bearer same", "X-Vault-Token: same"]));
  const [one, two, three, four] = s.core.calls;
  expect(same(one, "t1")).toBe(true);
  expect(one?.wrapTtl).toBe(300_000);
  expect(one?.headers.get("x-two")).toBe("a, b");
  expect([...(one?.headers.keys() ?? [])]).not.toContain("x-vault-token");
  expect(same(two, "t2")).toBe(true);
  expect(two?.wrapTtl).toBeUndefined();
  expect(two?.headers.has("authorization")).toBe(false);
  expect(three?.token).toBeUndefined();
  expect(three?.wrapTtl).toBe(90_000);
  expect(same(four, "same")).toBe(true);
});

const bodies: readonly (readonly [
  name: string,
  headers: readonly string[],
  body: string,
  data: readonly (readonly [string, unknown])[],
])[] = [
  ["JSON without a type", [], '{"a":"b"}', [["a", "b"]]],
  ["JSON as curl -d sends it", ["Content-Type: application/x-www-form-urlencoded"], ' {"a":"b"}', [["a", "b"]]],
  [
    "a form",
    ["Content-Type: application/x-www-form-urlencoded"],
    "a=b+c&d=%C3%A9&e=1&e=2",
    [
      ["a", "b c"],
      ["d", "é"],
      ["e", ["1", "2"]],
    ],
  ],
  ["nothing", [], "", []],
  ["blanks", [], " \n", []],
  ["null, as Vault's Go client sends no data", [], "null", []],
  [
    "ordinary keys",
    [],
    '{"__proto__":"x","constructor":"y","10":"z","2":"w"}',
    [
      ["__proto__", "x"],
      ["constructor", "y"],
      ["10", "z"],
      ["2", "w"],
    ],
  ],
];

test.each(bodies)("the body of a write: %s", async (_name, headers, body, data) => {
  s.core.answer = () => replying(undefined);
  expect((await raw(s.port, http("POST", "/v1/a", headers, body))).status).toBe(204);
  expect([...(s.core.calls[0]?.data ?? [])]).toEqual(data);
});

test("the query of a read and a delete, not of a write", async () => {
  s.core.answer = () => replying(undefined);
  await raw(s.port, http("GET", "/v1/a?version=2&x=1&x=2&y"));
  await raw(s.port, http("DELETE", "/v1/a?version=3"));
  await raw(s.port, http("POST", "/v1/a?version=4", [], '{"b":1}'));
  await raw(s.port, http("GET", "/v1/a?list=true&after=k"));
  expect(s.core.calls.map((call) => [...call.data])).toEqual([
    [
      ["version", "2"],
      ["x", ["1", "2"]],
      ["y", ""],
    ],
    [["version", "3"]],
    [["b", new JsonNumber("1")]],
    [["after", "k"]],
  ]);
});

test("a patch with either of its types", async () => {
  s.core.answer = () => replying(undefined);
  expect((await raw(s.port, http("PATCH", "/v1/a", [PATCH_TYPE], '{"a":null}'))).status).toBe(204);
  expect(
    (await raw(s.port, http("PATCH", "/v1/a", ["Content-Type: application/json; charset=utf-8"], "{}"))).status,
  ).toBe(204);
  expect(s.core.calls[0]).toMatchObject({ operation: "patch", data: new Map([["a", null]]) });
});

test("the envelope is Vault's, its members in Vault's order, numbers as they were sent", async () => {
  const text = '{"n":12345678901234567890,"f":1.0,"e":1e400,"__proto__":{"10":true,"2":false}}';
  s.core.answer = () => ({ ...replying({ data: new RawJson(text), leaseDuration: 2_764_800_000 }), mountType: "kv" });
  const reply = await raw(s.port, http("GET", "/v1/secret/a"));
  const id = s.core.calls[0]?.id ?? "";
  expect(reply.body).toBe(
    `{"request_id":"${id}","lease_id":"","renewable":false,"lease_duration":2764800,"data":${text},"wrap_info":null,"warnings":null,"auth":null,"mount_type":"kv"}\n`,
  );
  expect(reply.status).toBe(200);
  expect(reply.headers.get("content-type")).toBe("application/json");
  expect(reply.headers.get("x-content-type-options")).toBe("nosniff");
  expect(reply.headers.has("strict-transport-security")).toBe(false);
});

test("numbers that were sent in come back as they were", async () => {
  const text = '{"n":12345678901234567890,"f":1.0,"m":{"z":1E+2,"10":-0}}';
  expect((await raw(s.port, http("POST", "/v1/secret/n", [], text))).status).toBe(204);
  expect((await raw(s.port, http("GET", "/v1/secret/n"))).body).toContain(`"data":${text}`);
});

test("auth of a login", async () => {
  const entry: Issued["entry"] = {
    id: "hmac",
    accessor: "acc",
    type: "service",
    policies: ["app", "default"],
    path: "auth/aws/login",
    displayName: "aws-i",
    metadata: new Map([["role", "web"]]),
    creationTime: 1_000_000,
    lastRenewalTime: 0,
    expireTime: 1_000_000 + 3_600_500,
    creationTtl: 3_600_000,
    explicitMaxTtl: 0,
    period: 0,
    renewable: true,
    maxTtl: 0,
    numUses: 2,
    orphan: true,
    parent: "",
    boundCidrs: [],
    entityId: "ent",
    role: "web",
    leaseId: "auth/token/create/h1",
    internal: new Map(),
  };
  s.core.answer = () => ({
    reply: { warnings: ["w"] },
    issued: { clientToken: new Secret("hvs.x"), entry },
    mountType: "",
  });
  const { body } = await raw(s.port, http("POST", "/v1/auth/aws/login", [], "{}"));
  expect(body).toContain(
    '"warnings":["w"],"auth":{"client_token":"hvs.x","accessor":"acc","policies":["app","default"],"token_policies":["app","default"],' +
      '"metadata":{"role":"web"},"lease_duration":3600,"renewable":true,"entity_id":"ent","token_type":"service","orphan":true,"mfa_requirement":null,"num_uses":2}',
  );
});

test("bare replies, replies that are repeated at the top, wrapped replies", async () => {
  s.core.answer = () => replying({ bare: { sealed: true, t: 3 }, status: 503 });
  const bare = await raw(s.port, http("GET", "/v1/sys/health"));
  expect([bare.status, bare.body]).toEqual([503, '{"sealed":true,"t":3}\n']);
  s.core.answer = () => replying({ data: { "secret/": { type: "kv" }, data: "kept below only" }, alsoBare: true });
  const beside = parseJson((await raw(s.port, http("GET", "/v1/sys/mounts"))).body) as ReadonlyMap<string, unknown>;
  expect([...beside.keys()].slice(0, 3)).toEqual(["secret/", "request_id", "lease_id"]);
  expect((beside.get("data") as ReadonlyMap<string, unknown>).get("data")).toBe("kept below only");
  const wrap = {
    token: new Secret("hvs.wrap"),
    accessor: "acc",
    ttl: 60_000,
    creationTime: 0,
    creationPath: "secret/a",
  };
  s.core.answer = () => ({ ...replying({ data: { hidden: "x" }, bare: { hidden: "y" } }), wrap });
  const wrapped = await raw(s.port, http("GET", "/v1/secret/a", ["X-Vault-Wrap-TTL: 60"]));
  expect(wrapped.body).toContain(
    '"data":null,"wrap_info":{"token":"hvs.wrap","accessor":"acc","ttl":60,"creation_time":"1970-01-01T00:00:00.000Z","creation_path":"secret/a"}',
  );
  expect(wrapped.body).not.toContain("hidden");
});

test("faults: status, errors, warnings, Retry-After", async () => {
  s.core.answer = () => {
    throw new Fault("unavailable", "EC2 does not answer", { retryAfter: 1500, warnings: ["still trying"] });
  };
  const reply = await raw(s.port, http("GET", "/v1/a"));
  expect([reply.status, reply.headers.get("retry-after"), reply.body]).toEqual([
    503,
    "2",
    '{"errors":["EC2 does not answer"],"warnings":["still trying"]}\n',
  ]);
  s.core.answer = () => {
    throw new Fault("not-found", "", { errors: [] });
  };
  expect((await raw(s.port, http("GET", "/v1/a"))).body).toBe('{"errors":[]}\n');
  expect(s.lines).toEqual([]);
});

test("what is no fault is an internal error to the client, with its cause in the log", async () => {
  s.core.answer = () => {
    throw new TypeError("password hunter2 is undefined");
  };
  const reply = await raw(s.port, http("LIST", "/v1/a"));
  expect([reply.status, reply.body]).toEqual([500, '{"errors":["internal error"]}\n']);
  expect(s.lines).toEqual([
    {
      level: "error",
      message: "request failed",
      fields: { method: "LIST", status: 500, answer: "internal error", error: expect.any(TypeError) },
    },
  ]);
});

test("a client that breaks off in its request, or before its reply, harms nobody", async () => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  s.core.answer = async () => {
    await held;
    return replying({ data: { a: "b" } });
  };
  const half = connect(s.port, "127.0.0.1");
  half.write("POST /v1/a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{");
  const waiting = connect(s.port, "127.0.0.1");
  waiting.write(http("GET", "/v1/b"));
  while (s.core.calls.length < 1 || s.handler.inFlight() < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  half.destroy();
  waiting.destroy();
  await new Promise((resolve) => setTimeout(resolve, 20));
  release();
  while (s.handler.inFlight() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(s.core.calls.map((call) => call.path)).toEqual(["b"]);
  expect((await raw(s.port, http("GET", "/v1/c"))).status).toBe(200);
  expect(s.lines).toEqual([]);
});

test("help goes to the helper, with token and path", async () => {
  await s.stop();
  s = await serving(undefined, {
    help: async (call) => Promise.resolve({ help: `about ${call.path}`, see_also: [], openapi: null }),
  });
  const reply = await raw(s.port, http("GET", "/v1/secret/a?help=1"));
  expect([reply.status, reply.body]).toEqual([200, '{"help":"about secret/a","see_also":[],"openapi":null}\n']);
});
