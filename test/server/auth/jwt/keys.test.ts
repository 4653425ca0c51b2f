/** The issuer's keys: rotation, how often they are fetched, how long they are believed, and what is no key. */
import { generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readKeySet, readPem } from "../../../../server/auth/jwt/keys.ts";
import { type JwtMount, jwtMount } from "../../../fakes/jwt-mount.ts";
import { issuerKey, jwkOf } from "../../../fakes/oidc-issuer.ts";

let mount: JwtMount;
beforeEach(async () => {
  mount = await jwtMount();
  mount.issuer.fetches = 0;
});
afterEach(() => mount.close());

const MINUTE = 60_000;
const UNKNOWN = "error validating token: error verifying token signature: no known key has signed it";
const AWAY = "the keys of the token issuer cannot be fetched now";

const down = (): void => {
  mount.issuer.answer = (_req, res) => {
    res.writeHead(503);
    res.end();
    return true;
  };
};

/** On the monotonic clock too, which `jump` leaves alone. */
const pass = (ms: number): Promise<void> => mount.clock.advance(ms);

test("logins share the keys that the configuration fetched", async () => {
  for (let i = 0; i < 20; i += 1) expect(await mount.outcome({})).toBe("in");
  expect(mount.issuer.fetches).toBe(0);
});

test("a new key is found by the first token that it signed, once the interval has passed", async () => {
  const next = issuerKey("two");
  mount.issuer.keys = [next];
  await pass(29_999);
  expect(await mount.outcome({}, { key: next })).toBe(UNKNOWN);
  expect(mount.issuer.fetches).toBe(0);
  await pass(1);
  expect(await mount.outcome({}, { key: next })).toBe("in");
  expect(mount.issuer.fetches).toBe(1);
  expect(await mount.outcome({}, { key: issuerKey("one") })).toBe(UNKNOWN);
});

test("a key that was renewed under its old id is found too", async () => {
  const renewed = { ...issuerKey("another"), kid: "one" };
  mount.issuer.keys = [renewed];
  await pass(30_000);
  expect(await mount.outcome({}, { key: renewed })).toBe("in");
});

test("two hundred made-up tokens in ten minutes fetch the keys at most twenty times", async () => {
  const forged = issuerKey("forged");
  for (let i = 0; i < 200; i += 1) {
    expect(await mount.outcome({}, { key: { ...forged, kid: `made-up-${i}` } })).toBe(UNKNOWN);
    await pass(3000);
  }
  expect(mount.issuer.fetches).toBeGreaterThan(10);
  expect(mount.issuer.fetches).toBeLessThanOrEqual(20);
});

test("fifty logins with a new key at once wait for one fetch", async () => {
  const next = issuerKey("two");
  mount.issuer.keys = [next];
  await pass(30_000);
  const all = await Promise.all(Array.from({ length: 50 }, () => mount.outcome({}, { key: next })));
  expect(new Set(all)).toEqual(new Set(["in"]));
  expect(mount.issuer.fetches).toBe(1);
});

test("keys are fresh for ten minutes, and a withdrawn one is no good after them", async () => {
  mount.issuer.keys = [issuerKey("two")];
  await pass(10 * MINUTE - 1);
  expect(await mount.outcome({}, { key: issuerKey("one") })).toBe("in");
  await pass(1);
  expect(await mount.outcome({}, { key: issuerKey("one") })).toBe(UNKNOWN);
});

test("while the issuer is away its keys are believed for an hour, and it is asked every ten seconds", async () => {
  down();
  await pass(11 * MINUTE);
  for (let i = 0; i < 10; i += 1) expect(await mount.outcome({})).toBe("in");
  expect(mount.issuer.fetches).toBe(0);
  await pass(48 * MINUTE);
  expect(await mount.outcome({})).toBe("in");
  await pass(MINUTE);
  const fault = await mount.refusal("update", "login", {
    role: "app",
    jwt: mount.issuer.token({}, { now: mount.clock.now() }),
  });
  expect([fault.kind, fault.message, fault.retryAfter]).toEqual(["unavailable", AWAY, 10_000]);
  mount.issuer.answer = undefined;
  expect(await mount.outcome({})).toBe(AWAY);
  await pass(10_000);
  expect(await mount.outcome({})).toBe("in");
});

