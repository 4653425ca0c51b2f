/**
 * Who this instance is, as its metadata service says, and the proof of it that a login sends.
 * Source: AWS, "Instance identity documents for Amazon EC2 instances" and "View tags using instance metadata".
 */
import { Fault } from "../../lib/fault.ts";
import { isJsonMap, type JsonMap, parseJson } from "../../lib/wire/json.ts";
import type { Metadata } from "./metadata.ts";

export interface InstanceFacts {
  readonly id: string;
  readonly accountId: string;
  readonly region: string;
}

/** Which of the three signed forms a login sends: see `spec` of Vault's aws method, fields pkcs7, identity, signature. */
export const DOCUMENT_KINDS = ["rsa2048", "pkcs7", "identity"] as const;
export type DocumentKind = (typeof DOCUMENT_KINDS)[number];

/** The login fields of one signed form. They prove who the host is: never logged. */
export type Proof = { readonly pkcs7: string } | { readonly identity: string; readonly signature: string };

const FOLDER = "dynamic/instance-identity";

export async function readFacts(metadata: Metadata, signal: AbortSignal): Promise<InstanceFacts> {
  const document = parseDocument(await metadata.get(`${FOLDER}/document`, signal));
  return {
    id: field(document, "instanceId", /^i-[0-9a-f]{8,17}$/),
    accountId: field(document, "accountId", /^[0-9]{12}$/),
    region: field(document, "region", /^[a-z]{2,}(?:-[a-z0-9]+)+$/),
  };
}

/** Asked for anew at each login: AWS signs the RSA-2048 form with the time of the request. */
export async function readProof(metadata: Metadata, kind: DocumentKind, signal: AbortSignal): Promise<Proof> {
  if (kind !== "identity") return { pkcs7: await metadata.get(`${FOLDER}/${kind}`, signal) };
  const document = await metadata.get(`${FOLDER}/document`, signal);
  const signature = await metadata.get(`${FOLDER}/signature`, signal);
  return { identity: Buffer.from(document, "utf8").toString("base64"), signature };
}

/** @throws Fault "not-found" that says how to switch tags on, when there is no such tag */
export async function readTag(metadata: Metadata, name: string, signal: AbortSignal): Promise<string> {
  const value = await metadata.maybe(`meta-data/tags/instance/${encodeURIComponent(name)}`, signal);
  if (value !== undefined) return value;
  const hint = "set the tag, and switch instance-metadata-tags to enabled for this instance";
  throw new Fault("not-found", `instance tag ${JSON.stringify(name)} is not in the metadata: ${hint}`);
}

function parseDocument(text: string): JsonMap {
  try {
    const value = parseJson(text, { depth: 8, members: 200, unique: true });
    if (isJsonMap(value)) return value;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault("unavailable", `the metadata service gave an identity document that is no JSON: ${error.message}`);
  }
  throw new Fault("unavailable", "the metadata service gave an identity document that is no JSON object");
}

function field(document: JsonMap, name: string, form: RegExp): string {
  const value = document.get(name);
  if (typeof value === "string" && form.test(value)) return value;
  throw new Fault("unavailable", `the identity document lacks a well-formed ${name}`);
}
