/** The client over loopback: what it sends, what it makes of replies, and everything that can go wrong on the way. */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { systemClock } from "../../../lib/clock.ts";
import { Secret } from "../../../lib/secret.ts";
import { parseAddress, type WireClient, type WireOptions, wireClient } from "../../../lib/wire/client.ts";
import { WireError } from "../../../lib/wire/error.ts";
import { JsonNumber, parseJson } from "../../../lib/wire/json.ts";

const never = new AbortController().signal;
const fixture = (name: string): string => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8");
const servers: TcpServer[] = [];
const clients: WireClient[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => server.close(resolve));
  }
});

async function start(server: TcpServer): Promise<number> {
  servers.push(server);
  server.on("connection", (socket: Socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function client(address: string, options: Partial<WireOptions> = {}): WireClient {
  const made = wireClient({ address, clock: systemClock, ...options });
  clients.push(made);
  return made;
}

type Answer = (req: IncomingMessage, res: ServerResponse, body: string) => void;

/** A server that answers as told, and a client for it. */
async function answering(
  answer: Answer,
  options: Partial<WireOptions> = {},
): Promise<{ readonly client: WireClient; readonly port: number }> {
  const port = await start(
    createServer((req, res) => {
      let body = "";
      req.on("data", (chunk: Buffer) => (body += chunk.toString()));
      req.on("end", () => {
        answer(req, res, body);
      });
    }),
  );
  return { client: client(`http://127.0.0.1:${port}`, options), port };
}

function json(res: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  res.writeHead(status, { "content-type": "application/json", ...headers });
  res.end(text);
}

async function failure(work: Promise<unknown>): Promise<WireError> {
  const error = await work.then(
    () => new Error("nothing was thrown"),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(WireError);
  return error as WireError;
}

test("what it sends: target, headers, body", async () => {
  const seen: {
    method: string | undefined;
    url: string | undefined;
    headers: IncomingMessage["headers"];
    body: string;
  }[] = [];
  const { client: c } = await answering((req, res, body) => {
    seen.push({ method: req.method, url: req.url, headers: req.headers, body });
    json(res, 200, "{}");
  });
  await c.request(
    { method: "GET", path: "/secret/a b/€", query: { version: "2", x: ["1", "2"], none: undefined } },
    never,
  );
  await c.request(
    { method: "LIST", path: "secret/metadata", query: { after: "k" }, token: new Secret("hvs.t") },
    never,
  );
  await c.request({ method: "PUT", path: "s", body: { n: new JsonNumber("1.0") }, wrapTtl: 90_500 }, never);
  await c.request({ method: "PATCH", path: "s", body: {}, headers: { "X-Extra": "1" } }, never);
  await c.request({ method: "POST", path: "s" }, never);
  expect(seen.map(({ method, url, body }) => `${method ?? ""} ${url ?? ""} ${body}`)).toEqual([
    "GET /v1/secret/a%20b/%E2%82%AC?version=2&x=1&x=2 ",
    "GET /v1/secret/metadata?after=k&list=true ",
    'PUT /v1/s {"n":1.0}',
    "PATCH /v1/s {}",
    "POST /v1/s ",
  ]);
  expect(seen[0]?.headers).toMatchObject({ "x-vault-request": "true", "user-agent": "oksae" });
  expect(seen[0]?.headers).not.toHaveProperty("x-vault-token");
  expect(seen[1]?.headers["x-vault-token"]).toBe("hvs.t");
  expect(seen[2]?.headers).toMatchObject({
    "content-type": "application/json",
    "content-length": "9",
    "x-vault-wrap-ttl": "90500ms",
  });
  expect(seen[3]?.headers).toMatchObject({ "content-type": "application/merge-patch+json", "x-extra": "1" });
  expect(seen[4]?.headers["content-length"]).toBe("0");
});

test("what it makes of replies: JSON kept to the letter, other text, nothing", async () => {
  const { client: c } = await answering((req, res) => {
    if (req.url === "/v1/json") json(res, 200, '{"n":12345678901234567890,"__proto__":1}', { "X-One": "a" });
    else if (req.url === "/v1/list") json(res, 200, "[1]");
    else if (req.url === "/v1/text") res.writeHead(200, { "content-type": "text/plain" }).end("metrics 1");
    else res.writeHead(204).end();
  });
  const reply = await c.request({ method: "GET", path: "json" }, never);
  expect(reply.body).toEqual(parseJson('{"n":12345678901234567890,"__proto__":1}'));
  expect(reply.headers.get("x-one")).toBe("a");
  expect(await c.request({ method: "GET", path: "list" }, never)).toMatchObject({
    status: 200,
    body: undefined,
    rawText: "[1]",
  });
  expect(await c.request({ method: "GET", path: "text" }, never)).toMatchObject({
    body: undefined,
    rawText: "metrics 1",
  });
  expect(await c.request({ method: "GET", path: "none" }, never)).toMatchObject({
    status: 204,
    body: undefined,
    rawText: "",
  });
});

const refusals: readonly (readonly [status: number, body: string, kind: string, message: string])[] = [
  [400, '{"errors":["bad","worse"]}', "invalid", "status 400: bad; worse"],
  [403, '{"errors":["permission denied"]}', "denied", "status 403: permission denied"],
  [404, '{"errors":[]}', "not-found", "status 404"],
  [405, '{"errors":["no"]}', "unsupported", "status 405: no"],
  [412, '{"errors":["no"]}', "precondition", "status 412: no"],
  [418, '{"errors":["no"]}', "invalid", "status 418: no"],
  [429, '{"errors":["slow down"]}', "throttled", "status 429: slow down"],
  [500, "<html>", "internal", "status 500"],
  [502, '{"errors":"odd"}', "upstream", "status 502"],
  [503, '{"errors":["Vault is sealed"]}', "sealed", "status 503: Vault is sealed"],
  [503, '{"errors":["busy"]}', "unavailable", "status 503: busy"],
  [504, "", "unavailable", "status 504"],
];

test.each(refusals)("status %s with %s is a refusal of kind %s", async (status, body, kind, message) => {
  const { client: c, port } = await answering((_req, res) => {
    json(res, status, body, { "retry-after": "7" });
  });
  const error = await failure(c.request({ method: "GET", path: "a", query: { q: "1" } }, never));
  expect(error).toMatchObject({
    reason: "refused",
    status,
    kind,
    retryAfter: 7000,
    method: "GET",
    url: `http://127.0.0.1:${port}/v1/a?q=1`,
  });
  expect(error.message).toBe(`GET http://127.0.0.1:${port}/v1/a: ${message}`);
  expect(error.rawText).toBe(body);
});

test("a refusal carries warnings and data; a status that is expected resolves", async () => {
  const { client: c } = await answering((_req, res) => {
    json(res, 404, '{"errors":["gone"],"warnings":["w"],"data":{"x":1}}', {
      "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT",
    });
  });
  const error = await failure(c.request({ method: "GET", path: "a" }, never));
  expect(error).toMatchObject({ errors: ["gone"], warnings: ["w"], retryAfter: undefined });
  expect(error.body?.has("data")).toBe(true);
  expect(await c.request({ method: "GET", path: "a", alsoStatus: [404] }, never)).toMatchObject({ status: 404 });
});

test("a 307 on the same host is followed once, with method, body and token", async () => {
  const seen: string[] = [];
  const { client: c, port } = await answering((req, res, body) => {
    seen.push(`${req.method ?? ""} ${req.url ?? ""} ${body} ${String(req.headers["x-vault-token"])}`);
    if (req.url === "/v1/a//b") res.writeHead(307, { location: "/v1/a/b" }).end();
    else if (req.url === "/v1/abs")
      res.writeHead(308, { location: `http://127.0.0.1:${String(req.socket.localPort)}/v1/a/b` }).end();
    else if (req.url === "/v1/loop") res.writeHead(307, { location: "/v1/loop" }).end();
    else json(res, 200, "{}");
  });
  const token = new Secret("t");
  expect((await c.request({ method: "PUT", path: "a//b", body: { x: "1" }, token }, never)).status).toBe(200);
  expect((await c.request({ method: "GET", path: "abs", token }, never)).status).toBe(200);
  expect(seen).toEqual(['PUT /v1/a//b {"x":"1"} t', 'PUT /v1/a/b {"x":"1"} t', "GET /v1/abs  t", "GET /v1/a/b  t"]);
  expect(await failure(c.request({ method: "GET", path: "loop" }, never))).toMatchObject({
    reason: "redirect",
    url: `http://127.0.0.1:${port}/v1/loop`,
  });
});

test("no other redirect is followed: nothing goes to another host, port or scheme", async () => {
  let reached = 0;
  const thief = await start(
    createServer((_req, res) => {
      reached += 1;
      res.end("{}");
    }),
  );
  const places = [
    `http://127.0.0.1:${thief}/v1/a`,
    `//127.0.0.1:${thief}/v1/a`,
    `/\\127.0.0.1:${thief}/`,
    `https://127.0.0.1:${thief}/`,
    "",
    "nonsense",
  ];
  const { client: c } = await answering((req, res) => {
    const at = Number(/\d+$/.exec(req.url ?? "")?.[0]);
    res.writeHead(at < places.length ? 307 : 302, { location: places[at] ?? "/v1/x" }).end();
  });
  for (let at = 0; at <= places.length; at++) {
    const error = await failure(
      c.request({ method: "POST", path: `r/${at}`, body: { pkcs7: "doc" }, token: new Secret("t") }, never),
    );
    expect(error).toMatchObject({ reason: "redirect", status: 0 });
  }
  expect(reached).toBe(0);
});

test("time-outs: no reply, half a reply, no TLS handshake; and an abort with its own reason", async () => {
  const { client: c } = await answering((req, res) => {
    if (req.url === "/v1/half") res.writeHead(200, { "content-length": "100" }).write("{");
  });
  expect(await failure(c.request({ method: "GET", path: "none", timeout: 50 }, never))).toMatchObject({
    reason: "timeout",
    message: expect.stringContaining("50 ms"),
  });
  expect(await failure(c.request({ method: "GET", path: "half", timeout: 100 }, never))).toMatchObject({
    reason: "timeout",
  });
  const mute = await start(createTcpServer(() => undefined));
  const slow = client(`https://127.0.0.1:${mute}`, { connectTimeout: 50 });
  expect(await failure(slow.request({ method: "GET", path: "a" }, never))).toMatchObject({
    reason: "timeout",
    message: expect.stringContaining("no connection within 50 ms"),
  });
  const stop = new AbortController();
  const why = new Error("stopped");
  const waiting = c.request({ method: "GET", path: "none" }, stop.signal);
  setTimeout(() => {
    stop.abort(why);
  }, 20);
  await expect(waiting).rejects.toBe(why);
  await expect(c.request({ method: "GET", path: "none" }, stop.signal)).rejects.toBe(why);
});

test("a reply is bounded, both sides", async () => {
  const { client: c } = await answering((req, res) => res.end("x".repeat(req.url === "/v1/100" ? 100 : 101)), {
    maxReply: 100,
  });
  expect((await c.request({ method: "GET", path: "100" }, never)).rawText).toHaveLength(100);
  expect(await failure(c.request({ method: "GET", path: "101" }, never))).toMatchObject({ reason: "too-large" });
});

test("nobody there, a connection lost, no HTTP, no JSON, no socket", async () => {
  const port = await start(createTcpServer((socket) => socket.destroy()));
  expect(await failure(client(`http://127.0.0.1:${port}`).request({ method: "POST", path: "a" }, never))).toMatchObject(
    { reason: "unreachable", kind: "unavailable" },
  );
  const ssh = await start(createTcpServer((socket) => socket.end("SSH-2.0-x\r\n")));
  expect(await failure(client(`http://127.0.0.1:${ssh}`).request({ method: "GET", path: "a" }, never))).toMatchObject({
    reason: "bad-reply",
  });
  const { client: c } = await answering((_req, res) => {
    json(res, 200, "{oops");
  });
  expect(await failure(c.request({ method: "GET", path: "a" }, never))).toMatchObject({
    reason: "bad-reply",
    status: 200,
  });
  const closed = createTcpServer();
  const free = await start(closed);
  await new Promise((resolve) => servers.splice(servers.indexOf(closed), 1)[0]?.close(resolve));
  expect(await failure(client(`http://127.0.0.1:${free}`).request({ method: "GET", path: "a" }, never))).toMatchObject({
    reason: "unreachable",
    message: expect.stringContaining("connection refused: nothing listens there (ECONNREFUSED)"),
  });
  expect(
    await failure(client("unix:///nonexistent/oksae.sock").request({ method: "GET", path: "a" }, never)),
  ).toMatchObject({ reason: "unreachable" });
});

test("TLS: the certificate is checked, by the name that is asked for; plain HTTP to a TLS port and the reverse", async () => {
  const port = await start(
    createTlsServer({ cert: fixture("one.cert.pem"), key: fixture("one.key.pem") }, (_req, res) => res.end("{}")),
  );
  const ca = fixture("one.cert.pem");
  const get = (options: Partial<WireOptions>, address = `https://127.0.0.1:${port}`): Promise<unknown> =>
    client(address, options).request({ method: "GET", path: "a" }, never);
  await expect(get({ tls: { ca } })).resolves.toMatchObject({ status: 200 });
  await expect(get({ tls: { ca, serverName: "one.oksae.test" } })).resolves.toMatchObject({ status: 200 });
  await expect(get({ tls: { skipVerify: true } })).resolves.toMatchObject({ status: 200 });
  expect(await failure(get({}))).toMatchObject({ reason: "tls", message: expect.stringContaining("signed by itself") });
  expect(await failure(get({ tls: { ca: fixture("two.cert.pem") } }))).toMatchObject({ reason: "tls" });
  expect(await failure(get({ tls: { ca, serverName: "other.test" } }))).toMatchObject({
    reason: "tls",
    message: expect.stringContaining("another name"),
  });
  expect(await failure(get({ tls: { ca } }, `http://127.0.0.1:${port}`))).toMatchObject({
    reason: expect.stringMatching(/bad-reply|unreachable/),
  });
  const plain = await start(createServer((_req, res) => res.end()));
  expect(await failure(get({ tls: { ca } }, `https://127.0.0.1:${plain}`))).toMatchObject({ reason: "tls" });
});

test("connections are kept; one that died unnoticed is replaced for a read, not for a write", async () => {
  let connections = 0;
  const server = createServer((_req, res) => {
    json(res, 200, "{}");
  });
  server.on("connection", () => {
    connections += 1;
  });
  server.keepAliveTimeout = 60_000;
  const c = client(`http://127.0.0.1:${await start(server)}`);
  for (let i = 0; i < 3; i++) await c.request({ method: "GET", path: "a" }, never);
  expect(connections).toBe(1);
  const dying = createTcpServer((socket) => {
    let requests = 0;
    socket.on("error", () => undefined);
    socket.on("data", () => {
      requests += 1;
      if (requests > 1) socket.resetAndDestroy();
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}");
    });
  });
  const d = client(`http://127.0.0.1:${await start(dying)}`);
  await d.request({ method: "GET", path: "a" }, never);
  expect((await d.request({ method: "GET", path: "a" }, never)).status).toBe(200);
  expect(await failure(d.request({ method: "POST", path: "a", body: {} }, never))).toMatchObject({
    reason: "unreachable",
  });
});

const addresses: readonly (readonly [address: string, ok: boolean])[] = [
  ["https://vault.example.com:8200", true],
  ["https://vault.example.com/prefix/", true],
  ["http://[::1]:8200", true],
  ["unix:///run/oksae/server.sock", true],
  ["unix://relative", false],
  ["vault.example.com:8200", false],
  ["ftp://x", false],
  ["https://user:pass@x", false],
  ["https://x/?q", false],
  ["https://x/#f", false],
  ["", false],
];

test.each(addresses)("address %s: %s", (address, ok) => {
  if (ok) expect(parseAddress(address)).toHaveProperty("origin");
  else expect(() => parseAddress(address)).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test("an address's path goes before /v1/; a token that is none is refused without showing it", async () => {
  const { port } = await answering((req, res) => {
    json(res, 200, JSON.stringify({ url: req.url }));
  });
  const c = client(`http://127.0.0.1:${port}/prefix/`);
  expect((await c.request({ method: "GET", path: "a" }, never)).body?.get("url")).toBe("/prefix/v1/a");
  for (const token of ["two words", "line\nbreak", "", "é"]) {
    const error = await c
      .request({ method: "GET", path: "a", token: new Secret(token) }, never)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      kind: "invalid",
      message: "the token holds characters that no token has: check how it was read",
    });
  }
});