test("after a restart of the issuer nobody waits longer than the interval for what is not there", async () => {
  mount.engine.forget?.();
  down();
  expect(await mount.outcome({})).toBe(AWAY);
  const asked = mount.logs.filter(({ message }) => message.includes("cannot be fetched")).length;
  for (let i = 0; i < 10; i += 1) expect(await mount.outcome({})).toBe(AWAY);
  expect(mount.logs.filter(({ message }) => message.includes("cannot be fetched")).length).toBe(asked);
});

test("another configuration never uses the keys of the one before", async () => {
  const pem = issuerKey("two").publicKey.export({ type: "spki", format: "pem" });
  await mount.call("update", "config", { jwt_validation_pubkeys: [pem] });
  expect(await mount.outcome({}, { key: issuerKey("one") })).toBe(UNKNOWN);
  expect(await mount.outcome({}, { key: issuerKey("two") })).toBe("in");
});

test("keys are tried in turn when a token names none, twenty of them", async () => {
  const keys = Array.from({ length: 21 }, (_, i) => issuerKey(`ec-${i}`, "ES256"));
  mount.issuer.keys = keys;
  await mount.call("update", "config", { jwks_url: `${mount.issuer.url}/keys` });
  const outcomes = [0, 19, 20].map((i) =>
    mount.outcome({}, { key: keys[i] ?? issuerKey("none"), header: { kid: undefined } }),
  );
  expect(await Promise.all(outcomes)).toEqual(["in", "in", UNKNOWN]);
});

describe("a configuration that does not work is refused and nothing is stored", () => {
  test.each<[string, (m: JwtMount) => object, string]>([
    ["nothing", () => ({}), "exactly one of"],
    ["no URL", () => ({ jwks_url: "issuer.example" }), "jwks_url must be a URL"],
    ["a file", () => ({ jwks_url: "file:///etc/passwd" }), "jwks_url must be a URL"],
    ["a password in it", () => ({ jwks_url: "https://a:b@issuer.example" }), "without user or password"],
    [
      "a wrong path",
      ({ issuer }) => ({ jwks_url: `${issuer.url}/none` }),
      "error checking jwks URL: the answer has status 404",
    ],
    [
      "no key set",
      ({ issuer }) => ({ jwks_url: `${issuer.url}/.well-known/openid-configuration` }),
      "no JSON Web Key Set",
    ],
    [
      "nobody there",
      () => ({ jwks_url: "http://127.0.0.1:1/keys" }),
      "error checking jwks URL: the connection failed: ECONNREFUSED",
    ],
    [
      "the full discovery URL",
      ({ issuer }) => ({ oidc_discovery_url: `${issuer.url}/.well-known/openid-configuration` }),
      "the issuer's URL alone",
    ],
    ["a slash too many", ({ issuer }) => ({ oidc_discovery_url: `${issuer.url}/` }), "oidc issuer did not match"],
    [
      "no certificates",
      ({ issuer }) => ({ jwks_url: `${issuer.url}/keys`, jwks_ca_pem: "x" }),
      "could not parse CA PEM",
    ],
    [
      "a client",
      ({ issuer }) => ({ oidc_discovery_url: issuer.url, oidc_client_id: "x" }),
      "oidc_client_id is for the browser flow",
    ],
    [
      "a provider",
      ({ issuer }) => ({ oidc_discovery_url: issuer.url, provider_config: { provider: "azure" } }),
      "provider_config is for",
    ],
    [
      "an HMAC",
      ({ issuer }) => ({ jwks_url: `${issuer.url}/keys`, jwt_supported_algs: "HS256" }),
      "invalid jwt_supported_algs",
    ],
    [
      "none",
      ({ issuer }) => ({ jwks_url: `${issuer.url}/keys`, jwt_supported_algs: ["none"] }),
      "invalid jwt_supported_algs",
    ],
  ])("%s", async (_, body, message) => {
    const before = await mount.call("read", "config");
    const fault = await mount.refusal("update", "config", { ...body(mount) });
    expect([fault.kind, fault.message]).toEqual(["invalid", expect.stringContaining(message)]);
    expect(await mount.call("read", "config")).toEqual(before);
  });

  test("an issuer that names another", async () => {
    mount.issuer.named = "https://evil.example";
    const fault = await mount.refusal("update", "config", { oidc_discovery_url: mount.issuer.url });
    expect(fault.message).toContain("oidc issuer did not match the issuer returned by provider");
    expect(fault.message).not.toContain("evil");
  });
});

