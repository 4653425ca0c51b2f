/** -ca-path against a real TLS server: any file of the folder may hold the CA, what else lies there is passed over. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ApiError } from "../../cli/connect/api.ts";
import { connect } from "../../cli/connect/connect.ts";
import { readSettings } from "../../cli/connect/settings.ts";
import { machineIo } from "../../cli/machine.ts";
import { systemClock } from "../../lib/clock.ts";
import { systemRandom } from "../../lib/random.ts";
import { type OidcIssuer, oidcIssuer } from "../fakes/oidc-issuer.ts";

let server: OidcIssuer;
let folder: string;

beforeAll(async () => {
  server = await oidcIssuer({ tls: true });
  folder = mkdtempSync(join(tmpdir(), "oksae-ca-"));
  for (const name of ["good", "linked", "empty"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "good/a-readme"), "no certificate");
  writeFileSync(join(folder, "good/b.pem"), server.ca);
  mkdirSync(join(folder, "good/below"));
  symlinkSync(join(folder, "good/b.pem"), join(folder, "linked/0a1b2c3d.0"));
  writeFileSync(join(folder, "empty/readme"), "no certificate");
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** The fake knows no path of ours: its 404 says that the handshake went well; 0 that it did not. */
async function ask(flags: object): Promise<number | string> {
  const { stdin, stdout, stderr } = process;
  const io = machineIo({ stdin, stdout, stderr, env: {}, home: folder, clock: systemClock, random: systemRandom() });
  try {
    const api = await connect(readSettings({ address: server.url, ...flags }, {}), io, "test");
    await api({ method: "GET", path: "sys/health" });
    return "answered";
  } catch (error) {
    return error instanceof ApiError && error.status !== 0 ? error.status : String(error);
  }
}

test("a folder with the CA, also behind a link", async () => {
  expect(await ask({ caPath: join(folder, "good") })).toBe(404);
  expect(await ask({ caPath: `${join(folder, "linked")}/` })).toBe(404);
});

test("without it, or with -ca-cert of another before it, the server is not believed", async () => {
  expect(await ask({})).toContain("-ca-cert");
  const other = new URL("../fixtures/tls/two.cert.pem", import.meta.url).pathname;
  expect(await ask({ caPath: join(folder, "good"), caCert: other })).toContain("-ca-cert");
});

test("a folder without certificates, and none at all, are named", async () => {
  expect(await ask({ caPath: join(folder, "empty") })).toContain("holds no PEM certificate");
  expect(await ask({ caPath: join(folder, "none") })).toContain("none cannot be read: ENOENT");
});
