/**
 * EC2 instance identity documents, in the three forms the metadata service signs them: `pkcs7` (DSA), `rsa2048`
 * (both PKCS#7 with the document inside) and `identity` with `signature` (raw RSA over the document's bytes).
 * A document counts only for the region whose key signed it.
 * Source: EC2 user guide, "Instance identity documents".
 */
import { verify } from "node:crypto";
import { Fault } from "../fault.ts";
import { type JsonMap, parseJsonMap } from "../wire/json.ts";
import type { Anchor } from "./anchor.ts";
import { refuse } from "./document-fault.ts";
import { type Hash, verifySignedData } from "./signed-data.ts";

/** What a role may ask for. A PKCS#7 signed with SHA-1 is "pkcs7" whatever its key. */
export type DocumentForm = "pkcs7" | "rsa2048" | "identity";

export interface IdentityDocument {
  readonly accountId: string;
  readonly region: string;
  readonly instanceId: string;
  readonly imageId: string;
  /** As it is written: RFC 3339, whole seconds, "Z". */
  readonly pendingTime: string;
  /** The same in wall-clock milliseconds: when the instance was last started. */
  readonly pendingMs: number;
}

export interface VerifiedDocument {
  readonly document: IdentityDocument;
  readonly form: DocumentForm;
  readonly anchor: Anchor;
}

/** Characters of base64: five times what AWS sends. */
const LONGEST_MESSAGE = 16_384;
const LONGEST_SIGNATURE = 1024;
/** Bytes of JSON. */
const LONGEST_DOCUMENT = 8192;

/**
 * @param text what /pkcs7 or /rsa2048 gives: base64, line breaks and a PKCS7 or CMS header allowed
 * @throws DocumentFault
 */
export function verifyPkcs7Document(text: string, anchors: readonly Anchor[]): VerifiedDocument {
  const message = decodeBase64(unwrap(text), LONGEST_MESSAGE);
  const { content, anchor, hash } = verifySignedData(message, anchors);
  return checked(content, formOf(anchor, hash), anchor);
}

/**
 * @param identity base64 of the document's bytes, exactly as /document gives them
 * @param signature base64 as /signature gives it
 * @throws DocumentFault
 */
export function verifySignedDocument(
  identity: string,
  signature: string,
  anchors: readonly Anchor[],
): VerifiedDocument {
  const content = decodeBase64(identity, LONGEST_MESSAGE);
  const value = decodeBase64(signature, LONGEST_SIGNATURE);
  for (const anchor of anchors) {
    const size = (anchor.key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
    const fits = anchor.kind === "rsa" && anchor.key.asymmetricKeyType === "rsa" && value.length === size;
    if (fits && verify("sha256", content, anchor.key, value)) return checked(content, "identity", anchor);
  }
  throw refuse("signature", "no trusted key verifies the signature");
}

function formOf(anchor: Anchor, hash: Hash): DocumentForm {
  return anchor.kind === "rsa2048" && hash === "sha256" ? "rsa2048" : "pkcs7";
}

function checked(content: Buffer, form: DocumentForm, anchor: Anchor): VerifiedDocument {
  const document = readDocument(content);
  if (anchor.regions.length > 0 && !anchor.regions.includes(document.region)) {
    throw refuse("region", `the key of ${anchor.name} signed a document for ${document.region}`);
  }
  return { document, form, anchor };
}

const FIELDS = {
  accountId: /^\d{12}$/,
  region: /^[a-z]{2,5}(?:-[a-z]+)+-\d{1,2}$/,
  instanceId: /^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/,
  imageId: /^ami-[0-9a-f]{8,17}$/,
  pendingTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
} as const;

/** @throws DocumentFault for what is no JSON object, names a key twice (in any case), or lacks a field we go by */
export function readDocument(content: Buffer): IdentityDocument {
  if (content.length > LONGEST_DOCUMENT) throw refuse("too-large", "document of more than 8 KiB");
  const json = readJson(content);
  const names = new Set([...json.keys()].map((name) => name.toLowerCase()));
  if (names.size !== json.size) throw refuse("document", "two keys differ only in case");
  const pendingTime = field(json, "pendingTime");
  const pendingMs = Date.parse(pendingTime);
  // Date.parse moves 30 February into March; the text must be the time it stands for.
  if (Number.isNaN(pendingMs) || new Date(pendingMs).toISOString() !== pendingTime.replace("Z", ".000Z")) {
    throw refuse("document", "pendingTime is no time");
  }
  return {
    accountId: field(json, "accountId"),
    region: field(json, "region"),
    instanceId: field(json, "instanceId"),
    imageId: field(json, "imageId"),
    pendingTime,
    pendingMs,
  };
}

function readJson(content: Buffer): JsonMap {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
    return parseJsonMap(text, { depth: 4, members: 256, unique: true });
  } catch (error) {
    throw refuse("document", error instanceof Fault ? error.message : "not UTF-8");
  }
}

function field(json: JsonMap, name: keyof typeof FIELDS): string {
  const value = json.get(name);
  if (typeof value !== "string" || !FIELDS[name].test(value))
    throw refuse("document", `${name} is missing or malformed`);
  return value;
}

function unwrap(text: string): string {
  if (text.length > LONGEST_MESSAGE) throw refuse("too-large", "message of more than 16 KiB");
  const pem = /^\s*-----BEGIN (PKCS7|CMS)-----([^-]*)-----END \1-----\s*$/.exec(text);
  return pem?.[2] ?? text;
}

/** Canonical base64, padded or not; blanks and line breaks are skipped. */
function decodeBase64(text: string, longest: number): Buffer {
  if (text.length > longest) throw refuse("too-large", `base64 of more than ${String(longest)} characters`);
  const bare = text.replace(/[\r\n\t ]+/g, "");
  const bytes = Buffer.from(bare, "base64");
  const canonical = bytes.toString("base64");
  if (bytes.length === 0 || (bare !== canonical && bare !== canonical.replace(/=+$/, ""))) {
    throw refuse("encoding", "not base64");
  }
  return bytes;
}