test("keys over plain HTTP are taken with a warning", async () => {
  const reply = await mount.call("update", "config", { jwks_url: `${mount.issuer.url}/keys` });
  expect(reply?.warnings).toEqual([expect.stringContaining("without TLS")]);
});

describe("PEM", () => {
  const rsa = (bits: number) => generateKeyPairSync("rsa", { modulusLength: bits });
  const spki = { type: "spki", format: "pem" } as const;
  test("public keys are taken: RSA from 2,048 bits, EC, Ed25519", () => {
    expect(readPem(rsa(2048).publicKey.export(spki) as string).kty).toBe("RSA");
    expect(readPem(rsa(2048).publicKey.export({ type: "pkcs1", format: "pem" }) as string).kty).toBe("RSA");
    expect(readPem(issuerKey("e", "ES384").publicKey.export(spki) as string).kty).toBe("EC");
    expect(readPem(issuerKey("d", "EdDSA").publicKey.export(spki) as string).kty).toBe("OKP");
  });

  test.each([
    ["a private key", () => rsa(2048).privateKey.export({ type: "pkcs8", format: "pem" }) as string],
    ["an RSA key of 1,024 bits", () => rsa(1024).publicKey.export(spki) as string],
    ["an X25519 key", () => generateKeyPairSync("x25519").publicKey.export(spki) as string],
    ["a text", () => "key"],
    ["a broken block", () => "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"],
  ])("refused: %s", (_, pem) => {
    expect(() => readPem(pem())).toThrow(expect.objectContaining({ kind: "invalid" }));
  });
});

describe("key sets", () => {
  const key = jwkOf(issuerKey("one"));
  const set = (...keys: readonly unknown[]): string => JSON.stringify({ keys });
  test.each<[string, unknown]>([
    ["symmetric", { kty: "oct", k: "AAAA", kid: "one" }],
    ["for encryption", { ...key, use: "enc" }],
    ["for other work", { ...key, key_ops: ["encrypt"] }],
    ["without a modulus", { ...key, n: undefined }],
    ["with a modulus that is no string", { ...key, n: 7 }],
    ["of an unknown type", { ...key, kty: "AKP" }],
    ["null", null],
  ])("a key %s is passed over", (_, odd) => {
    expect(readKeySet(set(odd, key)).map(({ kid }) => kid)).toEqual(["one"]);
    expect(() => readKeySet(set(odd))).toThrow("no key that verifies signatures");
  });

  test("only what makes the public key is taken up, never a private part", () => {
    const whole = { ...issuerKey("one").privateKey.export({ format: "jwk" }), kid: "one", x5u: "https://evil.example" };
    expect(Object.keys(readKeySet(set(whole))[0]?.key ?? {}).sort()).toEqual(["e", "kty", "n"]);
  });

  test.each([
    [100, true],
    [101, false],
  ])("%s keys: %s", (count, fine) => {
    const read = (): unknown => readKeySet(set(...Array.from({ length: count }, () => key)));
    if (fine) expect(read()).toHaveLength(count);
    else expect(read).toThrow("more than 100 keys");
  });

  test.each([
    "",
    "[]",
    "{}",
    '{"keys":{}}',
    '{"keys":[]}',
    `{"keys":${"[".repeat(20)}${"]".repeat(20)}}`,
  ])("no key set: %j", (text) => {
    expect(() => readKeySet(text)).toThrow(expect.objectContaining({ kind: "unavailable" }));
  });
});
