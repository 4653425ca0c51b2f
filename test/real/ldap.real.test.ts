/** The ldap method against a real directory, OpenLDAP's slapd: binds, searches, groups, TLS, and a directory that hangs. */
import { existsSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, expect } from "@jest/globals";
import { ldapAuth } from "../../server/auth/ldap/ldap.ts";
import { ldapDirectory } from "../../server/clients/ldap.ts";
import { freePort } from "../fakes/free-port.ts";
import { type TestReply, type TestServer, testServer } from "../fakes/server.ts";
import { requires } from "./requires.ts";
import { dnOf, GROUPS, SERVICE, SLAPD, Slapd, USERS } from "./slapd.ts";

const onSlapd = requires(SLAPD);
let slapd: Slapd;
let server: TestServer;
const hanging: { server: Server; sockets: Set<Socket> }[] = [];

beforeAll(async () => {
  if (!existsSync(SLAPD)) return;
  slapd = new Slapd();
  await slapd.start();
  server = await testServer({ kinds: [ldapAuth(ldapDirectory())] });
}, 60_000);
afterAll(async () => {
  if (!existsSync(SLAPD)) return;
  slapd.stop();
  await server.close();
});
afterEach(() => {
  for (const { server: one, sockets } of hanging.splice(0)) {
    for (const socket of sockets) socket.destroy();
    one.close();
  }
});

let mounts = 0;
/** A mount of its own with these settings. @returns its path */
async function mounted(config: Readonly<Record<string, unknown>>): Promise<string> {
  const path = `ldap${String((mounts += 1))}`;
  await server.request("POST", `sys/auth/${path}`, { type: "ldap" });
  const all = { url: slapd.url, userdn: USERS, userattr: "uid", groupdn: GROUPS, ...config };
  const reply = await server.request("POST", `auth/${path}/config`, all);
  expect([reply.status, reply.text]).toEqual([204, ""]);
  for (const group of ["devs", "staff", "posix", "Equipe R, D"]) {
    await server.request("POST", `auth/${path}/groups/${encodeURIComponent(group)}`, {
      policies: `of-${group.replace(/\W/g, "")}`,
    });
  }
  return path;
}

const logIn = (path: string, name: string, password: string): Promise<TestReply> =>
  server.request("POST", `auth/${path}/login/${encodeURIComponent(name)}`, { password }, "");

interface Auth {
  readonly client_token: string;
  readonly token_policies: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}
const authOf = (reply: TestReply): Auth => {
  expect([reply.status, reply.text]).toEqual([200, expect.any(String)]);
  return reply.body?.["auth"] as Auth;
};
const policiesOf = async (path: string, name: string): Promise<readonly string[]> =>
  authOf(await logIn(path, name, `password of ${name}`)).token_policies;

