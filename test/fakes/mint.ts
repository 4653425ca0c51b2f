/**
 * Mints instance identity documents and signs them with test keys in AWS's encodings, good ones and, by the
 * options, each kind of bad one. The encodings are those of the real documents in test/vectors/aws-documents.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { indefinite, integer, NULL, oid, sequence, setOf, tlv, utcTime } from "./der.ts";

export type SignerKind = "dsa" | "rsa2048" | "rsa";

export interface TestSigner {
  readonly kind: SignerKind;
  readonly key: KeyObject;
  readonly serial: Buffer;
  /** DER of the issuer's name. */
  readonly issuer: Buffer;
  /** Self-signed, for `config/certificate`. */
  readonly certificate: string;
}

const OID = {
  data: "1.2.840.113549.1.7.1",
  signedData: "1.2.840.113549.1.7.2",
  contentType: "1.2.840.113549.1.9.3",
  messageDigest: "1.2.840.113549.1.9.4",
  signingTime: "1.2.840.113549.1.9.5",
  algorithmProtection: "1.2.840.113549.1.9.52",
  sha1: "1.3.14.3.2.26",
  sha256: "2.16.840.1.101.3.4.2.1",
  dsaSha1: "1.2.840.10040.4.3",
  rsaSha1: "1.2.840.113549.1.1.5",
  rsaSha256: "1.2.840.113549.1.1.11",
} as const;

const AWS_NAME = sequence(
  ...[
    ["2.5.4.6", "US"],
    ["2.5.4.8", "Washington State"],
    ["2.5.4.7", "Seattle"],
    ["2.5.4.10", "Amazon Web Services LLC"],
  ].map(([type = "", text = ""]) => setOf(sequence(oid(type), tlv(0x13, Buffer.from(text))))),
);

/** A fresh key under a self-signed version 1 certificate with the issuer name AWS uses. */
export function testSigner(kind: SignerKind): TestSigner {
  const pair =
    kind === "dsa"
      ? generateKeyPairSync("dsa", { modulusLength: 1024, divisorLength: 160 })
      : generateKeyPairSync("rsa", { modulusLength: kind === "rsa" ? 1024 : 2048 });
  const serial = Buffer.concat([Buffer.of(0x96), randomBytes(7)]);
  const algorithm = kind === "dsa" ? sequence(oid(OID.dsaSha1)) : sequence(oid(OID.rsaSha256), NULL);
  const spki = pair.publicKey.export({ type: "spki", format: "der" });
  const validity = sequence(utcTime(Date.UTC(2012, 0, 5)), utcTime(Date.UTC(2038, 0, 5)));
  const body = sequence(integer(serial), algorithm, AWS_NAME, validity, AWS_NAME, spki);
  const signature = sign(kind === "dsa" ? "sha1" : "sha256", body, pair.privateKey);
  const der = sequence(body, algorithm, tlv(0x03, Buffer.of(0), signature));
  const certificate = `-----BEGIN CERTIFICATE-----\n${wrap(der, 64)}\n-----END CERTIFICATE-----\n`;
  return { kind, key: pair.privateKey, serial, issuer: AWS_NAME, certificate };
}

export type DocumentFields = Readonly<Record<string, string | null | readonly string[]>>;

/** A document in AWS's layout: two blanks, `"key" : value`, this order of keys, no line break at the end. */
export function mintDocument(fields: DocumentFields = {}): Buffer {
  const members = {
    accountId: "123456789012",
    architecture: "x86_64",
    availabilityZone: "eu-west-1a",
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: "ami-0123456789abcdef0",
    instanceId: "i-0123456789abcdef0",
    instanceType: "t3.micro",
    kernelId: null,
    pendingTime: "2026-01-05T12:00:00Z",
    privateIp: "10.0.0.5",
    ramdiskId: null,
    region: "eu-west-1",
    version: "2017-09-30",
    ...fields,
  };
  const lines = Object.entries(members).map(([key, value]) => `  ${JSON.stringify(key)} : ${asText(value)}`);
  return Buffer.from(`{\n${lines.join(",\n")}\n}`);
}

function asText(value: string | null | readonly string[]): string {
  return Array.isArray(value) ? `[ ${value.map((part) => JSON.stringify(part)).join(", ")} ]` : JSON.stringify(value);
}

