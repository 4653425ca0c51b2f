/** The forwarded request on the wire: host, headers and body as signed, TLS checked, silence and floods bounded. */

import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTls } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { systemClock } from "../../../lib/clock.ts";
import { httpSts } from "../../../server/clients/sts.ts";
import type { CallerRequest } from "../../../server/contract/sts.ts";
import { testSigner } from "../../fakes/mint.ts";
import { fixedRandom } from "../../fakes/random.ts";

const sts = httpSts({ clock: systemClock, random: fixedRandom() });
let open: Server[] = [];
afterEach(() => {
  for (const server of open) {
    server.closeAllConnections();
    server.close();
  }
  open = [];
});

async function listen(server: Server): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return (server.address() as AddressInfo).port;
}
const serve = async (handler: RequestListener): Promise<string> =>
  `http://127.0.0.1:${String(await listen(createServer(handler)))}`;

const request = (endpoint: string, change: Partial<CallerRequest> = {}): CallerRequest => ({
  endpoint,
  host: "sts.amazonaws.com",
  method: "POST",
  query: "",
  headers: new Map([
    ["authorization", "AWS4-HMAC-SHA256 x"],
    ["x-amz-date", "20260105T120000Z"],
  ]),
  body: "Action=GetCallerIdentity&Version=2011-06-15",
  maxRetries: 0,
  ...change,
});

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: readonly string[];
  readonly body: string;
}
async function seen(message: IncomingMessage): Promise<Seen> {
  let body = "";
  for await (const chunk of message) body += String(chunk);
  const { method, url, rawHeaders } = message;
  return { method, url, headers: rawHeaders, body };
}

test("a POST arrives as it was signed, and nothing else with it", async () => {
  let got: Promise<Seen> | undefined;
  const url = await serve((message, reply) => {
    got = seen(message);
    reply.setHeader("content-type", "text/xml").end("<a></a>");
  });
  expect(await sts.forward(request(url))).toEqual({ status: 200, contentType: "text/xml", body: "<a></a>" });
  expect(await got).toMatchObject({
    method: "POST",
    url: "/",
    body: "Action=GetCallerIdentity&Version=2011-06-15",
    headers: [
      "authorization",
      "AWS4-HMAC-SHA256 x",
      "x-amz-date",
      "20260105T120000Z",
      "host",
      "sts.amazonaws.com",
      "accept",
      "text/xml",
      "content-length",
      "43",
      "Connection",
      "keep-alive",
    ],
  });
});

test("a GET carries its query and no body", async () => {
  let got: Promise<Seen> | undefined;
  const url = await serve((message, reply) => {
    got = seen(message);
    reply.end();
  });
  await sts.forward(request(url, { method: "GET", query: "?Action=GetCallerIdentity", body: "" }));
  expect(await got).toMatchObject({ method: "GET", url: "/?Action=GetCallerIdentity", body: "" });
});

test("a redirect is an answer, not a way to go", async () => {
  let asked = 0;
  const url = await serve((_, reply) => {
    asked += 1;
    reply.writeHead(307, { location: "/elsewhere" }).end();
  });
  expect(await sts.forward(request(url))).toMatchObject({ status: 307 });
  expect(asked).toBe(1);
});

test.each([
  [64 * 1024, 200],
  [64 * 1024 + 1, undefined],
])("an answer of %d bytes", async (size, status) => {
  const url = await serve((_, reply) => {
    reply.end("x".repeat(size));
  });
  const got = await sts.forward(request(url)).catch((error: unknown) => error);
  if (status === undefined) expect(got).toMatchObject({ kind: "upstream" });
  else expect(got).toMatchObject({ status });
});

test.each([
  ["nobody listens", () => Promise.resolve("http://127.0.0.1:1")],
  ["the connection is dropped", () => serve((message) => void message.socket.destroy())],
  [
    "the answer breaks off",
    () => serve((_, reply) => void reply.writeHead(200, { "content-length": 9 }).write("x", () => reply.destroy())),
  ],
  ["the answer is 500", () => serve((_, reply) => void reply.writeHead(500).end())],
  ["the answer is 429", () => serve((_, reply) => void reply.writeHead(429).end())],
])("unavailable, with a time to wait: %s", async (_, endpoint) => {
  const got = await sts.forward(request(await endpoint())).catch((error: unknown) => error);
  expect(got).toMatchObject({ kind: "unavailable", retryAfter: 10_000 });
});

test("an endpoint whose certificate nobody vouches for is not asked", async () => {
  const { key, certificate } = testSigner("rsa2048");
  let asked = 0;
  const server = createTls({ key: key.export({ type: "pkcs8", format: "pem" }), cert: certificate }, (_, reply) => {
    asked += 1;
    reply.end();
  });
  const port = await listen(server);
  const got = await sts.forward(request(`https://127.0.0.1:${String(port)}`)).catch((error: unknown) => error);
  expect(got).toMatchObject({ kind: "unavailable" });
  expect(asked).toBe(0);
});

test("a server that never answers is given up", async () => {
  const url = await serve(() => undefined);
  const got = await sts.forward(request(url)).catch((error: unknown) => error);
  expect(got).toMatchObject({ kind: "unavailable" });
});
