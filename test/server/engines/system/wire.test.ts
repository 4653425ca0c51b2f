/**
 * Every route of sys/ as bytes on the wire: one file per endpoint in test/wire/sys, replies in the shape of the samples on
 * the page it names. What differs in each run (ids, keys, times) is replaced by what kind of thing it is.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { type TestServer, testServer } from "../../../fakes/server.ts";

interface Step {
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly data?: unknown;
    readonly token?: string;
  };
  readonly status: number;
  readonly body?: unknown;
}

interface Golden {
  readonly source: string;
  /** Initialized and unsealed at the beginning. */
  readonly open: boolean;
  readonly steps: readonly Step[];
}

const folder = new URL("../../../wire/sys/", import.meta.url);
/** Stands as @TMP@ in the files. */
const scratch = mkdtempSync(join(tmpdir(), "oksae-wire-"));
afterAll(() => {
  rmSync(scratch, { recursive: true });
});
const names = readdirSync(folder).sort();

async function replay(server: TestServer, steps: readonly Step[]): Promise<readonly Step[]> {
  const out: Step[] = [];
  for (const { request } of steps) {
    const { method, path, data, token } = request;
    const sent: unknown =
      data === undefined ? undefined : JSON.parse(JSON.stringify(data).replaceAll("@TMP@", scratch));
    const [verb, target] = method === "LIST" ? ["GET", `${path}?list=true`] : [method, path];
    const reply = await server.request(verb, target, sent, token);
    out.push({ request, status: reply.status, ...(reply.body !== undefined && { body: plain(reply.body) }) });
  }
  return out;
}

const KINDS: readonly [RegExp, string][] = [
  [/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, "UUID"],
  [/(?<=^(?:auth_)?[a-z]+_)[0-9a-f]{8}$/, "HEX8"],
  [/(?<=^oksae-cluster-)[0-9a-f]{8}$/, "HEX8"],
  [/^[0-9a-f]{64,66}$/, "SHARE"],
  [/^[0-9A-Za-z+/]{43,44}=*$/, "SHARE64"],
  [/^hvs\..*/, "TOKEN"],
  [/^\d{4}-\d\d-\d\dT.*Z$/, "TIME"],
  [/(?<=^hmac-sha256:)[0-9a-f]{64}$/, "HMAC"],
];
const NUMBERS = new Set(["server_time_utc", "encryptions"]);

function plain(value: unknown, name = ""): unknown {
  if (typeof value === "string")
    return KINDS.reduce((text, [pattern, kind]) => text.replace(pattern, kind), value.replaceAll(scratch, "@TMP@"));
  if (typeof value === "number") return NUMBERS.has(name) ? "NUMBER" : value;
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, key)]));
}

test.each(names)("%s", async (name) => {
  const golden = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Golden;
  expect(golden.source).toMatch(/^https:\/\/developer\.hashicorp\.com\/vault\/api-docs\/system\//);
  const server = await testServer({ open: golden.open });
  try {
    const steps = await replay(server, golden.steps);
    expect({ ...golden, steps }).toEqual(golden);
  } finally {
    await server.close();
  }
});
