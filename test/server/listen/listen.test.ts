/** Listeners over real sockets: TCP, TLS with reload, unix sockets, limits, and the end of a server's life. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { get } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PeerCertificate, connect as tlsConnect } from "node:tls";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { systemClock } from "../../../lib/clock.ts";
import type { ListenerConfig, TcpListener } from "../../../server/contract/listener.ts";
import { type Listening, listen } from "../../../server/listen/listen.ts";
import { replying } from "../../fakes/toy-core.ts";
import { http, raw, type Serving, serving } from "../http/serving.ts";

const fixture = (name: string): string => join(import.meta.dirname, "../../fixtures/tls", name);
const ca = (name: string): string => readFileSync(fixture(`${name}.cert.pem`), "utf8");
const ports = { log: () => undefined, clock: systemClock };
const never = new AbortController().signal;
const opened: (Serving | Listening)[] = [];
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "oksae-listen-"));
});
afterEach(async () => {
  for (const one of opened.splice(0)) await ("stop" in one ? one.stop() : one.close(0));
  rmSync(folder, { recursive: true });
});

async function open(...args: Parameters<typeof serving>): Promise<Serving> {
  const s = await serving(...args);
  opened.push(s);
  return s;
}

function tlsListener(name = "one"): TcpListener {
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  copyFileSync(fixture(`${name}.cert.pem`), certFile);
  copyFileSync(fixture(`${name}.key.pem`), keyFile);
  return { kind: "tcp", host: "127.0.0.1", port: 0, tls: { certFile, keyFile } };
}

function peer(port: number, options: object = {}): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

test("LIST over TLS, through the decrypted stream, with a strict-transport header", async () => {
  const s = await open(tlsListener(), {}, { tls: { ca: ca("one") } });
  expect(s.listening.address).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const text = await new Promise<string>((resolve, reject) => {
    const socket = tlsConnect({ host: "127.0.0.1", port: s.port, ca: ca("one") });
    socket.on("error", reject);
    socket.on("data", (chunk: Buffer) => {
      resolve(chunk.toString());
      socket.destroy();
    });
    socket.write("LI");
    setTimeout(() => socket.write(http("LIST", "/v1/secret/a").slice(2)), 20);
  });
  expect(text).toMatch(/^HTTP\/1\.1 404 /);
  expect(text).toMatch(/strict-transport-security: max-age=31536000; includeSubDomains/i);
  expect(s.core.calls[0]).toMatchObject({ operation: "list", path: "secret/a/" });
  await s.client.request({ method: "PUT", path: "secret/a/x", body: { k: "v" } }, never);
  expect((await s.client.request({ method: "LIST", path: "secret/a" }, never)).rawText).toContain('"keys":["x"]');
});

test("TLS 1.1 is refused, a floor of 1.3 refuses 1.2", async () => {
  const s = await open(tlsListener());
  await expect(
    peer(s.port, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL@SECLEVEL=0" }),
  ).rejects.toThrow();
  await expect(peer(s.port, { maxVersion: "TLSv1.2" })).resolves.toMatchObject({ subject: { CN: "oksae test one" } });
  const config = tlsListener();
  if (config.tls === undefined) throw new Error("no tls");
  const strict = await open({ ...config, tls: { ...config.tls, minVersion: "tls13" } });
  await expect(peer(strict.port, { maxVersion: "TLSv1.2" })).rejects.toThrow();
  await expect(peer(strict.port)).resolves.toMatchObject({ subject: { CN: "oksae test one" } });
});

test("a client certificate is demanded where it must be", async () => {
  const config = tlsListener();
  if (config.tls === undefined) throw new Error("no tls");
  const tls = { ...config.tls, clientCaFile: fixture("two.cert.pem"), requireClientCert: true };
  const s = await open({ ...config, tls }, {}, { tls: { ca: ca("one") } });
  await expect(s.client.request({ method: "GET", path: "sys/health" }, never)).rejects.toMatchObject({ status: 0 });
  expect(s.core.calls).toHaveLength(0);
});

test("reload: new connections get the new certificate, the old connection lives, bad files change nothing", async () => {
  const config = tlsListener("one");
  const s = await open(config, {}, { tls: { ca: [ca("one"), ca("two")] } });
  const tls = config.tls;
  if (tls === undefined) throw new Error("no tls");
  s.core.answer = () => replying({ data: {} });
  const old = tlsConnect({ host: "127.0.0.1", port: s.port, rejectUnauthorized: false });
  await new Promise((resolve) => old.once("secureConnect", resolve));
  copyFileSync(fixture("two.cert.pem"), tls.certFile);
  await expect(s.listening.reload()).rejects.toMatchObject({
    kind: "invalid",
    message: expect.stringContaining("is not the key"),
  });
  expect((await peer(s.port)).subject.CN).toBe("oksae test one");
  copyFileSync(fixture("two.key.pem"), tls.keyFile);
  await s.listening.reload();
  expect((await peer(s.port)).subject.CN).toBe("oksae test two");
  old.write(http("GET", "/v1/a"));
  expect(String(await new Promise((resolve) => old.once("data", resolve)))).toMatch(/^HTTP\/1\.1 200 /);
  old.destroy();
  for (const [file, said] of [
    [tls.keyFile, "no PEM private key"],
    [tls.certFile, "no PEM certificate"],
  ] as const) {
    writeFileSync(file, "rubbish");
    await expect(s.listening.reload()).rejects.toMatchObject({
      kind: "invalid",
      message: expect.stringContaining(said),
    });
  }
  rmSync(tls.certFile);
  await expect(s.listening.reload()).rejects.toMatchObject({
    kind: "invalid",
    message: expect.stringContaining("ENOENT"),
  });
  expect((await peer(s.port)).subject.CN).toBe("oksae test two");
});

test("a start with files that do not belong together is refused; reload without TLS does nothing", async () => {
  const config = tlsListener("one");
  copyFileSync(fixture("two.key.pem"), join(folder, "key.pem"));
  await expect(listen(config, () => undefined, ports)).rejects.toMatchObject({ kind: "invalid" });
  const plain = await open();
  await expect(plain.listening.reload()).resolves.toBeUndefined();
});

test("an address in use, of no interface, of nobody", async () => {
  const s = await open();
  const at = (host: string, port: number): ListenerConfig => ({ kind: "tcp", host, port });
  await expect(listen(at("127.0.0.1", s.port), () => undefined, ports)).rejects.toMatchObject({
    kind: "invalid",
    message: `cannot listen on 127.0.0.1:${s.port}: the address is in use`,
  });
  await expect(listen(at("203.0.113.1", 0), () => undefined, ports)).rejects.toMatchObject({ kind: "invalid" });
});

test("a unix socket has the configured mode, serves LIST, and goes when the server closes", async () => {
  const path = join(folder, "server.sock");
  const s = await open({ kind: "unix", path, mode: 0o620, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 });
  expect(s.listening.address).toBe(`unix://${path}`);
  expect(statSync(path).mode & 0o777).toBe(0o620);
  await s.client.request({ method: "POST", path: "secret/x", body: { a: "b" } }, never);
  expect((await s.client.request({ method: "LIST", path: "secret" }, never)).rawText).toContain('"keys":["x"]');
  const line = await new Promise<string>((resolve) => {
    const socket = connect(path);
    socket.on("data", (chunk: Buffer) => {
      resolve(chunk.toString());
      socket.destroy();
    });
    socket.write(http("LIST", "/v1/secret/"));
  });
  expect(line).toMatch(/^HTTP\/1\.1 200 /);
  expect(s.core.calls.at(-1)).toMatchObject({ operation: "list", remote: { address: "", port: 0 } });
  await s.stop();
  opened.splice(0);
  expect(existsSync(path)).toBe(false);
});

test("the default mode is 0600, and the mask is as before", async () => {
  const path = join(folder, "server.sock");
  const modeOfNew = (name: string): number => {
    writeFileSync(join(folder, name), "");
    return statSync(join(folder, name)).mode;
  };
  const before = modeOfNew("before");
  await open({ kind: "unix", path });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(modeOfNew("after")).toBe(before);
});

test("a dead socket is replaced; a living one, a file, a symlink never", async () => {
  const path = join(folder, "server.sock");
  const config: ListenerConfig = { kind: "unix", path };
  const living = createServer();
  await new Promise<void>((resolve) => living.listen(path, resolve));
  await expect(listen(config, () => undefined, ports)).rejects.toMatchObject({
    message: expect.stringContaining("another server listens"),
  });
  const link = join(folder, "link.sock");
  symlinkSync(path, link);
  await expect(listen({ kind: "unix", path: link }, () => undefined, ports)).rejects.toMatchObject({
    message: expect.stringContaining("no socket"),
  });
  const dead = join(folder, "dead.sock");
  await leaveDeadSocket(dead);
  expect(statSync(dead).isSocket()).toBe(true);
  const s = await open({ kind: "unix", path: dead });
  expect((await s.client.request({ method: "GET", path: "none", alsoStatus: [404] }, never)).status).toBe(404);
  const file = join(folder, "file");
  writeFileSync(file, "precious");
  await expect(listen({ kind: "unix", path: file }, () => undefined, ports)).rejects.toMatchObject({ kind: "invalid" });
  expect(readFileSync(file, "utf8")).toBe("precious");
  await new Promise((resolve) => living.close(resolve));
});

/** What a killed server leaves: bound, renamed away from Node's own clean-up, closed. */
async function leaveDeadSocket(path: string): Promise<void> {
  const { renameSync } = await import("node:fs");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.1`, resolve));
  renameSync(`${path}.1`, path);
  await new Promise((resolve) => server.close(resolve));
}

test("a socket path of 107 bytes is taken, 108 are not; a relative one never", async () => {
  const path = (size: number): string => join(folder, "x".repeat(size - folder.length - 1));
  const s = await open({ kind: "unix", path: path(107) });
  expect(statSync(path(107)).isSocket()).toBe(true);
  expect(s.listening.address).toContain(path(107));
  for (const bad of [path(108), "relative.sock"]) {
    await expect(listen({ kind: "unix", path: bad }, () => undefined, ports)).rejects.toMatchObject({
      kind: "invalid",
    });
  }
  const nowhere = join(folder, "none/a.sock");
  await expect(listen({ kind: "unix", path: nowhere }, () => undefined, ports)).rejects.toMatchObject({
    message: expect.stringContaining("no such directory"),
  });
});

test("a socket whose owner cannot be set is not left behind", async () => {
  if (process.getuid?.() === 0) chmodSync(folder, 0o700);
  const path = join(folder, "server.sock");
  await expect(listen({ kind: "unix", path, uid: -2 }, () => undefined, ports)).rejects.toMatchObject({
    kind: "invalid",
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(existsSync(path)).toBe(false);
});

test("headers up to the limit are read, more are 431", async () => {
  const s = await open();
  s.core.answer = () => replying(undefined);
  const padded = (size: number): string => http("GET", "/v1/a", [`X-Pad: ${"x".repeat(size)}`]);
  expect((await raw(s.port, padded(60_000))).status).toBe(204);
  expect((await raw(s.port, padded(66_000))).status).toBe(431);
  expect((await raw(s.port, padded(10))).status).toBe(204);
});

test("a head that does not end is cut off with 408", async () => {
  const s = await open({ kind: "tcp", host: "127.0.0.1", port: 0, maxRequestDuration: 200 });
  expect((await raw(s.port, "GET /v1/a HTTP/1.1\r\nHost:", 8000)).status).toBe(408);
});

test("connections beyond the limit are dropped, with a line in the log", async () => {
  const s = await open({ kind: "tcp", host: "127.0.0.1", port: 0, maxConnections: 1 });
  s.core.answer = () => replying(undefined);
  const first = connect(s.port, "127.0.0.1");
  await new Promise((resolve) => first.once("connect", resolve));
  expect((await raw(s.port, http("GET", "/v1/a"))).status).toBe(0);
  expect(s.lines).toContainEqual({ level: "warn", message: "connection refused: too many", fields: { limit: 1 } });
  first.destroy();
  // The server learns of it when it next looks at the socket.
  while ((await raw(s.port, http("GET", "/v1/a"))).status !== 204)
    await new Promise((resolve) => setTimeout(resolve, 5));
});

test("closing: no new connection, the request in flight is answered with Connection: close, idle ones end at once", async () => {
  const s = await open();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  s.core.answer = async () => {
    await held;
    return replying({ data: { a: "b" } });
  };
  const idle = connect(s.port, "127.0.0.1");
  await new Promise((resolve) => idle.once("connect", resolve));
  const idleEnded = new Promise((resolve) => idle.once("close", resolve));
  const reply = new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
    get({ port: s.port, host: "127.0.0.1", path: "/v1/a", headers: { connection: "keep-alive" } }, (res) => {
      res.resume();
      res.on("end", () => {
        resolve({ status: res.statusCode, connection: res.headers.connection });
      });
    }).on("error", reject);
  });
  while (s.core.calls.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  const started = performance.now();
  const closed = s.listening.close(5000);
  await expect(
    new Promise((resolve, reject) => connect(s.port, "127.0.0.1").on("connect", resolve).on("error", reject)),
  ).rejects.toMatchObject({ code: "ECONNREFUSED" });
  setTimeout(release, 50);
  expect(await reply).toEqual({ status: 200, connection: "close" });
  await closed;
  idle.destroy();
  await idleEnded;
  expect(performance.now() - started).toBeLessThan(5000);
  expect(s.lines).toEqual([]);
});

test("what does not end by the deadline is broken, also a handshake that never comes", async () => {
  const s = await open(tlsListener(), {}, { tls: { ca: ca("one") } });
  s.core.answer = () => new Promise(() => undefined);
  const mute = connect(s.port, "127.0.0.1");
  await new Promise((resolve) => mute.once("connect", resolve));
  const stuck = s.client.request({ method: "GET", path: "a" }, never).catch((error: unknown) => error);
  while (s.core.calls.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
  await s.listening.close(100);
  expect(await stuck).toMatchObject({ reason: "unreachable" });
  expect(s.lines).toMatchObject([{ message: "requests cut off at shutdown", fields: { requests: 1 } }]);
});
