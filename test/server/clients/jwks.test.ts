/** Fetching from issuers: certificates, redirects, size and time, against a real server. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { issuerDocuments } from "../../../server/clients/jwks.ts";
import { type OidcIssuer, oidcIssuer } from "../../fakes/oidc-issuer.ts";

const MIB = 1024 * 1024;
const documents = issuerDocuments(300);
let plain: OidcIssuer;
let tls: OidcIssuer;
beforeEach(async () => {
  [plain, tls] = await Promise.all([oidcIssuer(), oidcIssuer({ tls: true })]);
});
afterEach(() => Promise.all([plain.close(), tls.close()]));

const reason = (url: string, ca = ""): Promise<string> =>
  documents.get(url, ca).then(
    () => "got it",
    (error: unknown) => (error as Error).message,
  );

test("a key set comes over HTTP, and over HTTPS under the given certificate", async () => {
  expect(JSON.parse(await documents.get(`${plain.url}/keys`, ""))).toMatchObject({ keys: [{ kid: "one" }] });
  expect(JSON.parse(await documents.get(`${tls.url}/keys`, tls.ca))).toMatchObject({ keys: [{ kid: "one" }] });
});

test("no other certificate will do, nor the machine's list", async () => {
  const other = readFileSync(new URL("../../fixtures/tls/two.cert.pem", import.meta.url), "utf8");
  for (const ca of ["", other]) expect(await reason(`${tls.url}/keys`, ca)).toMatch(/^the connection failed: [A-Z_]+$/);
  expect(tls.fetches).toBe(0);
});

test.each([
  301, 302, 307, 308, 204, 206, 401, 404, 500,
])("status %s is no answer and is not followed", async (status) => {
  plain.answer = (_req, res) => {
    res.writeHead(status, { location: `${tls.url}/keys` });
    res.end();
    return true;
  };
  expect(await reason(`${plain.url}/keys`)).toBe(`the answer has status ${status}, not 200`);
  expect(tls.fetches).toBe(0);
});

test.each([
  [MIB, "got it"],
  [MIB + 1, "the answer has more than 1 MiB"],
])("%s bytes: %s", async (size, outcome) => {
  plain.answer = (_req, res) => {
    res.writeHead(200);
    res.end(Buffer.alloc(size, "a"));
    return true;
  };
  expect(await reason(`${plain.url}/keys`)).toBe(outcome);
});

test.each<[string, (res: { write(text: string): unknown }) => void]>([
  ["before the answer", () => undefined],
  ["in the middle of it", (res) => res.write('{"keys":')],
])("an issuer that hangs %s is given up", async (_, begin) => {
  plain.answer = (_req, res) => {
    begin(res);
    return true;
  };
  expect(await reason(`${plain.url}/keys`)).toBe("no whole answer within 0.3 s");
});

test("an answer that is cut off is none", async () => {
  plain.answer = (_req, res) => {
    res.writeHead(200, { "content-length": "100" });
    res.write("{");
    setImmediate(() => res.destroy());
    return true;
  };
  expect(await reason(`${plain.url}/keys`)).toMatch(/^the connection failed/);
});
