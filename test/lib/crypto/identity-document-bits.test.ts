/** Every truncation and every single-bit flip of each of AWS's own documents (test/vectors/aws-documents) is refused. */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { builtinAnchors } from "../../../lib/crypto/aws-certificates/builtin.ts";
import type { RefusalCode } from "../../../lib/crypto/document-fault.ts";
import { verifyPkcs7Document, verifySignedDocument } from "../../../lib/crypto/identity-document.ts";
import { Fault } from "../../../lib/fault.ts";

interface Sample {
  readonly name: string;
  readonly endpoint: "pkcs7" | "rsa2048" | "signature";
  readonly file: string;
  readonly document: string | null;
  readonly expect: "verify" | "fail";
}

const folder = new URL("../../vectors/aws-documents/", import.meta.url);
const text = (file: string): string => readFileSync(new URL(file, folder), "utf8");
const samples = JSON.parse(text("index.json")) as Sample[];
const builtin = builtinAnchors();
const refused = (code: RefusalCode): unknown => expect.objectContaining({ code });
const good = samples.filter((sample) => sample.expect === "verify");
const messages = good.filter(({ endpoint }) => endpoint !== "signature");

test.each(messages)("every truncation of $name is refused", (sample) => {
  const bytes = Buffer.from(text(sample.file), "base64");
  for (let length = 0; length < bytes.length; length += 1) {
    const cut = bytes.subarray(0, length).toString("base64");
    expect(() => verifyPkcs7Document(cut, builtin)).toThrow(Fault);
  }
});

test.each(messages)("every single-bit flip of $name is refused", (sample) => {
  const bytes = Buffer.from(text(sample.file), "base64");
  const passed: number[] = [];
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    try {
      verifyPkcs7Document(flipped.toString("base64"), builtin);
      passed.push(bit);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }
  expect(passed).toEqual([]);
});

test.each(
  good.filter(({ endpoint }) => endpoint === "signature"),
)("every truncation and bit flip of document and signature of $name is refused", (sample) => {
  const document = readFileSync(new URL(sample.document ?? "", folder));
  const signature = Buffer.from(text(sample.file), "base64");
  const only = [verifySignedDocument(document.toString("base64"), signature.toString("base64"), builtin).anchor];
  const verifies = (a: Buffer, b: Buffer): void => {
    verifySignedDocument(a.toString("base64"), b.toString("base64"), only);
  };
  for (let length = 0; length < document.length; length += 1) {
    expect(() => {
      verifies(document.subarray(0, length), signature);
    }).toThrow(Fault);
  }
  for (let length = 0; length < signature.length; length += 1) {
    expect(() => {
      verifies(document, signature.subarray(0, length));
    }).toThrow(Fault);
  }
  const flip = (bytes: Buffer, bit: number): Buffer => {
    const out = Buffer.from(bytes);
    out[bit >> 3] = (out[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return out;
  };
  for (let bit = 0; bit < document.length * 8; bit += 1) {
    expect(() => {
      verifies(flip(document, bit), signature);
    }).toThrow(refused("signature"));
  }
  for (let bit = 0; bit < signature.length * 8; bit += 1) {
    expect(() => {
      verifies(document, flip(signature, bit));
    }).toThrow(refused("signature"));
  }
});
