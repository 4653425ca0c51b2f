/** Every truncation and every single-bit flip of each of AWS's own documents (test/vectors/aws-documents) is refused. */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { builtinAnchors } from "../../../lib/crypto/aws-certificates/builtin.ts";
import { DocumentFault, type RefusalCode } from "../../../lib/crypto/document-fault.ts";
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
const good = samples.filter((sample) => sample.expect === "verify");
const messages = good.filter(({ endpoint }) => endpoint !== "signature");

/**
 * @param code with which each must be refused; any, unless given
 * @returns those of the numbers below `count` for which `attempt` was not refused so
 * @throws what is no refusal of ours
 */
function passing(count: number, attempt: (i: number) => unknown, code?: RefusalCode): readonly number[] {
  const passed: number[] = [];
  for (let i = 0; i < count; i += 1) {
    try {
      attempt(i);
      passed.push(i);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (code !== undefined && !(error instanceof DocumentFault && error.code === code)) passed.push(i);
    }
  }
  return passed;
}

function flip(bytes: Buffer, bit: number): Buffer {
  const out = Buffer.from(bytes);
  out[bit >> 3] = (out[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return out;
}

test.each(messages)("every truncation of $name is refused", (sample) => {
  const bytes = Buffer.from(text(sample.file), "base64");
  const cut = (length: number): unknown => verifyPkcs7Document(bytes.subarray(0, length).toString("base64"), builtin);
  expect(passing(bytes.length, cut)).toEqual([]);
  expect(() => cut(bytes.length)).not.toThrow();
});

test.each(messages)("every single-bit flip of $name is refused", (sample) => {
  const bytes = Buffer.from(text(sample.file), "base64");
  const flipped = (bit: number): unknown => verifyPkcs7Document(flip(bytes, bit).toString("base64"), builtin);
  expect(passing(bytes.length * 8, flipped)).toEqual([]);
});

test.each(
  good.filter(({ endpoint }) => endpoint === "signature"),
)("every truncation and bit flip of document and signature of $name is refused", (sample) => {
  const document = readFileSync(new URL(sample.document ?? "", folder));
  const signature = Buffer.from(text(sample.file), "base64");
  const only = [verifySignedDocument(document.toString("base64"), signature.toString("base64"), builtin).anchor];
  const verifies = (a: Buffer, b: Buffer): unknown =>
    verifySignedDocument(a.toString("base64"), b.toString("base64"), only);
  expect(passing(document.length, (length) => verifies(document.subarray(0, length), signature))).toEqual([]);
  expect(passing(signature.length, (length) => verifies(document, signature.subarray(0, length)))).toEqual([]);
  expect(passing(document.length * 8, (bit) => verifies(flip(document, bit), signature), "signature")).toEqual([]);
  expect(passing(signature.length * 8, (bit) => verifies(document, flip(signature, bit)), "signature")).toEqual([]);
});
