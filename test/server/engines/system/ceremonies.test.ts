/**
 * CVE-2026-5807 over the wire: who may cancel or restart what holders of shares have begun, and who sees its nonce. Strict
 * listeners ask for the nonce or a sudo token; `disable_unauthed_… = false` gives Vault's classic wire.
 */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type TestServer, testServer } from "../../../fakes/server.ts";

const CLASSIC = { unauthedRekey: true, unauthedGenerateRoot: true };

/** What is under way, how it is begun, and where it is ended. */
const OPERATIONS = [
  { path: "sys/rekey/init", begin: { secret_shares: 1, secret_threshold: 1 }, flag: "unauthedRekey" },
  { path: "sys/generate-root/attempt", begin: {}, flag: "unauthedGenerateRoot" },
] as const;

type Who = "nobody" | "sudo" | "no sudo" | "few uses";

describe.each([
  ["strict", {}],
  ["only the other classic", undefined],
  ["classic", CLASSIC],
] as const)("a %s listener", (name, limits) => {
  describe.each(OPERATIONS)("$path", ({ path, begin, flag }) => {
    let server: TestServer;
    const tokens: Record<Who, string> = { nobody: "", sudo: "", "no sudo": "", "few uses": "" };
    beforeAll(async () => {
      server = await testServer({ limits: limits ?? { ...CLASSIC, [flag]: false } });
      tokens.sudo = await tokenOf(server, "sudo", `path "${path}" { capabilities = ["read", "delete", "sudo"] }`);
      tokens["no sudo"] = await tokenOf(server, "plain", `path "sys/*" { capabilities = ["read", "delete"] }`);
      tokens["few uses"] = await tokenOf(
        server,
        "few",
        `path "${path}" { capabilities = ["read", "delete", "sudo"] }`,
        9,
      );
    });
    afterAll(() => server.close());

    const classic = name === "classic";
    test.each([
      ["nobody", "none", classic],
      ["nobody", "wrong", classic],
      ["nobody", "right", true],
      ["no sudo", "none", classic],
      ["no sudo", "right", true],
      ["few uses", "none", classic],
      ["sudo", "none", true],
      ["sudo", "wrong", true],
    ] as const)("%s with nonce %s: %p", async (who, nonce, may) => {
      await server.request("DELETE", path);
      const begun = await server.request("POST", path, begin, "");
      const right = String(begun.body?.["nonce"]);
      const query = { none: "", wrong: "?nonce=other", right: `?nonce=${right}` }[nonce];
      const seen = await server.request("GET", path + query, undefined, tokens[who]);
      expect(seen.body).toMatchObject({ started: true, nonce: may ? right : "" });
      const ended = await server.request("DELETE", path + query, undefined, tokens[who]);
      expect(ended.status).toBe(may ? 204 : 400);
      expect(ended.text).not.toContain(right);
      const after = await server.request("GET", path);
      expect(after.body).toMatchObject({ started: !may });
    });

    test("nothing under way: a cancel is 204 for everyone", async () => {
      await server.request("DELETE", path);
      expect((await server.request("DELETE", path, undefined, "")).status).toBe(204);
    });
  });
});

async function tokenOf(server: TestServer, name: string, policy: string, uses = 0): Promise<string> {
  await server.request("PUT", `sys/policies/acl/${name}`, { policy });
  const made = await server.request("POST", "auth/token/create", { policies: [name], num_uses: uses });
  return (made.body?.["auth"] as { client_token: string }).client_token;
}

test("a verification is restarted by its own nonce alone; its nonce is hidden like the other", async () => {
  const server = await testServer();
  const terms = { secret_shares: 1, secret_threshold: 1, require_verification: true };
  const begun = await server.request("POST", "sys/rekey/init", terms, "");
  const nonce = String(begun.body?.["nonce"]);
  const made = await server.request("POST", "sys/rekey/update", { key: server.keys[0], nonce }, "");
  const verification = String(made.body?.["verification_nonce"]);
  const hidden = await server.request("GET", "sys/rekey/init", undefined, "");
  expect(hidden.text).not.toContain(verification);
  expect((await server.request("GET", "sys/rekey/verify", undefined, "")).text).not.toContain(verification);
  for (const query of ["", `?nonce=${nonce}`]) {
    expect((await server.request("DELETE", `sys/rekey/verify${query}`, undefined, "")).status).toBe(400);
  }
  const restarted = await server.request("DELETE", `sys/rekey/verify?nonce=${verification}`, undefined, "");
  expect(restarted.status).toBe(200);
  expect(restarted.text).not.toContain(verification);
  await server.close();
});

