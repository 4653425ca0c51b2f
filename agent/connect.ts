/** The way to the server: the wire's client, made from the configuration, as an `Api` that resolves for every status. */
import { readFile } from "node:fs/promises";
import type { Clock } from "../lib/clock.ts";
import { describeErrno } from "../lib/errno.ts";
import { Fault } from "../lib/fault.ts";
import { Secret } from "../lib/secret.ts";
import type { Api, ApiReply } from "../lib/wire/api.ts";
import { type WireClient, type WireTls, wireClient } from "../lib/wire/client.ts";
import { isJsonList } from "../lib/wire/json.ts";
import { retryAfterOf, type WireReply } from "../lib/wire/reply.ts";
import type { VaultConfig } from "./config/types.ts";

export interface Connection {
  readonly api: Api;
  readonly close: () => void;
}

/** Every status is an answer here; what it means is decided where it was asked for. */
const ALL = Array.from({ length: 200 }, (_, i) => 400 + i);
/** Milliseconds: a server that has not answered by then is taken for one that is away. */
const CONNECT_TIMEOUT = 5_000;
const TIMEOUT = 30_000;

/** @throws Fault "unavailable" naming a certificate or key file that cannot be read: it may yet come, early in a boot */
export async function connect(vault: VaultConfig, clock: Clock): Promise<Connection> {
  const client = wireClient({
    address: vault.address,
    tls: await readTls(vault),
    clock,
    connectTimeout: CONNECT_TIMEOUT,
    timeout: TIMEOUT,
    maxSockets: vault.maxConnections,
    userAgent: "oksae-agent",
  });
  return { api: apiOf(client), close: client.close.bind(client) };
}

function apiOf(client: WireClient): Api {
  const never = new AbortController().signal;
  return async ({ signal, ...request }) =>
    replyOf(await client.request({ ...request, alsoStatus: ALL }, signal ?? never));
}

function replyOf(reply: WireReply): ApiReply {
  const errors = reply.body?.get("errors");
  const date = Date.parse(reply.headers.get("date") ?? "");
  return {
    status: reply.status,
    body: reply.body,
    errors: isJsonList(errors) ? errors.filter((error) => typeof error === "string") : [],
    retryAfter: retryAfterOf(reply),
    date: Number.isNaN(date) ? undefined : date,
  };
}

async function readTls(vault: VaultConfig): Promise<WireTls> {
  const [ca, cert, key] = await Promise.all([
    pem(vault.caCert, "ca_cert"),
    pem(vault.clientCert, "client_cert"),
    pem(vault.clientKey, "client_key"),
  ]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key: new Secret(key) }),
    ...(vault.tlsServerName === undefined ? {} : { serverName: vault.tlsServerName }),
    skipVerify: vault.tlsSkipVerify,
  };
}

async function pem(path: string | undefined, what: string): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    const text = await readFile(path, "utf8");
    if (text.includes("-----BEGIN ")) return text;
  } catch (error) {
    throw new Fault("unavailable", `${what} ${path}: ${describeErrno(error).text}`, { cause: error });
  }
  throw new Fault("unavailable", `${what} ${path} is no PEM file`);
}
