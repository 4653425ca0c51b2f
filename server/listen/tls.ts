/** Certificate and key of a listener: read, checked, then made into what node:tls takes. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext, type SecureVersion, type TlsOptions } from "node:tls";
import { errorCode } from "../../lib/error-code.ts";
import { Fault } from "../../lib/fault.ts";
import type { ListenerTls } from "../contract/listener.ts";

const VERSIONS: Readonly<Record<"tls12" | "tls13", SecureVersion>> = { tls12: "TLSv1.2", tls13: "TLSv1.3" };

export interface LoadedTls {
  readonly options: TlsOptions;
  /** Of the leaf; wall-clock milliseconds. */
  readonly notAfter: number;
  readonly serialNumber: string;
}

/**
 * Reads the files anew. What is given back has been tried: key and certificate belong together.
 * @throws Fault "invalid" naming the file that is missing or no good, and why
 */
export async function loadTls(tls: ListenerTls): Promise<LoadedTls> {
  const cert = await read(tls.certFile, "tls_cert_file");
  const key = await read(tls.keyFile, "tls_key_file");
  const ca = tls.clientCaFile === undefined ? undefined : await read(tls.clientCaFile, "tls_client_ca_file");
  const leaf = parse(cert, tls.certFile);
  if (ca !== undefined && tls.clientCaFile !== undefined) parse(ca, tls.clientCaFile);
  if (!matches(leaf, key, tls.keyFile)) {
    throw new Fault("invalid", `tls_key_file ${tls.keyFile} is not the key of the certificate in ${tls.certFile}`);
  }
  const options: TlsOptions = {
    cert,
    key,
    minVersion: VERSIONS[tls.minVersion ?? "tls12"],
    maxVersion: VERSIONS[tls.maxVersion ?? "tls13"],
    honorCipherOrder: true,
    ...(ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: tls.requireClientCert === true }),
    ...(tls.cipherSuites === undefined ? {} : { ciphers: tls.cipherSuites.join(":") }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    throw new Fault("invalid", `the TLS settings with ${tls.certFile} are refused: ${reason(cause)}`, { cause });
  }
  return { options, notAfter: Date.parse(leaf.validTo), serialNumber: leaf.serialNumber };
}

async function read(file: string, setting: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Fault("invalid", `${setting} ${file} cannot be read: ${reason(cause)}`, { cause });
  }
}

function parse(pem: Buffer, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Fault("invalid", `${file} holds no PEM certificate`, { cause });
  }
}

function matches(leaf: X509Certificate, key: Buffer, file: string): boolean {
  try {
    return leaf.checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw new Fault("invalid", `${file} holds no PEM private key, or an encrypted one`, { cause });
  }
}

function reason(cause: unknown): string {
  const code = errorCode(cause);
  return code === "" ? "unknown reason" : code;
}
