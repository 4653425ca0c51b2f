/** What is measured: the requests that a fleet of agents and its people send, as bytes ready for the socket. */
import { randomBytes } from "node:crypto";

export interface Case {
  readonly name: string;
  /** undefined where this server cannot do it; the reason is printed. */
  readonly next: () => Buffer;
}

export interface Prepared {
  /** 50 tokens that may read and write the keys. */
  readonly tokens: readonly string[];
  readonly keys: number;
  /** A login's body, when the server trusts a signer of ours. */
  readonly login: string | undefined;
}

export const KEYS = 1000;
export const TOKENS = 50;
/** Characters of the value in each key. */
export const VALUE_SIZE = 1024;

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

export function casesOf(prepared: Prepared): readonly Case[] {
  const token = (i: number): string => prepared.tokens[i % prepared.tokens.length] ?? "";
  const each = <T>(count: number, make: (i: number) => T): readonly T[] =>
    Array.from({ length: count }, (_, i) => make(i));
  const key = (i: number): string => `bench/data/key-${String(i)}`;
  const body = JSON.stringify({ data: { value: benchValue() } });
  const cases: Case[] = [
    { name: "health", next: cycle([request("GET", "sys/health", undefined)]) },
    { name: "kv-v2 read", next: cycle(each(prepared.keys, (i) => request("GET", key(i), token(i)))) },
    { name: "kv-v2 write", next: cycle(each(prepared.keys, (i) => request("POST", key(i), token(i), body))) },
    {
      name: "token lookup",
      next: cycle(each(prepared.tokens.length, (i) => request("GET", "auth/token/lookup-self", token(i)))),
    },
    {
      name: "token renew",
      next: cycle(each(prepared.tokens.length, (i) => request("POST", "auth/token/renew-self", token(i), "{}"))),
    },
  ];
  const { login } = prepared;
  if (login !== undefined)
    cases.push({ name: "aws login", next: cycle([request("POST", "auth/aws/login", undefined, login)]) });
  return cases;
}
