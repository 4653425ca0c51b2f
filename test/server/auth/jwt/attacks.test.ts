/** Tokens that must not open the door, each beside the good one that it was made from. Source: RFC 8725 sections 2 and 3. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type JwtMount, jwtMount, NOW } from "../../../fakes/jwt-mount.ts";
import { hmacToken, issuerKey, jwkOf, oidcIssuer, signToken } from "../../../fakes/oidc-issuer.ts";

let mount: JwtMount;
beforeAll(async () => {
  mount = await jwtMount();
  mount.issuer.keys = [issuerKey("one"), issuerKey("ec", "ES256"), issuerKey("ed", "EdDSA")];
  await mount.call("update", "config", { oidc_discovery_url: mount.issuer.url, bound_issuer: mount.issuer.url });
});
afterAll(() => mount.close());

const at = NOW / 1000;
const good = (): Record<string, unknown> => ({
  iss: mount.issuer.url,
  sub: "ann",
  aud: "oksae",
  iat: at,
  nbf: at,
  exp: at + 300,
});
const one = issuerKey("one");
const foreign = issuerKey("foreign");
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const pem = (): string => one.publicKey.export({ type: "spki", format: "pem" }) as string;

test.each(["one", "ec", "ed"])("the good token is taken, signed with key %s", async (kid) => {
  const key = mount.issuer.keys.find((known) => known.kid === kid);
  if (key === undefined) throw new Error("no such key");
  expect(await mount.outcome({}, { key })).toBe("in");
});

const BAD_ALG = "token signed with unexpected algorithm";
const BAD_KEY = "no known key has signed it";
const BAD_FORM = "it is no signed token in compact form";

test.each<[string, () => string, string]>([
  ["alg none without signature", () => `${part({ alg: "none" })}.${part(good())}.`, BAD_FORM],
  ["alg none with a signature", () => `${part({ alg: "none", kid: "one" })}.${part(good())}.AAAA`, BAD_ALG],
  ["alg None", () => signToken({ alg: "None", kid: "one" }, good(), one), BAD_ALG],
  ["no alg", () => signToken({ kid: "one" }, good(), one), BAD_ALG],
  ["alg as a list", () => signToken({ alg: ["RS256"], kid: "one" }, good(), one), BAD_ALG],
  ["HS256 under the public key's PEM", () => hmacToken({ alg: "HS256", kid: "one" }, good(), pem()), BAD_ALG],
  [
    "HS256 under the public key's DER",
    () => hmacToken({ alg: "HS256" }, good(), one.publicKey.export({ type: "spki", format: "der" })),
    BAD_ALG,
  ],
  ["HS256 under the modulus", () => hmacToken({ alg: "HS256" }, good(), String(jwkOf(one)["n"])), BAD_ALG],
  ["an HMAC that says RS256", () => hmacToken({ alg: "RS256", kid: "one" }, good(), pem()), BAD_KEY],
  ["an RSA signature that says ES256", () => signToken({ alg: "ES256", kid: "one" }, good(), one), BAD_KEY],
  ["an RSA signature under the EC key's id", () => signToken({ alg: "RS256", kid: "ec" }, good(), one), BAD_KEY],
  ["PS256 named RS256", () => signToken({ alg: "RS256", kid: "one" }, good(), { ...one, alg: "PS256" }), BAD_KEY],
  [
    "PS256 by a key that is published for RS256",
    () => signToken({ alg: "PS256", kid: "one" }, good(), { ...one, alg: "PS256" }),
    BAD_KEY,
  ],
  ["a foreign key under a known id", () => signToken({ alg: "RS256", kid: "one" }, good(), foreign), BAD_KEY],
  ["a foreign key under its own id", () => signToken({ alg: "RS256", kid: "foreign" }, good(), foreign), BAD_KEY],
  ["a foreign key without id", () => signToken({ alg: "RS256" }, good(), foreign), BAD_KEY],
  ["its key in the header (jwk)", () => signToken({ alg: "RS256", jwk: jwkOf(foreign) }, good(), foreign), BAD_KEY],
  ["kid as a path", () => signToken({ alg: "RS256", kid: "../../dev/null" }, good(), foreign), BAD_KEY],
  ["kid as an object", () => signToken({ alg: "RS256", kid: { a: 1 } }, good(), foreign), BAD_KEY],
  ["kid __proto__", () => signToken({ alg: "RS256", kid: "__proto__" }, good(), foreign), BAD_KEY],
  ["crit", () => signToken({ alg: "RS256", kid: "one", crit: ["b64"], b64: false }, good(), one), "(crit)"],
  ["an unknown crit", () => signToken({ alg: "RS256", kid: "one", crit: ["exp"] }, good(), one), "(crit)"],
  ["other claims under the signature", () => swapped({ sub: "root" }), BAD_KEY],
  ["a byte more", () => `${signToken({ alg: "RS256", kid: "one" }, good(), one)}A`, BAD_KEY],
  ["padding", () => `${signToken({ alg: "RS256", kid: "one" }, good(), one)}==`, BAD_FORM],
  ["four parts", () => `${signToken({ alg: "RS256", kid: "one" }, good(), one)}.AAAA`, BAD_FORM],
  ["five parts, as if encrypted", () => "a.b.c.d.e", BAD_FORM],
  ["JSON serialization", () => JSON.stringify({ payload: part(good()), signatures: [] }), BAD_FORM],
  ["a header that is no JSON", () => `AAAA.${part(good())}.AAAA`, "its header cannot be read"],
  ["claims that are a list", () => signToken({ alg: "RS256" }, "[]", one), "its claims are no JSON object"],
  ["a claim named twice", () => signToken({ alg: "RS256" }, '{"aud":"oksae","aud":"x"}', one), "or name one twice"],
  ["65,537 characters", () => "a".repeat(65_537), "longer than 64 KiB"],
])("refused: %s", async (_, token, why) => {
  expect(await mount.outcome(token())).toContain(`error validating token: `);
  expect(await mount.outcome(token())).toContain(why);
});

function swapped(claims: object): string {
  const [header = "", , signature = ""] = signToken({ alg: "RS256", kid: "one" }, good(), one).split(".");
  return `${header}.${part({ ...good(), ...claims })}.${signature}`;
}

test.each<[string, Record<string, unknown>, string]>([
  ["another audience", { aud: "billing" }, "(aud)"],
  ["other audiences", { aud: ["billing", "oksae2"] }, "(aud)"],
  ["no audience", { aud: undefined }, "(aud)"],
  ["an audience in capitals", { aud: "OKSAE" }, "(aud)"],
  ["an audience with a tail", { aud: "oksae/" }, "(aud)"],
  ["an audience as an object", { aud: { oksae: true } }, "(aud)"],
  ["a list in a list", { aud: [["oksae"]] }, "(aud)"],
  ["another issuer", { iss: "https://evil.example" }, "(iss)"],
  ["the issuer with a slash", { iss: "ISSUER/" }, "(iss)"],
  ["no issuer", { iss: undefined }, "(iss)"],
  ["the issuer in a list", { iss: ["ISSUER"] }, "(iss)"],
  ["no user", { sub: undefined }, 'claim "sub" not found in token'],
  ["a user that is null", { sub: null }, 'claim "sub" not found in token'],
  ["a user that is a number", { sub: 7 }, 'claim "sub" could not be converted to string'],
  ["an empty user", { sub: " " }, 'claim "sub" is empty'],
])("refused: well signed, with %s", async (_, claims, why) => {
  const text = JSON.stringify({ ...good(), ...claims }).replaceAll("ISSUER", mount.issuer.url);
  expect(await mount.outcome(signToken({ alg: "RS256", kid: "one" }, text, one))).toContain(why);
});

test("one audience among many is enough", async () => {
  expect(await mount.outcome({ aud: ["billing", "oksae"] })).toBe("in");
});

test("jku and x5u in a header are never fetched", async () => {
  const thief = await oidcIssuer({ keys: [foreign] });
  let asked = 0;
  thief.answer = () => {
    asked += 1;
    return false;
  };
  const header = { alg: "RS256", kid: "foreign", jku: `${thief.url}/keys`, x5u: `${thief.url}/keys` };
  expect(await mount.outcome(signToken(header, good(), foreign))).toContain(BAD_KEY);
  expect(asked).toBe(0);
  await thief.close();
});

test("an algorithm that the configuration does not list is refused, though the key is known", async () => {
  const only = { oidc_discovery_url: mount.issuer.url, jwt_supported_algs: "ES256" };
  await mount.call("update", "config", only);
  expect(await mount.outcome({})).toContain(BAD_ALG);
  const key = mount.issuer.keys[1];
  if (key !== undefined) expect(await mount.outcome({}, { key })).toBe("in");
});

test("no refusal repeats the token or a claim", async () => {
  const token = mount.issuer.token({ aud: "very-private-audience", sub: "very-private-name" }, { now: NOW });
  const fault = await mount.refusal("update", "login", { role: "app", jwt: token });
  expect(fault.message).not.toContain("very-private");
  expect(fault.message).not.toContain(token.slice(0, 20));
});
