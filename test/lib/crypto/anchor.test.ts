/** Certificates as anchors, and the built-in table against test/vectors/aws-certificates.json (sources in its rows). */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { certificateAnchor, type KeyKind } from "../../../lib/crypto/anchor.ts";
import { builtinAnchors } from "../../../lib/crypto/aws-certificates/builtin.ts";
import { testSigner } from "../../fakes/mint.ts";

interface Row {
  readonly file: string;
  readonly kind: KeyKind;
  readonly regions: readonly string[];
  readonly serial: string;
  readonly spki: string;
}

const root = new URL("../../../", import.meta.url);
const rows = JSON.parse(readFileSync(new URL("test/vectors/aws-certificates.json", root), "utf8")) as Row[];
const builtin = builtinAnchors().map((anchor) => ({
  ...anchor,
  spki: createHash("sha256")
    .update(anchor.key.export({ type: "spki", format: "der" }))
    .digest("hex"),
}));

test.each(rows)("built in: $file, pinned by its key", (row) => {
  const found = builtin.filter(
    ({ kind, spki, signer }) =>
      kind === row.kind && spki === row.spki && (kind === "rsa" || signer?.serial === row.serial),
  );
  expect(found).toHaveLength(1);
  expect(found[0]?.regions).toEqual(expect.arrayContaining([...row.regions]));
});

test("nothing else is built in, and no key is trusted for a region its certificates are not published for", () => {
  for (const anchor of builtin) {
    const published = rows.filter(({ kind, spki }) => kind === anchor.kind && spki === anchor.spki);
    expect(published.flatMap(({ regions }) => regions)).toEqual(expect.arrayContaining([...anchor.regions]));
    expect(anchor.regions.length).toBeGreaterThan(0);
  }
});

test("every region that has one key has rsa2048 and rsa", () => {
  const of = (kind: KeyKind): Set<string> => new Set(builtin.filter((a) => a.kind === kind).flatMap((a) => a.regions));
  const every = new Set(builtin.flatMap(({ regions }) => regions));
  expect(every.size).toBe(39);
  expect(of("rsa2048")).toEqual(every);
  expect(of("rsa")).toEqual(every);
});

test("the tables are what tools/aws-certificates.mjs makes of the PEM files", () => {
  const script = new URL("tools/aws-certificates.mjs", root).pathname;
  const run = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect(run.stderr).toBe("");
  expect(run.status).toBe(0);
});

test("the PEM files give the same anchors through certificateAnchor", () => {
  const folder = new URL("tools/aws-certificates/rsa2048/", root);
  for (const file of readdirSync(folder)) {
    const anchor = certificateAnchor(readFileSync(new URL(file, folder), "utf8"), undefined, [], file);
    const same = builtin.filter(({ signer }) => signer !== undefined && signer.serial === anchor.signer?.serial);
    expect(same.some(({ signer }) => signer?.issuer.equals(anchor.signer?.issuer ?? Buffer.alloc(0)))).toBe(true);
  }
});

const dsa = testSigner("dsa").certificate;
const rsa2048 = testSigner("rsa2048").certificate;
const rsa = testSigner("rsa").certificate;

test.each<[string, string, KeyKind | undefined, KeyKind | undefined]>([
  ["DSA", dsa, undefined, "dsa"],
  ["RSA-2048", rsa2048, undefined, "rsa2048"],
  ["RSA-1024", rsa, undefined, "rsa"],
  ["RSA-2048 for raw signatures", rsa2048, "rsa", "rsa"],
  ["RSA-1024 as rsa2048", rsa, "rsa2048", undefined],
  ["RSA as dsa", rsa2048, "dsa", undefined],
  ["DSA as rsa2048", dsa, "rsa2048", undefined],
])("kind of a certificate: %s", (_, pem, asked, bound) => {
  if (bound === undefined) {
    expect(() => certificateAnchor(pem, asked, [], "x")).toThrow(expect.objectContaining({ kind: "invalid" }));
  } else {
    expect(certificateAnchor(pem, asked, [], "x").kind).toBe(bound);
  }
});

test.each([
  ["no PEM", "x"],
  ["two blocks", dsa + rsa],
  ["a key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"],
  ["text before it", `x ${dsa}`],
  ["a block of garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"],
])("refuses %s as a certificate", (_, pem) => {
  expect(() => certificateAnchor(pem, undefined, [], "x")).toThrow(expect.objectContaining({ kind: "invalid" }));
});