test("the whole way: a rekey to two shares, a seal, an unseal by the new ones, and a root token out of them", async () => {
  const server = await testServer();
  const ask = (method: string, path: string, data?: unknown) => server.request(method, path, data, "");
  const { body: begun } = await ask("POST", "sys/rekey/init", { secret_shares: 2, secret_threshold: 2 });
  const { body: made } = await ask("POST", "sys/rekey/update", { key: server.keys[0], nonce: begun?.["nonce"] });
  expect(made).toMatchObject({ complete: true, verification_required: false, pgp_fingerprints: null, backup: false });
  await server.request("POST", "sys/seal");
  expect((await ask("GET", "sys/rekey/init")).status).toBe(503);
  expect((await ask("POST", "sys/unseal", { key: server.keys[0] })).status).toBe(400);
  const keys = made?.["keys_base64"] as readonly string[];
  for (const key of keys) await ask("POST", "sys/unseal", { key });
  const { body: attempt } = await ask("POST", "sys/generate-root/attempt");
  const nonce = attempt?.["nonce"];
  const half = await ask("POST", "sys/generate-root/update", { key: keys[0], nonce });
  expect(half.body).toMatchObject({ started: true, complete: false, progress: 1, required: 2, encoded_token: "" });
  const done = await ask("POST", "sys/generate-root/update", { key: keys[1], nonce });
  expect(done.body).toMatchObject({ started: true, complete: true, progress: 2, required: 2, nonce });
  const encoded = { encoded_token: done.body?.["encoded_token"], otp: attempt?.["otp"] };
  const { body: decoded } = await ask("POST", "sys/decode-token", encoded);
  const { token } = decoded?.["data"] as { token: string };
  const self = await server.request("GET", "auth/token/lookup-self", undefined, token);
  expect(self.body?.["data"]).toMatchObject({ policies: ["root"], ttl: 0, path: "auth/token/root" });
  await server.close();
});

test.each([
  ["POST", "sys/rekey/init", { secret_shares: 1, secret_threshold: 1, pgp_keys: ["x"] }, "pgp_keys"],
  ["POST", "sys/rekey/init", { secret_shares: 1, secret_threshold: 1, backup: true }, "PGP"],
  ["POST", "sys/generate-root/attempt", { pgp_key: "x" }, "pgp_key"],
  ["POST", "sys/rekey-recovery-key/init", { secret_shares: 1, secret_threshold: 1 }, "recovery rekeying not supported"],
  ["GET", "sys/rekey-recovery-key/verify", undefined, "recovery rekeying not supported"],
  ["POST", "sys/rekey/update", { key: "00", nonce: "x" }, "no barrier rekey in progress"],
] as const)("%s %s %j: 400 %s", async (method, path, data, why) => {
  const server = await testServer();
  const reply = await server.request(method, path, data);
  expect(reply.status).toBe(400);
  expect(reply.text).toContain(why);
  await server.close();
});

test.each([
  "generate-root",
  "generate-root-token/attempt",
  "rotate/root/init",
  "rekey/backup",
])("sys/%s asks for a token", async (path) => {
  const server = await testServer();
  expect((await server.request("GET", `sys/${path}`, undefined, "")).status).toBe(403);
  await server.close();
});

test.each([
  ["sys/rotate/root/init", { secret_shares: 1, secret_threshold: 1 }],
  ["sys/generate-root-token/attempt", {}],
  ["sys/generate-root", {}],
])("%s: a token without sudo ends it by the nonce alone, and sees it by nothing else", async (path, begin) => {
  const server = await testServer();
  const plain = await tokenOf(
    server,
    "plain",
    'path "sys/*" { capabilities = ["create", "read", "update", "delete"] }',
  );
  const begun = await server.request("POST", path, begin);
  const body = (begun.body?.["data"] ?? begun.body) as { nonce: string };
  expect(body.nonce).toMatch(/^[0-9a-f-]{36}$/);
  for (const query of ["", "?nonce=", "?nonce=other", `?nonce=${body.nonce.slice(0, -1)}`]) {
    expect((await server.request("GET", path + query, undefined, plain)).text).not.toContain(body.nonce);
    expect((await server.request("DELETE", path + query, undefined, plain)).status).toBe(400);
  }
  expect((await server.request("DELETE", `${path}?nonce=${body.nonce}`, undefined, plain)).status).toBe(204);
  await server.close();
});