/** Connections of this process to the directory. */
async function open(): Promise<number> {
  // A goodbye may still be under way.
  for (let turn = 0; turn < 40 && count() > 0; turn += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  return count();
}
const handles = (): readonly unknown[] =>
  (process as unknown as { _getActiveHandles(): readonly unknown[] })._getActiveHandles();
const count = (): number =>
  handles().filter((one) => [slapd.port, ...hanging.map(portOf)].includes((one as Partial<Socket>).remotePort ?? -1))
    .length;
const portOf = ({ server: one }: { server: Server }): number => (one.address() as AddressInfo).port;

const WAYS: readonly (readonly [string, () => Readonly<Record<string, unknown>>])[] = [
  ["a bind under the name that was typed", () => ({})],
  ["a search by a service account", () => ({ ...SERVICE })],
  ["an anonymous search", () => ({ discoverdn: true })],
  ["an anonymous search for groups", () => ({ ...SERVICE, anonymous_group_search: true })],
  ["StartTLS with its own CA", () => ({ ...SERVICE, starttls: true, certificate: slapd.ca })],
  ["StartTLS, no check", () => ({ ...SERVICE, starttls: true, insecure_tls: true })],
  ["ldaps with its own CA", () => ({ ...SERVICE, url: slapd.tlsUrl, certificate: slapd.ca })],
  [
    "ldaps with TLS 1.3",
    () => ({ url: slapd.tlsUrl, certificate: slapd.ca, tls_min_version: "tls13", tls_max_version: "tls13" }),
  ],
  ["pages of one", () => ({ ...SERVICE, max_page_size: 1 })],
  ["aliases followed", () => ({ ...SERVICE, dereference_aliases: "always" })],
];

for (const [way, config] of WAYS) {
  onSlapd(`${way}: the right password in, the wrong one and an unknown user out, no connection left`, async () => {
    const path = await mounted(config());
    expect(await policiesOf(path, "ann")).toEqual(["default", "of-devs", "of-posix"]);
    expect(await policiesOf(path, "bob")).toEqual(["default", "of-staff"]);
    for (const [name, password] of [
      ["ann", "wrong"],
      ["nobody", "password of ann"],
      ["*", "password of ann"],
    ] as const) {
      const refused = await logIn(path, name, password);
      expect([refused.status, refused.text]).toEqual([400, expect.stringContaining("failed to bind as user")]);
    }
    expect(await open()).toBe(0);
  });
}

onSlapd("names with characters that mean something in filters and DNs are names", async () => {
  for (const config of [{}, SERVICE]) {
    const path = await mounted(config);
    expect(await policiesOf(path, "zoë")).toEqual(["default", "of-equiperd"]);
    expect(await policiesOf(path, "com,ma")).toEqual(["default", "of-devs"]);
    expect(await policiesOf(path, "o(dd)*")).toEqual(["default"]);
    for (const name of ["ann)(uid=*", "a*", "ann,ou=people", "ann+uid=bob", "\\61nn", "*)(|(uid=*"]) {
      expect((await logIn(path, name, "password of ann")).status).toBe(400);
    }
  }
});

onSlapd("however a name is typed, it is one alias and one entity's name", async () => {
  for (const config of [{}, SERVICE, { username_as_alias: true }, { ...SERVICE, username_as_alias: true }]) {
    const path = await mounted(config);
    const names = new Set<string>();
    for (const typed of ["ann", "ANN", " ann ", "Ann"]) {
      names.add(authOf(await logIn(path, typed, "password of ann")).metadata["username"] ?? "");
    }
    expect([...names]).toEqual(["ann"]);
  }
});

onSlapd("a user filter finds by mail, and refuses a name that two share", async () => {
  const path = await mounted({
    ...SERVICE,
    userfilter: "(|(uid={{.Username}})(mail={{.Username}})(cn={{.Username}}))",
  });
  const auth = authOf(await logIn(path, "ann@example.org", "password of ann"));
  expect([auth.metadata, auth.token_policies]).toEqual([{ username: "ann" }, ["default", "of-devs"]]);
  expect((await logIn(path, "Twin", "password of twin1")).status).toBe(400);
  expect((await logIn(path, "twin1", "password of twin1")).status).toBe(200);
});

onSlapd("groups in groups: a filter that asks for both", async () => {
  const nested = `(|(member={{.UserDN}})(member=cn=devs,${GROUPS}))`;
  const path = await mounted({ ...SERVICE, groupfilter: nested });
  expect(await policiesOf(path, "ann")).toEqual(["default", "of-devs", "of-staff"]);
});

onSlapd("dereferenced aliases lead to groups elsewhere, never when not asked for", async () => {
  const base = GROUPS.replace("ou=groups", "ou=aliases");
  const groupfilter = "(member={{.UserDN}})";
  const follow = await mounted({ ...SERVICE, groupdn: base, groupfilter, dereference_aliases: "searching" });
  expect(await policiesOf(follow, "ann")).toEqual(["default", "of-devs"]);
  const stay = await mounted({ ...SERVICE, groupdn: base, groupfilter });
  expect(await policiesOf(stay, "ann")).toEqual(["default"]);
});

onSlapd("an empty password never reaches the directory, which would take it", async () => {
  const path = await mounted({});
  const reply = await logIn(path, "ann", "");
  expect([reply.status, reply.text]).toEqual([400, expect.stringContaining("zero length")]);
  expect((await server.request("POST", `auth/${path}/config`, { deny_null_bind: false })).status).toBe(400);
});

onSlapd("no groups: a warning; a wrong base or service account: 502 that says which", async () => {
  const path = await mounted({ ...SERVICE, groupdn: USERS });
  const reply = await logIn(path, "bob", "password of bob");
  expect([reply.status, reply.text]).toEqual([200, expect.stringContaining("no LDAP groups found in groupDN")]);
  const lost = await mounted({ ...SERVICE, userdn: "ou=nowhere,dc=example,dc=org" });
  expect((await logIn(lost, "bob", "password of bob")).status).toBe(502);
  const wrong = await mounted({ ...SERVICE, bindpass: "old" });
  const refused = await logIn(wrong, "bob", "password of bob");
  expect([refused.status, refused.text]).toEqual([502, expect.stringContaining("binddn")]);
  expect(await open()).toBe(0);
});

onSlapd("TLS that cannot be trusted: 503, and the password has not been said", async () => {
  for (const config of [
    { url: slapd.tlsUrl },
    { starttls: true },
    { url: slapd.tlsUrl.replace("127.0.0.1", "localhost"), certificate: slapd.ca },
  ]) {
    const path = await mounted({ ...SERVICE, ...config });
    const reply = await logIn(path, "ann", "password of ann");
    expect([reply.status, Number(reply.headers.get("retry-after")) > 0]).toEqual([503, true]);
  }
  expect(await open()).toBe(0);
});

onSlapd("the first server is down, the second answers; all down: 503", async () => {
  const dead = `ldap://127.0.0.1:${String(await freePort())}`;
  const path = await mounted({ ...SERVICE, url: `${dead}, ${slapd.url}` });
  expect(await policiesOf(path, "bob")).toEqual(["default", "of-staff"]);
  const none = await mounted({ ...SERVICE, url: `${dead},${dead}` });
  expect((await logIn(none, "bob", "password of bob")).status).toBe(503);
});

/** Takes connections; says only what `speak` says. */
async function hang(speak: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const one = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    speak(socket);
  });
  await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
  hanging.push({ server: one, sockets });
  return `127.0.0.1:${String((one.address() as AddressInfo).port)}`;
}

