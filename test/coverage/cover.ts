/** Runs an area's cases as jest tests against one real server in this process. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { TestServer, TestServerOptions } from "../fakes/server.ts";
import { testServer } from "../fakes/server.ts";
import { rowsInScope } from "./rows.ts";
import type { Area, RouteCase, StaticCase, Step } from "./types.ts";

type Saved = Map<string, string>;
interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
}

/** @param options of the server: clients of the area's methods, and first steps that need code */
export function cover(
  area: Area,
  options: TestServerOptions & {
    readonly prepare?: (server: TestServer) => Promise<Readonly<Record<string, string>>>;
  } = {},
): void {
  const saved: Saved = new Map();
  let server: TestServer;
  beforeAll(async () => {
    server = await testServer(options);
    saved.set("key", server.keys[0] ?? "");
    saved.set("root", server.rootToken);
    for (const [name, value] of Object.entries((await options.prepare?.(server)) ?? {})) saved.set(name, value);
    for (const step of area.given ?? []) await perform(server, step, saved);
  });
  afterAll(() => server.close());

  const known = new Set(rowsInScope().get(area.name) ?? []);
  describe.each(Object.entries(area.cases))("%s", (row, one) => {
    test("is a row of the table", () => {
      expect(known).toContain(row);
    });
    test("valid input", async () => {
      await showValid(server, one, saved);
    });
    if (!("fixed" in one)) {
      test("bad input", async () => {
        await showBad(server, { row, ...one }, saved);
      });
    }
  });
}

async function showValid(server: TestServer, one: RouteCase | StaticCase, saved: Saved): Promise<void> {
  if (!("fixed" in one)) for (const step of one.given ?? []) await perform(server, step, saved);
  const reply = await perform(server, one.when, saved);
  if (one.when.status === 204) expect(reply.text).toBe("");
  for (const key of one.keys) expect([key, member(reply.body, key)]).not.toEqual([key, undefined]);
  if ("then" in one) await perform(server, one.then, saved);
}

async function showBad(server: TestServer, one: RouteCase & { readonly row: string }, saved: Saved): Promise<void> {
  const bad = one.bad ?? badWithout(one.row, one.when);
  const { body } = await perform(server, { ...bad, save: {}, shows: {} }, saved);
  const errors = (body as { errors?: readonly string[] } | undefined)?.errors ?? [];
  if (bad.error === "") expect(errors).toEqual([]);
  else if (typeof bad.error === "string") expect(errors.join("\n")).toContain(bad.error);
  else expect(errors.join("\n")).toMatch(bad.error);
}

/** A control character in the name that the path holds; for a path without one, a header that is none. */
function badWithout(row: string, when: Step): Step & { readonly status: number; readonly error: RegExp } {
  const parts = row.split("/");
  const behind = parts.length - 1 - parts.findLastIndex((part) => part.startsWith("{"));
  if (behind >= parts.length) {
    return { ...when, headers: { ...when.headers, "X-Vault-Wrap-TTL": "soon" }, status: 400, error: /wrap/i };
  }
  const segments = when.path.split("/");
  const at = segments.length - 1 - behind;
  const path = segments.map((segment, i) => (i === at ? `${segment}%07` : segment)).join("/");
  return { ...when, path, status: 400, error: /control characters/ };
}

async function perform(server: TestServer, step: Step, saved: Saved): Promise<Reply> {
  const ready = filled(step, saved) as Step;
  const { method, path, status, save = {}, shows } = ready;
  const reply = await send(server, ready);
  const { body, text } = reply;
  const told = `${method} ${path}: ${String(reply.status)} ${text.slice(0, 500)}`;
  if (status === undefined) expect([told, reply.status < 300]).toEqual([told, true]);
  else expect([told, reply.status]).toEqual([told, status]);
  if (shows !== undefined) expect(body ?? { text }).toMatchObject(shows);
  for (const [name, from] of Object.entries(save)) saved.set(name, String(member(body, from)));
  return reply;
}

async function send(server: TestServer, { method, path, data, token, headers }: Step): Promise<Reply> {
  const sent = new Headers(headers);
  if (token !== "") sent.set("X-Vault-Token", token ?? server.rootToken);
  if (method === "PATCH" && !sent.has("content-type")) sent.set("content-type", "application/merge-patch+json");
  const reply = await fetch(`${server.url}/v1/${path}`, {
    method,
    headers: sent,
    ...(data !== undefined && { body: JSON.stringify(data) }),
    redirect: "manual",
  });
  const text = await reply.text();
  const json = reply.headers.get("content-type")?.includes("json") === true;
  return { status: reply.status, body: text === "" || !json ? undefined : JSON.parse(text), text };
}

/** @returns `value` with every "{{name}}" in it replaced */
function filled(value: unknown, saved: Saved): unknown {
  if (typeof value === "string")
    return value.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => saved.get(name) ?? whole);
  if (Array.isArray(value)) return value.map((item) => filled(item, saved));
  if (typeof value !== "object" || value === null || value instanceof RegExp || !isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [filled(name, saved), filled(item, saved)]));
}

/** Not one of jest's matchers. */
function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}

function member(body: unknown, path: string): unknown {
  let at = body;
  for (const name of path.split(".")) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}
