/**
 * A stand-in for the instance metadata service, version 2 only: tokens with a lifetime, and documents minted with test
 * keys as AWS would encode them. Slow, throttled, switched off or out of hops at will.
 * Source: EC2 user guide, "Use the Instance Metadata Service to access instance metadata" and "Instance identity documents".
 */
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type DocumentFields,
  imdsBase64,
  mintDocument,
  mintPkcs7,
  signRaw,
  type TestSigner,
  testSigner,
} from "./mint.ts";

export interface ImdsSigners {
  readonly dsa: TestSigner;
  readonly rsa2048: TestSigner;
  readonly rsa: TestSigner;
}

/** Three fresh keys: a tenth of a second. */
export function imdsSigners(): ImdsSigners {
  return { dsa: testSigner("dsa"), rsa2048: testSigner("rsa2048"), rsa: testSigner("rsa") };
}

interface ImdsKnobs {
  /** Milliseconds before each answer. */
  latency: number;
  /** Answers left that are 503. */
  throttle: number;
  /** 403 for everything: the metadata service is switched off for this instance. */
  disabled: boolean;
  /** Token requests never get an answer: the hop limit is too low for a container. */
  hopLimit: boolean;
  /** The document's fields; another instance id = the disk woke up elsewhere. */
  fields: DocumentFields;
  /** undefined = tags are not allowed in metadata: 404. */
  tags: Record<string, string> | undefined;
  spot: { readonly action: string; readonly time: string } | undefined;
  /** Time of a rebalance recommendation. */
  rebalance: string | undefined;
}

export interface FakeImds {
  /** Without "/latest". */
  readonly url: string;
  readonly signers: ImdsSigners;
  readonly knobs: ImdsKnobs;
  /** Paths asked for, with the method, in order. */
  readonly requests: readonly string[];
  /** Every token handed out so far is unknown from now on. */
  forgetTokens(): void;
  close(): Promise<void>;
}

export interface ImdsOptions {
  readonly port?: number;
  readonly signers?: ImdsSigners;
  readonly fields?: DocumentFields;
  readonly tags?: Record<string, string>;
}

export async function startImds(options: ImdsOptions = {}): Promise<FakeImds> {
  const signers = options.signers ?? imdsSigners();
  const knobs: ImdsKnobs = {
    latency: 0,
    throttle: 0,
    disabled: false,
    hopLimit: false,
    fields: options.fields ?? {},
    tags: options.tags,
    spot: undefined,
    rebalance: undefined,
  };
  const tokens = new Map<string, number>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method ?? ""} ${request.url ?? ""}`);
    if (knobs.hopLimit && request.method === "PUT") return;
    setTimeout(() => {
      answer(request, response, { signers, knobs, tokens });
    }, knobs.latency);
  });
  await new Promise<void>((resolve) => {
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    signers,
    knobs,
    requests,
    forgetTokens: () => {
      tokens.clear();
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}

interface Inside {
  readonly signers: ImdsSigners;
  readonly knobs: ImdsKnobs;
  readonly tokens: Map<string, number>;
}

function answer(request: IncomingMessage, response: ServerResponse, inside: Inside): void {
  const { knobs, tokens } = inside;
  const path = (request.url ?? "").replace(/^\/latest/, "");
  if (knobs.disabled) send(response, 403);
  else if (knobs.throttle > 0) {
    knobs.throttle -= 1;
    send(response, 503);
  } else if (path === "/api/token") giveToken(request, response, tokens);
  else if (!((tokens.get(String(request.headers["x-aws-ec2-metadata-token"])) ?? 0) > Date.now())) send(response, 401);
  else {
    const body = documentAt(path, inside) ?? metadataAt(path, knobs);
    send(response, body === undefined ? 404 : 200, body);
  }
}

const TTL = "x-aws-ec2-metadata-token-ttl-seconds";

function giveToken(request: IncomingMessage, response: ServerResponse, tokens: Map<string, number>): void {
  const seconds = Number(request.headers[TTL]);
  if (request.method !== "PUT") send(response, 405);
  else if (request.headers["x-forwarded-for"] !== undefined) send(response, 403);
  else if (!(seconds >= 1 && seconds <= 21_600)) send(response, 400);
  else {
    const token = `${randomBytes(40).toString("base64url")}==`;
    tokens.set(token, Date.now() + seconds * 1000);
    send(response, 200, token, { [TTL]: String(seconds) });
  }
}

function documentAt(path: string, { signers, knobs }: Inside): string | undefined {
  const document = mintDocument(knobs.fields);
  const signingTime = Date.now();
  switch (path) {
    case "/dynamic/instance-identity/document":
      return document.toString();
    case "/dynamic/instance-identity/pkcs7":
      return imdsBase64(mintPkcs7(document, signers.dsa, { signingTime }));
    case "/dynamic/instance-identity/rsa2048":
      return imdsBase64(mintPkcs7(document, signers.rsa2048, { signingTime }));
    case "/dynamic/instance-identity/signature":
      return signRaw(document, signers.rsa);
    default:
      return undefined;
  }
}

function metadataAt(path: string, knobs: ImdsKnobs): string | undefined {
  const tag = /^\/meta-data\/tags\/instance\/(.+)$/.exec(path)?.[1];
  if (tag !== undefined) {
    const name = decodeURIComponent(tag);
    return knobs.tags !== undefined && Object.hasOwn(knobs.tags, name) ? knobs.tags[name] : undefined;
  }
  const document = JSON.parse(mintDocument(knobs.fields).toString()) as Record<string, string>;
  const tags = knobs.tags === undefined ? undefined : Object.keys(knobs.tags).join("\n");
  const { spot, rebalance } = knobs;
  const values: Readonly<Record<string, string | undefined>> = {
    "/meta-data/tags/instance": tags,
    "/meta-data/tags/instance/": tags,
    "/meta-data/instance-id": document["instanceId"],
    "/meta-data/ami-id": document["imageId"],
    "/meta-data/placement/region": document["region"],
    "/meta-data/placement/availability-zone": document["availabilityZone"],
    "/meta-data/local-ipv4": document["privateIp"],
    "/meta-data/spot/instance-action": spot === undefined ? undefined : JSON.stringify(spot),
    "/meta-data/events/recommendations/rebalance":
      rebalance === undefined ? undefined : JSON.stringify({ noticeTime: rebalance }),
  };
  return values[path];
}

function send(response: ServerResponse, status: number, body = "", headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "text/plain", server: "EC2ws", ...headers });
  response.end(body);
}
