/** What is measured: the requests that a fleet of agents and its people send, as bytes ready for the socket. */
import { randomBytes } from "node:crypto";
import type { Callers, Logins } from "./callers.ts";
import type { Cloud } from "./cloud.ts";

export interface Case {
  readonly name: string;
  /** Lines that the audit must have of each request. */
  readonly audited: 0 | 2;
  readonly next: () => Buffer;
  /** What is different on the server during this case alone. */
  readonly around?: { readonly set: () => Promise<void>; readonly unset: () => Promise<void> };
  /** The case that this one does the same as for another caller: its cost is shown beside that one's. */
  readonly beside?: string;
}

export interface Prepared {
  /** 50 tokens that may read and write the keys. */
  readonly tokens: readonly string[];
  readonly keys: number;
  readonly callers: Callers;
  /** undefined where the server cannot be taught to trust our documents. */
  readonly cloud: Cloud | undefined;
}

export const KEYS = 1000;
export const TOKENS = 50;
/** Characters of the value in each key. */
const VALUE_SIZE = 1024;

function request(method: string, path: string, token: string | undefined, body?: string): Buffer {
  const lines = [`${method} /v1/${path} HTTP/1.1`, "Host: 127.0.0.1", "X-Vault-Request: true"];
  if (token !== undefined) lines.push(`X-Vault-Token: ${token}`);
  if (body !== undefined)
    lines.push("Content-Type: application/json", `Content-Length: ${String(Buffer.byteLength(body))}`);
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body ?? ""}`);
}

/** Round robin over prepared requests: nothing is built while time is counted. */
function cycle(requests: readonly Buffer[]): () => Buffer {
  let at = 0;
  return () => {
    at = (at + 1) % requests.length;
    return requests[at] ?? Buffer.alloc(0);
  };
}

export function benchValue(): string {
  return randomBytes(VALUE_SIZE).toString("base64").slice(0, VALUE_SIZE);
}

const READ = "kv-v2 read";

export function casesOf({ tokens, keys, callers, cloud }: Prepared): readonly Case[] {
  const of = (some: readonly string[], i: number): string => some[i % some.length] ?? "";
  const token = (i: number): string => of(tokens, i);
  const key = (i: number): string => `bench/data/key-${String(i)}`;
  const body = JSON.stringify({ data: { value: benchValue() } });
  const audited = 2;
  const each = (count: number, make: (i: number) => Buffer): (() => Buffer) =>
    cycle(Array.from({ length: count }, (_, i) => make(i)));
  const read = (some: readonly string[]): (() => Buffer) => each(keys, (i) => request("GET", key(i), of(some, i)));
  const login = ({ path, body: sent, count }: Logins): (() => Buffer) =>
    each(count, (i) => request("POST", path(i), undefined, sent));
  const cases: Case[] = [
    { name: "health", audited: 0, next: each(1, () => request("GET", "sys/health", undefined)) },
    { name: READ, audited, next: read(tokens) },
    { name: `${READ}, entity`, audited, next: read(callers.entityTokens), beside: READ },
    {
      name: `${READ}, quota`,
      audited,
      next: read(tokens),
      around: { set: callers.setQuota, unset: callers.dropQuota },
      beside: READ,
    },
    { name: `${READ}, batch`, audited, next: read(callers.batchTokens), beside: READ },
    { name: "kv-v2 write", audited, next: each(keys, (i) => request("POST", key(i), token(i), body)) },
    {
      name: "token lookup",
      audited,
      next: each(tokens.length, (i) => request("GET", "auth/token/lookup-self", token(i))),
    },
    {
      name: "token renew",
      audited,
      next: each(tokens.length, (i) => request("POST", "auth/token/renew-self", token(i), "{}")),
    },
    { name: "approle login", audited, next: login(callers.approle) },
    // Nearly all of it is bcrypt, on the thread pool.
    { name: "userpass login", audited, next: login(callers.userpass) },
  ];
  if (cloud === undefined) return cases;
  const { path, bodies } = cloud;
  const aws = each(bodies.length, (i) => request("POST", path, undefined, bodies[i]));
  return [...cases, { name: "aws login", audited, next: aws }];
}
