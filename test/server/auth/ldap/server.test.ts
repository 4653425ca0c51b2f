/** The method in the real server: its groups in identity, the lockout, and a bound on sessions. */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { Secret } from "../../../../lib/secret.ts";
import { ldapAuth } from "../../../../server/auth/ldap/ldap.ts";
import { ldapDirectory } from "../../../../server/clients/ldap.ts";
import { entry, type FakeLdap, fakeLdap } from "../../../fakes/ldap.ts";
import { type TestServer, testServer } from "../../../fakes/server.ts";

const PEOPLE = "ou=people,dc=x";
const ANN = `uid=ann,${PEOPLE}`;
let ldap: FakeLdap;
let server: TestServer;
beforeAll(async () => {
  ldap = fakeLdap();
  server = await testServer({ kinds: [ldapAuth(ldap)] });
  await server.request("POST", "sys/auth/ldap", { type: "ldap" });
  const config = { userdn: PEOPLE, userattr: "uid", groupdn: "ou=groups", groupfilter: "(member={{.UserDN}})" };
  expect((await server.request("POST", "auth/ldap/config", config)).status).toBe(204);
});
afterAll(() => server.close());
beforeEach(() => {
  ldap.passwords.set(ANN, "pw");
  ldap.found.set(`${ANN} (objectClass=*)`, [entry(ANN, { uid: ["ann"] })]);
  groups("Devs");
});

const groups = (...names: readonly string[]): void => {
  ldap.found.set(`ou=groups (member=${ANN})`, [entry("cn=x", { cn: names })]);
};
const logIn = (name: string, password: string) => server.request("POST", `auth/ldap/login/${name}`, { password }, "");

test("groups of the directory are external groups of identity, at login and at renewal", async () => {
  const mounts = (await server.request("GET", "sys/auth")).body?.["data"] as Record<string, { accessor: string }>;
  const group = await server.request("POST", "identity/group", {
    name: "developers",
    type: "external",
    policies: "from-group",
  });
  const { id } = group.body?.["data"] as { id: string };
  const alias = { name: "devs", mount_accessor: mounts["ldap/"]?.accessor, canonical_id: id };
  expect((await server.request("POST", "identity/group-alias", alias)).status).toBe(200);
  const reply = await logIn("ann", "pw");
  const auth = reply.body?.["auth"] as { client_token: string; entity_id: string };
  expect(auth).toMatchObject({ identity_policies: ["from-group"], token_policies: ["default"] });
  const again = (await logIn("ann", "pw")).body?.["auth"];
  expect(again).toMatchObject({ entity_id: auth.entity_id });
  const self = async () =>
    (await server.request("GET", "auth/token/lookup-self", undefined, auth.client_token)).body?.["data"];
  expect(await self()).toMatchObject({ identity_policies: ["from-group"] });
  groups("Other");
  expect((await server.request("POST", "auth/token/renew-self", {}, auth.client_token)).status).toBe(200);
  expect(await self()).not.toHaveProperty("identity_policies");
});

test("wrong passwords lock the name, however it is spelt; the right one is refused then too", async () => {
  for (const name of ["ann", "ANN", "%20ann", "ann%20", "Ann"]) expect((await logIn(name, "wrong")).status).toBe(400);
  expect((await logIn("aNN", "pw")).status).toBe(403);
});

const OPTIONS = {
  startTls: false,
  certificate: "",
  clientCertificate: "",
  clientKey: new Secret(""),
  insecureTls: false,
  tlsMin: "tls12",
  tlsMax: "tls12",
  connectionTimeout: 1000,
  requestTimeout: 200,
} as const;

test("so many sessions at one time: the next is refused, and there is room again afterwards", async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket.on("error", () => undefined)));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const narrow = ldapDirectory(2);
  const url = `ldap://127.0.0.1:${String((silent.address() as AddressInfo).port)}`;
  const one = () =>
    narrow
      .session({ ...OPTIONS, urls: [url] }, (session) => session.bindWithoutPassword(""))
      .catch((error: unknown) => error);
  const [first, second, third] = [one(), one(), one()];
  expect(await third).toMatchObject({ kind: "unavailable", message: expect.stringContaining("too many") });
  for (const told of await Promise.all([first, second])) {
    expect(told).toMatchObject({ kind: "unavailable", message: "the directory does not answer" });
  }
  expect(await one()).toMatchObject({ message: "the directory does not answer" });
  for (const socket of sockets) socket.destroy();
  silent.close();
});
