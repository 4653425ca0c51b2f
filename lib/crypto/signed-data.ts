/**
 * Verifies the one shape of PKCS#7 SignedData that EC2's metadata service sends, and nothing wider: content
 * embedded, exactly one signer named by issuer and serial, signed attributes, no certificates, no CRLs, no unsigned
 * attributes. The message chooses neither key nor algorithm: both must be what the anchor allows.
 * Source: RFC 5652 sections 5.1-5.6 (SignedData), RFC 6211 (CMSAlgorithmProtection), RFC 8933.
 */
import { createHash, timingSafeEqual, verify } from "node:crypto";
import type { Anchor } from "./anchor.ts";
import { serialOf } from "./anchor.ts";
import { type BerElement, isDefinite, octetsOf, oidOf, readBer } from "./ber.ts";
import { refuse } from "./document-fault.ts";

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const DATA = "1.2.840.113549.1.7.1";
const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52";

export type Hash = "sha1" | "sha256";

const DIGESTS = new Map<string, Hash>([
  ["1.3.14.3.2.26", "sha1"],
  ["2.16.840.1.101.3.4.2.1", "sha256"],
]);

interface Scheme {
  readonly key: "dsa" | "rsa";
  readonly hash: Hash;
}

// Only identifiers that fix the digest: the bare ones (1.2.840.10040.4.1, rsaEncryption) are one bit away from
// them, mean the same signature, and occur in no document of AWS's.
const SCHEMES = new Map<string, Scheme>([
  ["1.2.840.10040.4.3", { key: "dsa", hash: "sha1" }],
  ["2.16.840.1.101.3.4.3.2", { key: "dsa", hash: "sha256" }],
  ["1.2.840.113549.1.1.5", { key: "rsa", hash: "sha1" }],
  ["1.2.840.113549.1.1.11", { key: "rsa", hash: "sha256" }],
]);

export interface VerifiedContent {
  readonly content: Buffer;
  readonly anchor: Anchor;
  readonly hash: Hash;
}

/**
 * @param message BER of a ContentInfo
 * @param anchors keys of kind "dsa" and "rsa2048"; others are passed over
 * @throws DocumentFault
 */
export function verifySignedData(message: Buffer, anchors: readonly Anchor[]): VerifiedContent {
  const parts = partsOf(message);
  const signer = signerOf(parts.signerInfo);
  const hash = DIGESTS.get(signer.digest);
  const scheme = SCHEMES.get(signer.signature);
  const agreed = signer.digest === parts.digest && scheme?.hash === hash;
  if (hash === undefined || scheme === undefined || !agreed) {
    throw refuse("algorithm", `digest ${signer.digest} with signature ${signer.signature}`);
  }
  checkAttributes(signer, hash, parts.content);
  const named = anchors.filter(
    ({ signer: name }) => name?.serial === signer.serial && name.issuer.equals(signer.issuer),
  );
  if (named.length === 0) throw refuse("unknown-signer", `no trusted certificate has serial ${signer.serial}`);
  // The signature is over the attributes as a SET OF, not under their [0] tag: RFC 5652 section 5.4.
  const signed = Buffer.concat([Buffer.of(0x31), signer.attributes.whole.subarray(1)]);
  const fits = named.filter((anchor) => allows(anchor, scheme.key, hash));
  if (fits.length === 0) throw refuse("algorithm", `the certificate with serial ${signer.serial} does not sign so`);
  for (const anchor of fits) {
    if (verify(hash, signed, anchor.key, signer.value)) return { content: parts.content, anchor, hash };
  }
  throw refuse("signature", "the signature does not verify");
}

/** SHA-1 with RSA is seen in the China regions alone; DSA-1024 knows nothing but SHA-1. */
function allows(anchor: Anchor, key: Scheme["key"], hash: Hash): boolean {
  if (anchor.key.asymmetricKeyType !== key) return false;
  if (key === "dsa") return anchor.kind === "dsa";
  if (anchor.kind !== "rsa2048") return false;
  return hash === "sha256" || (anchor.regions.length > 0 && anchor.regions.every((region) => region.startsWith("cn-")));
}

interface Parts {
  readonly digest: string;
  readonly content: Buffer;
  readonly signerInfo: BerElement;
}

function partsOf(message: Buffer): Parts {
  const [type, explicit] = children(readBer(message), 0x30, 2, "ContentInfo");
  if (oidOf(type) !== SIGNED_DATA) throw refuse("shape", "not a PKCS#7 SignedData");
  const [signedData] = children(explicit, 0xa0, 1, "ContentInfo");
  const [version, digests, encapsulated, ...rest] = tagged(signedData, 0x30, "SignedData").children;
  checkVersion(version, "SignedData");
  const [digest] = children(digests, 0x31, 1, "digest algorithms");
  const content = contentOf(encapsulated);
  return { digest: algorithmOf(digest), content, signerInfo: onlySigner(rest) };
}