/** How a message differs from what AWS would send; all off = a good one. */
export interface MintOptions {
  /** Wall-clock milliseconds. */
  readonly signingTime?: number;
  readonly hash?: "sha1" | "sha256";
  /** Object identifiers claimed instead of the true ones. */
  readonly digestOid?: string;
  readonly signatureOid?: string;
  readonly algorithmProtection?: boolean;
  /** The content put into the message where it differs from what was digested and signed. */
  readonly content?: Buffer;
  readonly digest?: Buffer;
  readonly detached?: boolean;
  readonly withoutAttributes?: boolean;
  readonly moreAttributes?: readonly Buffer[];
  /** Keeps the attributes in the order given instead of DER's. */
  readonly unsorted?: boolean;
  readonly moreSigners?: readonly Buffer[];
  readonly certificates?: readonly Buffer[];
  readonly unsignedAttributes?: readonly Buffer[];
  readonly tail?: Buffer;
  /** Pieces that the content's octet string is cut into. */
  readonly segments?: number;
}

/** The message as the bytes that /pkcs7 (a "dsa" signer) or /rsa2048 gives in base64. */
export function mintPkcs7(document: Buffer, signer: TestSigner, options: MintOptions = {}): Buffer {
  const { digest, info } = signerInfo(document, signer, options);
  const content = options.content ?? document;
  const step = Math.ceil(content.length / (options.segments ?? 1));
  const pieces: Buffer[] = [];
  for (let at = 0; at < content.length; at += step) pieces.push(tlv(0x04, content.subarray(at, at + step)));
  const embedded = options.detached === true ? [] : [indefinite(0xa0, indefinite(0x24, ...pieces))];
  const signedData = indefinite(
    0x30,
    integer(Buffer.of(1)),
    tlv(0x31, digest),
    indefinite(0x30, oid(OID.data), ...embedded),
    ...(options.certificates ?? []),
    tlv(0x31, info, ...(options.moreSigners ?? [])),
  );
  const message = indefinite(0x30, oid(OID.signedData), indefinite(0xa0, signedData));
  return Buffer.concat([message, options.tail ?? Buffer.alloc(0)]);
}

/** A SignerInfo of its own: a second signer for another message. */
export function signerInfo(
  document: Buffer,
  signer: TestSigner,
  options: MintOptions = {},
): { readonly digest: Buffer; readonly info: Buffer } {
  const hash = options.hash ?? (signer.kind === "dsa" ? "sha1" : "sha256");
  // The DSA form writes NULL after the digest's identifier, the RSA form of 2026 does not.
  const digest = sequence(oid(options.digestOid ?? OID[hash]), ...(signer.kind === "dsa" ? [NULL] : []));
  const signature = signatureAlgorithm(signer, hash, options);
  const list = attributes(document, hash, digest, signature, options);
  const attributeSet = options.unsorted === true ? tlv(0x31, ...list) : setOf(...list);
  const bare = options.withoutAttributes === true;
  const value = sign(hash, bare ? document : attributeSet, signer.key);
  const info = sequence(
    integer(Buffer.of(1)),
    sequence(signer.issuer, integer(signer.serial)),
    digest,
    ...(bare ? [] : [retag(0xa0, attributeSet)]),
    signature,
    tlv(0x04, value),
    ...(options.unsignedAttributes ?? []),
  );
  return { digest, info };
}

function signatureAlgorithm(signer: TestSigner, hash: "sha1" | "sha256", options: MintOptions): Buffer {
  if (signer.kind === "dsa") return sequence(oid(options.signatureOid ?? OID.dsaSha1));
  return sequence(oid(options.signatureOid ?? (hash === "sha1" ? OID.rsaSha1 : OID.rsaSha256)), NULL);
}

function attributes(
  document: Buffer,
  hash: "sha1" | "sha256",
  digest: Buffer,
  signature: Buffer,
  options: MintOptions,
): Buffer[] {
  const sum = options.digest ?? createHash(hash).update(document).digest();
  const out = [
    attribute(OID.contentType, oid(OID.data)),
    attribute(OID.signingTime, utcTime(options.signingTime ?? Date.UTC(2026, 0, 5, 12))),
    attribute(OID.messageDigest, tlv(0x04, sum)),
  ];
  if (options.algorithmProtection !== false) {
    out.push(attribute(OID.algorithmProtection, sequence(digest, retag(0xa1, signature))));
  }
  return [...out, ...(options.moreAttributes ?? [])];
}

export function attribute(type: string, value: Buffer): Buffer {
  return sequence(oid(type), tlv(0x31, value));
}

function retag(tag: number, element: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag), element.subarray(1)]);
}

/** What /signature gives. */
export function signRaw(document: Buffer, signer: TestSigner): string {
  return wrap(sign("sha256", document, signer.key), 76);
}

/** Base64 as the metadata service breaks it: 76 columns, no header, no line break at the end. */
export function imdsBase64(bytes: Buffer): string {
  return wrap(bytes, 76);
}

function wrap(bytes: Buffer, columns: number): string {
  return (bytes.toString("base64").match(new RegExp(`.{1,${String(columns)}}`, "g")) ?? []).join("\n");
}
