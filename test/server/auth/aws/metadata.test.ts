/** The stand-in of the metadata service: its rules for tokens, its knobs, and documents that the verifier takes. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { certificateAnchor } from "../../../../lib/crypto/anchor.ts";
import { verifyPkcs7Document, verifySignedDocument } from "../../../../lib/crypto/identity-document.ts";
import { type FakeImds, startImds } from "../../../fakes/imds.ts";

let imds: FakeImds;
beforeAll(async () => {
  imds = await startImds({ tags: { env: "prod" } });
});
afterAll(() => imds.close());

const TTL = "x-aws-ec2-metadata-token-ttl-seconds";
const ask = (path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> =>
  fetch(`${imds.url}/latest${path}`, { method, headers });
const token = async (seconds = "60"): Promise<string> => (await ask("/api/token", { [TTL]: seconds }, "PUT")).text();
const get = async (path: string): Promise<Response> => ask(path, { "x-aws-ec2-metadata-token": await token() });

test.each<[string, string, Record<string, string>, string, number]>([
  ["no token", "/meta-data/instance-id", {}, "GET", 401],
  ["an unknown token", "/meta-data/instance-id", { "x-aws-ec2-metadata-token": "x" }, "GET", 401],
  ["a token by GET", "/api/token", { [TTL]: "60" }, "GET", 405],
  ["a token through a proxy", "/api/token", { [TTL]: "60", "x-forwarded-for": "1.2.3.4" }, "PUT", 403],
  ["a token for 0 s", "/api/token", { [TTL]: "0" }, "PUT", 400],
  ["a token for 6 hours", "/api/token", { [TTL]: "21600" }, "PUT", 200],
  ["a token for 6 hours and a second", "/api/token", { [TTL]: "21601" }, "PUT", 400],
])("%s", async (_, path, headers, method, status) => {
  expect((await ask(path, headers, method)).status).toBe(status);
});

test("documents in three forms verify under their keys", async () => {
  const { dsa, rsa2048, rsa } = imds.signers;
  const anchors = [dsa, rsa2048, rsa].map((s) => certificateAnchor(s.certificate, s.kind, ["eu-west-1"], s.kind));
  const text = async (path: string): Promise<string> => (await get(`/dynamic/instance-identity/${path}`)).text();
  expect(verifyPkcs7Document(await text("pkcs7"), anchors).form).toBe("pkcs7");
  expect(verifyPkcs7Document(await text("rsa2048"), anchors).form).toBe("rsa2048");
  const identity = Buffer.from(await text("document")).toString("base64");
  const verified = verifySignedDocument(identity, await text("signature"), anchors);
  expect(verified.document.instanceId).toBe(await (await get("/meta-data/instance-id")).text());
});

test("tags, and their absence", async () => {
  expect(await (await get("/meta-data/tags/instance/env")).text()).toBe("prod");
  expect((await get("/meta-data/tags/instance/none")).status).toBe(404);
  imds.knobs.tags = undefined;
  expect((await get("/meta-data/tags/instance")).status).toBe(404);
});

test("the knobs: throttled, tokens forgotten, switched off, out of hops", async () => {
  const held = { "x-aws-ec2-metadata-token": await token() };
  imds.knobs.throttle = 1;
  expect((await ask("/meta-data/ami-id", held)).status).toBe(503);
  expect((await ask("/meta-data/ami-id", held)).status).toBe(200);
  imds.forgetTokens();
  expect((await ask("/meta-data/ami-id", held)).status).toBe(401);
  imds.knobs.disabled = true;
  expect((await ask("/api/token", { [TTL]: "60" }, "PUT")).status).toBe(403);
  imds.knobs.disabled = false;
  imds.knobs.hopLimit = true;
  const hanging = fetch(`${imds.url}/latest/api/token`, { method: "PUT", signal: AbortSignal.timeout(50) });
  await expect(hanging).rejects.toMatchObject({ name: "TimeoutError" });
  imds.knobs.hopLimit = false;
});
