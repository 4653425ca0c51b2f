/**
 * The life of the real server as a process: signals, certificates, clients that hang, and clients without a token that
 * want its memory, since a server that is killed for want of it comes back sealed.
 */
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { afterEach, expect, test } from "@jest/globals";
import { freePort } from "../fakes/free-port.ts";
import { House } from "./house.ts";
import { requires } from "./requires.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures/tls");

let house = new House();
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await house.close();
  house = new House();
});

/** Connected and, with `text`, sent. */
async function client(port: number, text = ""): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  if (text !== "") await new Promise((resolve) => socket.write(text, resolve));
  return socket;
}

function head(...lines: readonly string[]): string {
  return ["POST /v1/auth/aws/login HTTP/1.1", "Host: x", ...lines, "", ""].join("\r\n");
}

test("SIGTERM, sent twice, ends it with 0 within 10 s, whatever clients hang; requests in flight are answered", async () => {
  await house.start();
  await house.init();
  const { port } = house;
  await client(port);
  await client(port, "LIS");
  await client(port, "GET /v1/sys/heal");
  await client(port, head("Content-Length: 100"));
  await client(port, `${head("Transfer-Encoding: chunked")}f`);
  const slow = await client(port, "PUT /v1/sys/policy/late HTTP/1.1\r\nHost: x\r\n");
  let reply = "";
  slow.on("data", (chunk) => (reply += chunk.toString()));
  await wait(100);
  const begin = performance.now();
  const ended = house.server?.kill("SIGTERM");
  await wait(300);
  house.server?.child.kill("SIGTERM");
  const body = JSON.stringify({ policy: 'path "a" { capabilities = ["read"] }' });
  slow.write(`X-Vault-Token: ${house.rootToken}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await ended;
  expect(performance.now() - begin).toBeLessThan(10_000);
  expect(house.server?.child.exitCode).toBe(0);
  expect(reply).toMatch(/^HTTP\/1\.1 204 /);
  expect(house.logOf("server").trimEnd()).toMatch(/server stopped$/);
  await house.start();
  await house.unseal();
  expect((await house.request("GET", "sys/policy/late")).status).toBe(200);
}, 40_000);

test("SIGHUP: a broken certificate keeps the old one, a good one serves new connections; SIGUSR1 starts no debugger", async () => {
  const [cert, key] = [house.path("cert.pem"), house.path("key.pem")];
  const use = (name: string): void => {
    copyFileSync(join(FIXTURES, `${name}.cert.pem`), cert);
    copyFileSync(join(FIXTURES, `${name}.key.pem`), key);
  };
  use("one");
  const port = await freePort();
  house.configure(
    `listener "tcp" {\n  address = "127.0.0.1:${port}"\n  tls_cert_file = "${cert}"\n  tls_key_file = "${key}"\n}`,
  );
  await house.start();
  await house.until("all listeners are open", 5, () => house.logOf("server").includes("server started"));
  const served = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
        resolve(socket.getPeerX509Certificate()?.toString() ?? "");
        socket.destroy();
      });
      socket.on("error", reject);
    });
  const inFile = (name: string): string => readFileSync(join(FIXTURES, `${name}.cert.pem`), "utf8").trim();
  const hangUp = async (line: string, times: number): Promise<void> => {
    house.server?.child.kill("SIGHUP");
    await house.until(line, 5, () => house.logOf("server").split(line).length - 1 === times);
  };
  expect((await served()).trim()).toBe(inFile("one"));
  writeFileSync(cert, "garbage");
  await hangUp("reload failed", 1);
  expect((await served()).trim()).toBe(inFile("one"));
  copyFileSync(join(FIXTURES, "two.cert.pem"), cert);
  await hangUp("reload failed", 2);
  expect((await served()).trim()).toBe(inFile("one"));
  use("two");
  await hangUp("certificate loaded", 1);
  expect((await served()).trim()).toBe(inFile("two"));
  house.server?.child.kill("SIGUSR1");
  await wait(300);
  expect(house.logOf("server")).not.toMatch(/debugger/i);
  expect(await house.health()).toBe(501);
}, 30_000);

requires("/proc/self/status")(
  "3 MB of a body in chunks of one byte, and 300 bodies that never end, cost little memory",
  async () => {
    await house.start();
    const peak = (): number =>
      Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${house.server?.pid ?? 0}/status`, "utf8"))?.[1]) / 1024;
    const before = peak();
    const socket = await client(house.port, head("Transfer-Encoding: chunked"));
    let reply = "";
    socket.on("data", (chunk) => (reply += chunk.toString()));
    for (let i = 0; i < 100; i += 1) {
      if (!socket.write("1\r\n \r\n".repeat(10_000))) await new Promise((resolve) => socket.once("drain", resolve));
    }
    socket.write("2\r\n{}\r\n0\r\n\r\n");
    await house.until("the reply", 15, () => reply !== "");
    expect(reply).toMatch(/^HTTP\/1\.1 503 /);
    for (let i = 0; i < 300; i += 1) await client(house.port, `${head("Content-Length: 33000000")}{`);
    expect(await house.health()).toBe(501);
    expect(peak() - before).toBeLessThan(120);
  },
  40_000,
);