onSlapd("a directory that says nothing: 503 within its time, in each phase, and no connection is left", async () => {
  const silent = await hang(() => undefined);
  for (const config of [
    { url: `ldap://${silent}` },
    { url: `ldaps://${silent}` },
    { url: `ldap://${silent}`, starttls: true },
  ]) {
    const path = await mounted({ ...SERVICE, ...config, request_timeout: "300ms", connection_timeout: "300ms" });
    const began = performance.now();
    expect((await logIn(path, "ann", "password of ann")).status).toBe(503);
    expect(performance.now() - began).toBeLessThan(3000);
  }
  expect(await open()).toBe(0);
});

onSlapd("a directory that stops in the middle: 503 within its time, and it works again afterwards", async () => {
  const path = await mounted({ ...SERVICE, request_timeout: "500ms" });
  slapd.signal("SIGSTOP");
  try {
    const all = await Promise.all(Array.from({ length: 20 }, () => logIn(path, "ann", "password of ann")));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([503]));
    expect(await open()).toBe(0);
  } finally {
    slapd.signal("SIGCONT");
  }
  expect(await policiesOf(path, "ann")).toContain("of-devs");
});

onSlapd("bytes in clear behind the answer to StartTLS end the connection; endless ones too", async () => {
  // To message 2, ldapts' first: ExtendedResponse, success; then the beginning of a forged bind response for message 3.
  const answer = Buffer.from("300c02010278070a010004000400", "hex");
  const forged = Buffer.from("302002010361", "hex");
  const sly = await hang((socket) => socket.once("data", () => socket.write(Buffer.concat([answer, forged]))));
  const path = await mounted({ url: `ldap://${sly}`, starttls: true, insecure_tls: true, connection_timeout: "10s" });
  const began = performance.now();
  expect((await logIn(path, "ann", "password of ann")).status).toBe(503);
  // It did not wait for a TLS handshake.
  expect(performance.now() - began).toBeLessThan(5000);
  const noise = Buffer.alloc(1 << 20, 0x30);
  const loud = await hang((socket) => {
    const more = (): void => {
      while (!socket.destroyed && socket.write(noise));
    };
    socket.on("drain", more);
    more();
  });
  const flood = await mounted({ url: `ldap://${loud}`, request_timeout: "20s" });
  expect((await logIn(flood, "ann", "password of ann")).status).toBe(503);
  expect(await open()).toBe(0);
});

onSlapd(
  "a renewal asks the directory: the same groups yes, another mapping no, a directory that is away later",
  async () => {
    const path = await mounted({ ...SERVICE, token_ttl: "1h" });
    const { client_token: token } = authOf(await logIn(path, "ann", "password of ann"));
    const renew = (): Promise<TestReply> => server.request("POST", "auth/token/renew-self", {}, token);
    expect((await renew()).status).toBe(200);
    await server.request("POST", `auth/${path}/config`, { url: `ldap://127.0.0.1:${String(await freePort())}` });
    expect((await renew()).status).toBe(503);
    await server.request("POST", `auth/${path}/config`, { url: slapd.url });
    expect((await renew()).status).toBe(200);
    await server.request("POST", `auth/${path}/groups/DEVS`, { policies: "other" });
    const refused = await renew();
    expect([refused.status, refused.text]).toEqual([
      403,
      expect.stringContaining("policies have changed, not renewing"),
    ]);
  },
);

onSlapd("a client certificate is shown", async () => {
  const read = (name: string): string => readFileSync(`${slapd.folder}/${name}`, "utf8");
  const pair = { client_tls_cert: read("client.pem"), client_tls_key: read("client.key") };
  const path = await mounted({ url: slapd.tlsUrl, certificate: slapd.ca, ...pair });
  expect(await policiesOf(path, "bob")).toEqual(["default", "of-staff"]);
  const mismatch = { ...pair, client_tls_key: read("server.key") };
  expect((await server.request("POST", `auth/${path}/config`, mismatch)).text).toContain("X509 key pair");
  expect(dnOf("bob")).toContain("uid=bob");
});
