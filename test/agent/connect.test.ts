/** The way to the server as the configuration describes it: whom it trusts, what it shows of itself, where it never goes. */
import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import type { VaultConfig } from "../../agent/config/types.ts";
import { type Connection, connect } from "../../agent/connect.ts";
import { Metadata } from "../../agent/identity/metadata.ts";
import { awsLogin } from "../../agent/login/aws.ts";
import { systemClock } from "../../lib/clock.ts";
import { Secret } from "../../lib/secret.ts";
import { startImds } from "../fakes/imds.ts";
import { fixedRandom } from "../fakes/random.ts";

const never = new AbortController().signal;
const fixture = (name: string): string => new URL(`../fixtures/tls/${name}`, import.meta.url).pathname;
const pem = (name: string): string => readFileSync(fixture(name), "utf8");
const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function listen(server: NetServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

const answer = (_: IncomingMessage, response: { end: (text: string) => void }): void => {
  response.end('{"sealed":false}');
};

/** With the certificate "one", for localhost, one.oksae.test and 127.0.0.1. */
const tlsServer = (more: object = {}): Promise<number> =>
  listen(createServer({ cert: pem("one.cert.pem"), key: pem("one.key.pem"), ...more }, answer));

async function connected(change: Partial<VaultConfig> & { readonly address: string }): Promise<Connection> {
  const connection = await connect(
    {
      caCert: undefined,
      clientCert: undefined,
      clientKey: undefined,
      tlsServerName: undefined,
      tlsSkipVerify: false,
      maxConnections: 2,
      ...change,
    },
    systemClock,
  );
  ends.push(connection.close);
  return connection;
}

/** @returns the status, or what went wrong */
async function outcome(change: Partial<VaultConfig> & { readonly address: string }): Promise<number | string> {
  const { api } = await connected(change);
  return api({ method: "GET", path: "sys/health", signal: never }).then(
    ({ status }) => status,
    (error: unknown) => (error as Error).message,
  );
}

const TRUST: readonly (readonly [string, Partial<VaultConfig>, number | RegExp])[] = [
  ["the right ca_cert", { caCert: fixture("one.cert.pem") }, 200],
  ["another ca_cert", { caCert: fixture("two.cert.pem") }, /certificate/],
  ["the system's authorities", {}, /certificate/],
  ["a server name of the certificate", { caCert: fixture("one.cert.pem"), tlsServerName: "one.oksae.test" }, 200],
  [
    "a server name of another",
    { caCert: fixture("one.cert.pem"), tlsServerName: "two.oksae.test" },
    /certificate|two\.oksae\.test/,
  ],
  ["tls_skip_verify", { tlsSkipVerify: true }, 200],
];

test.each(TRUST)("with %s: %#", async (_what, change, expected) => {
  const found = await outcome({ address: `https://127.0.0.1:${String(await tlsServer())}`, ...change });
  if (typeof expected === "number") expect(found).toBe(expected);
  else expect(found).toMatch(expected);
});

test("a client certificate is shown where the server wants one", async () => {
  const port = await tlsServer({ requestCert: true, rejectUnauthorized: true, ca: pem("two.cert.pem") });
  const base = { address: `https://127.0.0.1:${String(port)}`, caCert: fixture("one.cert.pem") };
  expect(await outcome({ ...base, clientCert: fixture("two.cert.pem"), clientKey: fixture("two.key.pem") })).toBe(200);
  expect(typeof (await outcome(base))).toBe("string");
  const wrong = { clientCert: fixture("one.cert.pem"), clientKey: fixture("one.key.pem") };
  expect(typeof (await outcome({ ...base, ...wrong }))).toBe("string");
});

test.each([
  301, 302, 303, 307, 308,
])("a %i to another port carries neither token nor document there", async (status) => {
  const seen: string[] = [];
  const elsewhere = await listen(
    createHttpServer((request, response) => {
      seen.push(request.url ?? "");
      response.end("{}");
    }),
  );
  const here = await listen(
    createHttpServer((request, response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${String(elsewhere)}${request.url ?? ""}` }).end();
    }),
  );
  const { api } = await connected({ address: `http://127.0.0.1:${String(here)}` });
  const method = awsLogin({
    api,
    mountPath: "auth/aws",
    role: "web",
    instanceId: () => Promise.resolve("i-0123456789abcdef0"),
    proof: () => Promise.resolve({ pkcs7: "document" }),
    nonce: () => Promise.resolve(new Secret("nonce-nonce-nonce-nonce")),
  });
  await expect(method.login(never)).rejects.toThrow(/redirect/);
  await expect(
    api({ method: "GET", path: "secret/data/app", token: new Secret("hvs.token"), signal: never }),
  ).rejects.toThrow(/redirect/);
  expect(seen).toEqual([]);
});

test("the metadata service is asked directly whatever the proxy variables say, and its redirects are refused", async () => {
  const proxied: string[] = [];
  const proxy = await listen(
    createHttpServer((request, response) => {
      proxied.push(request.url ?? "");
      response.end("");
    }),
  );
  const names = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NODE_USE_ENV_PROXY"];
  const before = { ...process.env };
  const imds = await startImds();
  ends.push(() => imds.close());
  try {
    for (const name of names)
      process.env[name] = name === "NODE_USE_ENV_PROXY" ? "1" : `http://127.0.0.1:${String(proxy)}`;
    const metadata = new Metadata({ endpoint: imds.url, clock: systemClock, random: fixedRandom() });
    expect(await metadata.get("dynamic/instance-identity/document", never)).toContain("instanceId");
    expect(proxied).toEqual([]);
  } finally {
    process.env = before;
  }
});