function onlySigner(rest: readonly BerElement[]): BerElement {
  if (rest.some(({ tag }) => tag === 0xa0 || tag === 0xa1)) {
    throw refuse("embedded-certificate", "AWS sends no certificates or CRLs in the message");
  }
  if (rest.length !== 1) throw refuse("shape", "malformed SignedData");
  const infos = tagged(rest[0], 0x31, "signer infos").children;
  const [signerInfo] = infos;
  if (signerInfo === undefined || infos.length !== 1) {
    throw refuse("signers", `exactly one signer expected, found ${String(infos.length)}`);
  }
  return signerInfo;
}

function contentOf(encapsulated: BerElement | undefined): Buffer {
  if (encapsulated?.tag !== 0x30 || oidOf(encapsulated.children[0]) !== DATA) {
    throw refuse("shape", "content of type data expected");
  }
  if (encapsulated.children.length === 1) throw refuse("detached", "the document is not in the message");
  const [, explicit] = children(encapsulated, 0x30, 2, "content");
  const [octets] = children(explicit, 0xa0, 1, "content");
  const content = octetsOf(octets);
  if (content.length === 0) throw refuse("detached", "the document in the message is empty");
  return content;
}

interface Signer {
  readonly issuer: Buffer;
  readonly serial: string;
  readonly digest: string;
  readonly signature: string;
  readonly attributes: BerElement;
  readonly value: Buffer;
}

function signerOf(info: BerElement): Signer {
  if (info.tag === 0x30 && info.children.length === 5) throw refuse("attributes", "signed attributes are missing");
  const [version, sid, digest, attributes, signature, value] = children(info, 0x30, 6, "SignerInfo");
  checkVersion(version, "SignerInfo");
  const [issuer, serial] = children(sid, 0x30, 2, "signer identifier");
  const set = tagged(attributes, 0xa0, "signed attributes");
  if (!isDefinite(set)) throw refuse("attributes", "signed attributes must be DER");
  return {
    issuer: tagged(issuer, 0x30, "issuer").whole,
    serial: serialOf(tagged(serial, 0x02, "serial number")),
    digest: algorithmOf(digest),
    signature: algorithmOf(signature),
    attributes: set,
    value: tagged(value, 0x04, "signature").content,
  };
}

function checkVersion(version: BerElement | undefined, what: string): void {
  if (!tagged(version, 0x02, what).content.equals(Buffer.of(1))) throw refuse("shape", `${what} version 1 expected`);
}

function checkAttributes(signer: Signer, hash: Hash, content: Buffer): void {
  const found = attributesOf(signer.attributes);
  if (oidOf(found.get(CONTENT_TYPE)) !== DATA) throw refuse("attributes", "content type attribute is not data");
  const protection = found.get(ALGORITHM_PROTECTION);
  if (protection !== undefined) {
    const [digest, signature] = children(protection, 0x30, 2, "algorithm protection");
    const same = algorithmOf(digest) === signer.digest && oidOf(signature?.children[0]) === signer.signature;
    if (signature?.tag !== 0xa1 || !same) throw refuse("algorithm", "algorithm protection names other algorithms");
  }
  const digest = found.get(MESSAGE_DIGEST);
  const actual = createHash(hash).update(content).digest();
  if (digest?.tag !== 0x04) throw refuse("attributes", "message digest attribute is missing");
  if (digest.content.length !== actual.length || !timingSafeEqual(digest.content, actual)) {
    throw refuse("digest", "the document does not match its digest");
  }
}

/** Each attribute once, with one value, in DER order. */
function attributesOf(set: BerElement): ReadonlyMap<string, BerElement> {
  const found = new Map<string, BerElement>();
  let before: Buffer | undefined;
  for (const attribute of set.children) {
    const [type, values] = children(attribute, 0x30, 2, "attribute");
    const [value] = children(values, 0x31, 1, "attribute");
    const oid = oidOf(type);
    if (value === undefined || found.has(oid)) throw refuse("attributes", "an attribute occurs twice");
    if (before !== undefined && Buffer.compare(before, attribute.whole) > 0) {
      throw refuse("attributes", "attributes are not in DER order");
    }
    before = attribute.whole;
    found.set(oid, value);
  }
  return found;
}

/** The parameters of every algorithm in use are absent or NULL. */
function algorithmOf(element: BerElement | undefined): string {
  const [oid, parameters, more] = element?.tag === 0x30 ? element.children : [];
  const plain = parameters === undefined || (parameters.tag === 0x05 && parameters.content.length === 0);
  if (!plain || more !== undefined) throw refuse("algorithm", "algorithm parameters must be absent or NULL");
  return oidOf(oid);
}

function tagged(element: BerElement | undefined, tag: number, what: string): BerElement {
  if (element?.tag !== tag) throw refuse("shape", `malformed ${what}`);
  return element;
}

function children(element: BerElement | undefined, tag: number, count: number, what: string): readonly BerElement[] {
  if (element?.tag !== tag || element.children.length !== count) throw refuse("shape", `malformed ${what}`);
  return element.children;
}
