/** The metadata client against a stand-in with every fault it has to name. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { readFacts, readProof, readTag } from "../../../agent/identity/identity.ts";
import { Metadata } from "../../../agent/identity/metadata.ts";
import { systemClock } from "../../../lib/clock.ts";
import { type FakeImds, imdsSigners, startImds } from "../../fakes/imds.ts";
import { fixedRandom } from "../../fakes/random.ts";

const signers = imdsSigners();
const never = new AbortController().signal;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** @param timeout short where a test waits for it, else longer than any machine is busy */
const client = (endpoint: string, attempts = 2, timeout = 10_000): Metadata =>
  new Metadata({ endpoint, clock: systemClock, random: fixedRandom(0.99), timeout, attempts });

async function imds(tags?: Record<string, string>): Promise<FakeImds> {
  const fake = await startImds({ signers, ...(tags === undefined ? {} : { tags }) });
  closing.push(() => fake.close());
  return fake;
}

async function server(listener: RequestListener): Promise<string> {
  const made = createServer(listener);
  await new Promise<void>((resolve) => {
    made.listen(0, "127.0.0.1", resolve);
  });
  closing.push(
    () =>
      new Promise((resolve) => {
        made.closeAllConnections();
        made.close(() => {
          resolve();
        });
      }),
  );
  return `http://127.0.0.1:${String((made.address() as AddressInfo).port)}`;
}

test("facts, every proof and tags, with one token for all of them", async () => {
  const fake = await imds({ "app/role": "web" });
  const metadata = client(fake.url);
  expect(await readFacts(metadata, never)).toMatchObject({ id: "i-0123456789abcdef0", region: "eu-west-1" });
  for (const kind of ["pkcs7", "rsa2048"] as const)
    expect(await readProof(metadata, kind, never)).toHaveProperty("pkcs7");
  expect(await readProof(metadata, "identity", never)).toHaveProperty("signature");
  expect(fake.requests.filter((one) => one.startsWith("PUT"))).toHaveLength(1);
  await expect(readTag(metadata, "none", never)).rejects.toThrow(/instance-metadata-tags/);
});

test("a forgotten token is replaced once", async () => {
  const fake = await imds();
  const metadata = client(fake.url);
  await readFacts(metadata, never);
  fake.forgetTokens();
  await readFacts(metadata, never);
  expect(fake.requests.filter((one) => one.startsWith("PUT"))).toHaveLength(2);
});

test("a throttled service is asked again", async () => {
  const fake = await imds();
  fake.knobs.throttle = 2;
  await expect(readFacts(client(fake.url, 4), never)).resolves.toHaveProperty("id");
});

test("nothing there: no metadata service", async () => {
  await expect(readFacts(client("http://127.0.0.1:9"), never)).rejects.toThrow(/no metadata service/);
});

test("switched off, without a second attempt", async () => {
  const fake = await imds();
  fake.knobs.disabled = true;
  await expect(readFacts(client(fake.url), never)).rejects.toThrow(/switched off/);
  expect(fake.requests).toHaveLength(1);
});

test("a connection without an answer to the token request: hop limit", async () => {
  const fake = await imds();
  fake.knobs.hopLimit = true;
  await expect(readFacts(client(fake.url, 2, 500), never)).rejects.toThrow(/hop limit/);
});

test.each([
  [404, /refuses version 2/],
  [405, /refuses version 2/],
  [302, /redirects/],
  [400, /refuses \/latest\/api\/token/],
  [503, /overloaded/],
])("a token request answered with %i is named", async (status, message) => {
  const paths: string[] = [];
  const url = await server((request, response) => {
    paths.push(`${request.method ?? ""} ${request.url ?? ""}`);
    response.writeHead(status, { location: "/elsewhere" }).end();
  });
  await expect(readFacts(client(url), never)).rejects.toThrow(message);
  expect(new Set(paths)).toEqual(new Set(["PUT /latest/api/token"]));
});

test.each([
  ["no JSON", "<html>", /no JSON/],
  ["a duplicate key", '{"instanceId":"i-0123456789abcdef0","instanceId":"i-0aaaaaaaaaaaaaaaa"}', /no JSON/],
  ["a list", "[]", /no JSON object/],
  ["a strange id", '{"instanceId":"i-0123/../x","accountId":"123456789012","region":"eu-west-1"}', /instanceId/],
])("a document that is %s is refused", async (_what, body, message) => {
  const url = await server((_request, response) => response.end(body));
  await expect(readFacts(client(url), never)).rejects.toThrow(message);
});
