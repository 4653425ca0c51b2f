/**
 * The keys that may sign instance identity documents. A key is trusted for one kind of signature and, unless an
 * operator says otherwise, for the regions AWS publishes it for. Trust lies in the public key: AWS re-issues
 * certificates over the same key and lets them run out while instances go on using it, so dates are not checked.
 * Source: EC2 user guide, "AWS public certificates for instance identity document signatures"; RFC 5280 section 4.1.
 */
import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { Fault } from "../fault.ts";
import { type BerElement, readBer } from "./ber.ts";

/** "dsa" signs what /pkcs7 gives, "rsa2048" what /rsa2048 gives, "rsa" (1024 bit) what /signature gives. */
export type KeyKind = "dsa" | "rsa2048" | "rsa";

export interface Anchor {
  /** For logs and errors: a region, or the name an operator gave it. */
  readonly name: string;
  readonly kind: KeyKind;
  /** Empty = every region. */
  readonly regions: readonly string[];
  readonly key: KeyObject;
  /** How a SignedData names its signer; undefined for "rsa", whose signatures name nobody. */
  readonly signer: SignerName | undefined;
}

interface SignerName {
  /** DER of the issuer's Name. */
  readonly issuer: Buffer;
  /** Lower-case hex without leading zero octets. */
  readonly serial: string;
}

/** One row of the built-in tables: what is pinned, in text. */
export interface PinnedKey {
  readonly kind: KeyKind;
  readonly regions: readonly string[];
  /** Base64 of the DER SubjectPublicKeyInfo. */
  readonly spki: string;
  /** Base64 of the DER issuer and the serial number in hex; "" for "rsa". */
  readonly issuer: string;
  readonly serial: string;
}

export function pinnedAnchor(pinned: PinnedKey): Anchor {
  const key = createPublicKey({ key: Buffer.from(pinned.spki, "base64"), format: "der", type: "spki" });
  const signer =
    pinned.serial === "" ? undefined : { issuer: Buffer.from(pinned.issuer, "base64"), serial: pinned.serial };
  return { name: pinned.regions.join(","), kind: pinned.kind, regions: pinned.regions, key, signer };
}

/**
 * @param pem exactly one CERTIFICATE block
 * @param kind the kind it is bound to; undefined = told from the key, "rsa2048" for any RSA key of 2048 bits or more
 * @throws Fault "invalid" when `pem` is no such thing, or its key does not fit `kind`
 */
export function certificateAnchor(
  pem: string,
  kind: KeyKind | undefined,
  regions: readonly string[],
  name: string,
): Anchor {
  const certificate = readCertificate(pem);
  const key = certificate.publicKey;
  const fits = kindOf(key);
  const bound = kind ?? fits;
  if (bound !== fits && !(bound === "rsa" && fits === "rsa2048")) {
    throw new Fault("invalid", `the certificate's key is of kind ${fits}, not ${bound}`);
  }
  return { name, kind: bound, regions, key, signer: bound === "rsa" ? undefined : signerName(certificate.raw) };
}

function readCertificate(pem: string): X509Certificate {
  const blocks = pem.match(/-----BEGIN [^-]+-----/g) ?? [];
  const shape = /^\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/;
  if (blocks.length !== 1 || !shape.test(pem)) {
    throw new Fault("invalid", "the certificate must be exactly one PEM block of type CERTIFICATE");
  }
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Fault("invalid", "the PEM block holds no X.509 certificate", { cause });
  }
}

function kindOf(key: KeyObject): KeyKind {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType === "dsa" && bits >= 1024) return "dsa";
  if (key.asymmetricKeyType === "rsa" && bits >= 2048) return "rsa2048";
  if (key.asymmetricKeyType === "rsa" && bits >= 1024) return "rsa";
  throw new Fault("invalid", "the certificate's key must be RSA or DSA of at least 1024 bits");
}

/** Issuer and serial number of a certificate, RFC 5280 section 4.1 (TBSCertificate). */
function signerName(certificate: Buffer): SignerName {
  const fields = readBer(certificate, { depth: 24, elements: 4096 }).children[0]?.children ?? [];
  const [serial, , issuer] = fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
  if (serial?.tag !== 0x02 || issuer?.tag !== 0x30) throw new Fault("invalid", "malformed certificate");
  return { issuer: Buffer.from(issuer.whole), serial: serialOf(serial) };
}

export function serialOf(element: BerElement): string {
  return element.content.toString("hex").replace(/^(?:00)+(?=..)/, "");
}
