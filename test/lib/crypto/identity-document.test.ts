/**
 * The verifier of instance identity documents: AWS's own ones (test/vectors/aws-documents, sources in its
 * index.json) and each known way to fool such a verifier. Truncations and bit flips: identity-document-bits.test.ts.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Anchor, certificateAnchor } from "../../../lib/crypto/anchor.ts";
import { builtinAnchors } from "../../../lib/crypto/aws-certificates/builtin.ts";
import { readBer } from "../../../lib/crypto/ber.ts";
import type { RefusalCode } from "../../../lib/crypto/document-fault.ts";
import {
  readDocument,
  type VerifiedDocument,
  verifyPkcs7Document,
  verifySignedDocument,
} from "../../../lib/crypto/identity-document.ts";
import { Fault } from "../../../lib/fault.ts";
import { oid, sequence, setOf, tlv } from "../../fakes/der.ts";
import {
  attribute,
  imdsBase64,
  type MintOptions,
  mintDocument,
  mintPkcs7,
  signerInfo,
  signRaw,
  type TestSigner,
  testSigner,
} from "../../fakes/mint.ts";

interface Sample {
  readonly name: string;
  readonly endpoint: "pkcs7" | "rsa2048" | "signature";
  readonly file: string;
  readonly document: string | null;
  readonly expect: "verify" | "fail";
  readonly verified_with?: string;
  readonly hash?: string;
  readonly document_fields?: Readonly<Record<string, string | null>>;
}

const folder = new URL("../../vectors/aws-documents/", import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const samples = JSON.parse(text("index.json")) as Sample[];
const builtin = builtinAnchors();

function verifySample(sample: Sample, anchors = builtin): VerifiedDocument {
  if (sample.endpoint !== "signature") return verifyPkcs7Document(text(sample.file), anchors);
  const document = readFileSync(new URL(sample.document ?? "", folder));
  return verifySignedDocument(document.toString("base64"), text(sample.file), anchors);
}

const refused = (code: RefusalCode): unknown => expect.objectContaining({ code });

test("the index has documents of every form and age", () => {
  expect(samples).toHaveLength(14);
  expect(new Set(samples.map(({ endpoint }) => endpoint))).toEqual(new Set(["pkcs7", "rsa2048", "signature"]));
});

test.each(samples.filter((sample) => sample.expect === "verify"))("$name verifies as its index says", (sample) => {
  const { document, form, anchor } = verifySample(sample);
  expect(form).toBe(sample.endpoint === "signature" ? "identity" : sample.endpoint);
  expect(anchor.regions).toContain(document.region);
  const named = /aws-certificates\/\w+\/(?:shared-(\w+)|([\w-]+))\.pem/.exec(sample.verified_with ?? "");
  if (named?.[1] !== undefined) expect(anchor.signer?.serial).toBe(named[1]);
  if (named?.[2] !== undefined) expect(anchor.regions).toEqual([named[2]]);
  const fields = sample.document_fields ?? (JSON.parse(text(sample.document ?? "")) as Record<string, string>);
  for (const key of ["accountId", "region", "instanceId", "imageId", "pendingTime"] as const) {
    expect(document[key]).toBe(fields[key]);
  }
  expect(document.pendingMs).toBe(Date.parse(fields["pendingTime"] ?? ""));
});

test.each(samples.filter((sample) => sample.expect === "fail"))("$name is refused as its index says", (sample) => {
  expect(() => verifySample(sample)).toThrow(refused("signature"));
});

const good = samples.filter((sample) => sample.expect === "verify");
const messages = good.filter(({ endpoint }) => endpoint !== "signature");

const REGION = "eu-west-1";
const dsa = testSigner("dsa");
const rsa2048 = testSigner("rsa2048");
const rsa = testSigner("rsa");
const anchorOf = (signer: TestSigner, regions: readonly string[] = [REGION]): Anchor =>
  certificateAnchor(signer.certificate, signer.kind, regions, "test");
const anchors = [dsa, rsa2048, rsa].map((signer) => anchorOf(signer));
const document = mintDocument();
const sent = (signer: TestSigner, options?: MintOptions, bytes = document): string =>
  imdsBase64(mintPkcs7(bytes, signer, options));

test("minted documents verify in all three forms", () => {
  expect(verifyPkcs7Document(sent(dsa), anchors).form).toBe("pkcs7");
  expect(verifyPkcs7Document(sent(rsa2048), anchors).form).toBe("rsa2048");
  expect(verifySignedDocument(document.toString("base64"), signRaw(document, rsa), anchors).form).toBe("identity");
});

test.each<[string, string]>([
  ["with line breaks of Windows", sent(dsa).replace(/\n/g, "\r\n")],
  ["on one line", sent(dsa).replace(/\n/g, "")],
  ["with a PKCS7 header", `-----BEGIN PKCS7-----\n${sent(dsa)}\n-----END PKCS7-----\n`],
  ["with a CMS header", `-----BEGIN CMS-----\n${sent(dsa)}\n-----END CMS-----`],
  ["without padding", sent(dsa).replace(/=+$/, "")],
  ["without algorithm protection", sent(rsa2048, { algorithmProtection: false })],
  ["with its content in pieces", sent(dsa, { segments: 7 })],
])("a message %s verifies", (_, message) => {
  expect(verifyPkcs7Document(message, anchors).document.region).toBe(REGION);
});

test("wrong digest: content other than what was signed", () => {
  const other = mintDocument({ instanceId: "i-0fedcba9876543210" });
  expect(() => verifyPkcs7Document(sent(dsa, { content: other }), anchors)).toThrow(refused("digest"));
  expect(() => verifyPkcs7Document(sent(dsa, { digest: Buffer.alloc(20) }), anchors)).toThrow(refused("digest"));
  expect(() => verifyPkcs7Document(sent(dsa, { digest: Buffer.alloc(0) }), anchors)).toThrow(refused("digest"));
});

test("two signers", () => {
  const { info } = signerInfo(document, testSigner("dsa"));
  expect(() => verifyPkcs7Document(sent(dsa, { moreSigners: [info] }), anchors)).toThrow(refused("signers"));
});

test("embedded certificate, embedded CRL", () => {
  const thief = testSigner("rsa2048");
  const der = Buffer.from(thief.certificate.replace(/-----[^-]+-----|\s/g, ""), "base64");
  const message = sent(thief, { certificates: [tlv(0xa0, der)] });
  expect(() => verifyPkcs7Document(message, anchors)).toThrow(refused("embedded-certificate"));
  const crl = sent(dsa, { certificates: [tlv(0xa1, sequence())] });
  expect(() => verifyPkcs7Document(crl, anchors)).toThrow(refused("embedded-certificate"));
});

test("detached: no content, empty content", () => {
  expect(() => verifyPkcs7Document(sent(dsa, { detached: true }), anchors)).toThrow(refused("detached"));
  expect(() => verifyPkcs7Document(sent(dsa, { content: Buffer.alloc(0) }), anchors)).toThrow(refused("detached"));
});

test("trailing bytes after the message", () => {
  for (const tail of [Buffer.of(0), Buffer.of(0, 0), mintPkcs7(document, dsa)]) {
    expect(() => verifyPkcs7Document(sent(dsa, { tail }), anchors)).toThrow(Fault);
  }
});

test("another region's key", () => {
  const elsewhere = mintDocument({ region: "us-east-1", availabilityZone: "us-east-1a" });
  expect(() => verifyPkcs7Document(sent(dsa, {}, elsewhere), anchors)).toThrow(refused("region"));
  expect(() => verifySignedDocument(elsewhere.toString("base64"), signRaw(elsewhere, rsa), anchors)).toThrow(
    refused("region"),
  );
  const anywhere = [anchorOf(dsa, [])];
  expect(verifyPkcs7Document(sent(dsa, {}, elsewhere), anywhere).document.region).toBe("us-east-1");
});

test("the keys of one region do not vouch for another region's real document", () => {
  const sample = good.find(({ endpoint }) => endpoint === "rsa2048");
  if (sample === undefined) throw new Error("no rsa2048 sample");
  const moved = builtin.map((anchor) => ({ ...anchor, regions: ["eu-north-1"] }));
  expect(() => verifySample(sample, moved)).toThrow(refused("region"));
});

test("SHA-1 with RSA: only under keys of China", () => {
  const message = sent(rsa2048, { hash: "sha1" });
  expect(() => verifyPkcs7Document(message, anchors)).toThrow(refused("algorithm"));
  expect(() => verifyPkcs7Document(message, [anchorOf(rsa2048, [])])).toThrow(refused("algorithm"));
  const china = mintDocument({ region: "cn-north-1", availabilityZone: "cn-north-1a" });
  const verified = verifyPkcs7Document(sent(rsa2048, { hash: "sha1" }, china), [anchorOf(rsa2048, ["cn-north-1"])]);
  expect(verified.form).toBe("pkcs7");
  const both = [anchorOf(rsa2048, ["cn-north-1", REGION])];
  expect(() => verifyPkcs7Document(message, both)).toThrow(refused("algorithm"));
});

test.each(["instanceId", "INSTANCEID", "region", "x"])("duplicate JSON keys: %s", (key) => {
  const doubled = Buffer.from(`${document.toString().slice(0, -2)},\n  "${key}" : "x",\n  "x" : null\n}`);
  expect(() => verifyPkcs7Document(sent(dsa, {}, doubled), anchors)).toThrow(refused("document"));
});

test("oversized input: base64, document, signature, each at its bound", () => {
  expect(() => verifyPkcs7Document("A".repeat(16_385), anchors)).toThrow(refused("too-large"));
  expect(() => verifyPkcs7Document("A".repeat(16_384), anchors)).not.toThrow(refused("too-large"));
  expect(() => verifySignedDocument("AAAA", "A".repeat(1025), anchors)).toThrow(refused("too-large"));
  expect(() => verifySignedDocument("AAAA", "A".repeat(1024), anchors)).toThrow(refused("signature"));
  const sized = (length: number): Buffer => {
    const bare = mintDocument({ kernelId: "" });
    return mintDocument({ kernelId: "k".repeat(length - bare.length) });
  };
  expect(readDocument(sized(8192)).region).toBe(REGION);
  expect(() => readDocument(sized(8193))).toThrow(refused("too-large"));
});

test.each<[string, MintOptions, TestSigner]>([
  ["an RSA message that claims DSA", { signatureOid: "1.2.840.10040.4.3" }, rsa2048],
  ["a DSA message that claims RSA", { signatureOid: "1.2.840.113549.1.1.5" }, dsa],
  ["SHA-256 under the name of SHA-1", { digestOid: "1.3.14.3.2.26" }, rsa2048],
  ["MD5", { digestOid: "1.2.840.113549.2.5" }, dsa],
  ["RSASSA-PSS", { signatureOid: "1.2.840.113549.1.1.10" }, rsa2048],
  ["an identifier that names no digest", { signatureOid: "1.2.840.113549.1.1.1" }, rsa2048],
  ["ECDSA", { signatureOid: "1.2.840.10045.4.3.2" }, rsa2048],
  ["SHA-256 digest with a SHA-1 signature identifier", { signatureOid: "1.2.840.113549.1.1.5" }, rsa2048],
])("algorithm confusion: %s", (_, options, signer) => {
  expect(() => verifyPkcs7Document(sent(signer, options), anchors)).toThrow(refused("algorithm"));
});

test("algorithm confusion: keys are bound to their kind", () => {
  const pkcs7ByRaw = sent(rsa);
  expect(() => verifyPkcs7Document(pkcs7ByRaw, anchors)).toThrow(refused("unknown-signer"));
  const raw = document.toString("base64");
  expect(() => verifySignedDocument(raw, signRaw(document, rsa2048), anchors)).toThrow(refused("signature"));
  const wide = certificateAnchor(rsa2048.certificate, "rsa", [REGION], "test");
  expect(verifySignedDocument(raw, signRaw(document, rsa2048), [wide]).form).toBe("identity");
  expect(() => verifyPkcs7Document(sent(rsa2048), [wide])).toThrow(refused("unknown-signer"));
});

test("algorithm protection that names other algorithms", () => {
  const wrong = attribute(
    "1.2.840.113549.1.9.52",
    sequence(sequence(oid("2.16.840.1.101.3.4.2.1")), tlv(0xa1, oid("1.2.840.10040.4.3"))),
  );
  const options = { algorithmProtection: false, moreAttributes: [wrong] };
  expect(() => verifyPkcs7Document(sent(dsa, options), anchors)).toThrow(refused("algorithm"));
});

test("an unknown signer under AWS's name, and a known name with another key", () => {
  const thief = testSigner("dsa");
  expect(() => verifyPkcs7Document(sent(thief), anchors)).toThrow(refused("unknown-signer"));
  const posing = { ...thief, serial: dsa.serial };
  expect(() => verifyPkcs7Document(sent(posing), anchors)).toThrow(refused("signature"));
});

test.each<[string, MintOptions, RefusalCode]>([
  ["no signed attributes", { withoutAttributes: true }, "attributes"],
  ["unsigned attributes", { unsignedAttributes: [tlv(0xa1, attribute("1.2.3", sequence()))] }, "shape"],
  ["an attribute twice", { moreAttributes: [attribute("1.2.840.113549.1.9.3", oid("1.2.3"))] }, "attributes"],
  ["attributes out of order", { unsorted: true, moreAttributes: [attribute("1.2.3", sequence())] }, "attributes"],
  [
    "an attribute with two values",
    { moreAttributes: [sequence(oid("1.2.3"), setOf(oid("1.2"), oid("1.3")))] },
    "shape",
  ],
])("refuses %s", (_, options, code) => {
  expect(() => verifyPkcs7Document(sent(dsa, options), anchors)).toThrow(refused(code));
});

test.each<[string, string]>([
  ["empty", ""],
  ["blanks", " \n"],
  ["not base64", "MIAG*"],
  ["base64 with stray bits", `${sent(dsa).replace(/\n/g, "").slice(0, -4)}AB==`],
  ["base64url", "-_-_"],
  ["two headers", `-----BEGIN PKCS7-----\n-----BEGIN PKCS7-----\n${sent(dsa)}\n-----END PKCS7-----`],
  ["a certificate", dsa.certificate],
])("refuses what is no message: %s", (_, message) => {
  expect(() => verifyPkcs7Document(message, anchors)).toThrow(Fault);
});

test.each<[string, Record<string, string | null>]>([
  ["account of 11 digits", { accountId: "12345678901" }],
  ["account as null", { accountId: null }],
  ["region in capitals", { region: "EU-WEST-1" }],
  ["region with a path", { region: "eu-west-1/../x" }],
  ["instance id of 9 digits", { instanceId: "i-012345678" }],
  ["instance id with a slash", { instanceId: "i-0123/567" }],
  ["image id in capitals", { imageId: "ami-ABCDEF01" }],
  ["30 February", { pendingTime: "2026-02-30T00:00:00Z" }],
  ["hour 24", { pendingTime: "2026-02-01T24:00:00Z" }],
  ["time with an offset", { pendingTime: "2026-02-01T00:00:00+01:00" }],
])("refuses a document with %s", (_, fields) => {
  expect(() => readDocument(mintDocument(fields))).toThrow(refused("document"));
});

test.each([
  ["a byte order mark", Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), document])],
  ["bad UTF-8", Buffer.concat([document.subarray(0, 10), Buffer.of(0xff), document.subarray(10)])],
  ["a list", Buffer.from("[]")],
  ["two values", Buffer.concat([document, document])],
  ["deep nesting", Buffer.from(`{"a":${"[".repeat(9)}${"]".repeat(9)}}`)],
])("refuses a document that is %s", (_, bytes) => {
  expect(() => readDocument(bytes)).toThrow(refused("document"));
});

test("the older, shorter instance ids are taken", () => {
  expect(readDocument(mintDocument({ instanceId: "i-de0f1344", imageId: "ami-fce3c696" })).instanceId).toBe(
    "i-de0f1344",
  );
});

test("any change of one byte of a message is refused or gives the same document", () => {
  const bytes = mintPkcs7(document, dsa);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
      const changed = Buffer.from(bytes);
      changed[at] = value;
      if (changed.equals(bytes)) return;
      expect(() => verifyPkcs7Document(changed.toString("base64"), anchors)).toThrow(Fault);
    }),
    { numRuns: 300 },
  );
});

test("arbitrary text never gives anything but a fault", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), fc.base64String({ maxLength: 300 }), (a, b) => {
      expect(() => verifyPkcs7Document(a, anchors)).toThrow(Fault);
      expect(() => verifySignedDocument(b, a, anchors)).toThrow(Fault);
    }),
    { numRuns: 200 },
  );
});

test("the messages are as AWS's: indefinite outer lengths, definite attributes", () => {
  const root = readBer(mintPkcs7(document, dsa));
  expect(root.definite).toBe(false);
  const real = readBer(Buffer.from(text(messages[0]?.file ?? ""), "base64"));
  expect(real.definite).toBe(false);
});
