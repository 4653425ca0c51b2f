/**
 * Fetches discovery documents and key sets of token issuers. What comes back decides who may log in, so nothing is
 * followed elsewhere: no redirect, no proxy, the URL's own host under the given certificates.
 * Source: OpenID Connect Discovery 1.0 section 4; RFC 7517 section 5.
 */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { errorCode } from "../../lib/error-code.ts";
import { Fault } from "../../lib/fault.ts";
import type { IssuerDocuments } from "../contract/jwks.ts";

/** Milliseconds for the whole of it. */
const TIMEOUT = 10_000;
/** Bytes of a document. */
const LARGEST = 1024 * 1024;

/** @param timeout milliseconds for connection, handshake and the last byte together */
export function issuerDocuments(timeout = TIMEOUT): IssuerDocuments {
  return { get: (url, caPem) => get(new URL(url), caPem, timeout) };
}

function get(url: URL, caPem: string, timeout: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      reject(new Fault("unavailable", reasonOf(cause, timeout), { cause }));
    };
    const request = start(url, caPem, AbortSignal.timeout(timeout));
    request.on("error", fail);
    request.on("response", (response) => {
      read(response).then(resolve, (error: unknown) => {
        request.destroy();
        fail(error);
      });
    });
    request.end();
  });
}

function start(url: URL, caPem: string, signal: AbortSignal): ClientRequest {
  const headers = { accept: "application/json, application/jwk-set+json" };
  if (url.protocol !== "https:") return httpRequest(url, { headers, signal, agent: false });
  const trusted = caPem === "" ? {} : { ca: caPem };
  return httpsRequest(url, { headers, signal, agent: false, minVersion: "TLSv1.2", ...trusted });
}

class Unfit extends Error {}

async function read(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) throw new Unfit(`the answer has status ${String(response.statusCode)}, not 200`);
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LARGEST) throw new Unfit("the answer has more than 1 MiB");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function reasonOf(error: unknown, timeout: number): string {
  if (error instanceof Unfit) return error.message;
  const code = errorCode(error);
  if (code === "ABORT_ERR" || (error instanceof Error && error.name === "TimeoutError")) {
    return `no whole answer within ${String(timeout / 1000)} s`;
  }
  return code === "" ? "the connection failed" : `the connection failed: ${code}`;
}
