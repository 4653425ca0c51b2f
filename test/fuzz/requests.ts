/**
 * Requests made by chance out of the route tables: each aims at a route, with values that are right, odd, or of another
 * type, so that a good part of them gets past the field checks and meets what earlier ones have left behind.
 */
import fc from "fast-check";
import type { Field, Route } from "../../server/contract/engine.ts";
import { routeTables } from "../rules/route-tables.ts";

export interface FuzzRequest {
  readonly method: string;
  /** Encoded, with its query, from "/v1/" on. */
  readonly target: string;
  /** Raw; undefined = none. */
  readonly body: string | undefined;
  /** Which token goes with it; another text is sent as it is. */
  readonly token: string;
  readonly headers: Readonly<Record<string, string>>;
}

const METHODS = ["GET", "LIST", "POST", "PUT", "PATCH", "DELETE"];
/** Few, so that requests meet again. */
const NAMES = [
  "app",
  "x",
  "ann",
  "a/b",
  "secret",
  "kv-v1",
  "userpass",
  "auth/userpass",
  "default",
  "root",
  "{{child}}",
];
const LONG = "n".repeat(400);
const ODD = [
  "",
  " ",
  "..",
  ".",
  "%2e%2e",
  "%",
  "*",
  "+",
  "a*",
  "__proto__",
  "constructor",
  "toString",
  "null",
  "true",
  "-1",
  "0",
  "1e400",
  "9".repeat(40),
  "\u0000",
  "\u0007",
  "\r\n",
  "\u202e",
  "é",
  "e\u0301",
  "ﬁ",
  "💥",
  "\\",
  '"',
  "'",
  "{{",
  "{{identity.entity.name}}",
  "a/",
  "/a",
  "a//b",
  "?",
  "#",
  "&",
  "=",
  ";",
  "~",
  LONG,
  "x".repeat(1100),
  "../../etc/passwd",
  "\u{10ffff}",
  "İ",
  "ß",
];
const NUMBERS = [
  "0",
  "-0",
  "1",
  "-1",
  "2",
  "255",
  "256",
  "2147483648",
  "9007199254740993",
  "1e400",
  "-1e400",
  "1.5",
  "1e-7",
  "12345678901234567890",
];
const DURATIONS = [
  '"1h"',
  '"0s"',
  '"-5m"',
  '"5"',
  '"1h1h1h"',
  '"9999999h"',
  '"1d"',
  "60",
  "-60",
  "1e300",
  '"1.5h"',
  '"NaN"',
  '"1y"',
];

const json = JSON.stringify;
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 2, arbitrary: fc.constantFrom(...ODD) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 30 }) },
);
const text = fc
  .oneof(
    name,
    fc.constantFrom(
      "{{key}}",
      "{{root}}",
      "{{accessor}}",
      'path "x/*" { capabilities = ["read"] }',
      "https://127.0.0.1:1/",
      "127.0.0.1/32",
      "rsa",
      "kv",
      "rsa2048",
      "service",
      "batch",
    ),
    fc.base64String({ maxLength: 80 }),
  )
  .map((value) => json(value));
const odd = fc.oneof(
  fc.constantFrom(
    "null",
    "true",
    "false",
    '""',
    "[]",
    "{}",
    "[[]]",
    '[null,1,"a",{}]',
    '{"__proto__":{"a":1}}',
    '{"a":{"b":{"c":[1,2]}}}',
    "[".repeat(70) + "]".repeat(70),
    '{"a":'.repeat(63) + "1" + "}".repeat(63),
  ),
  fc.constantFrom(...NUMBERS),
  text,
  fc.json({ maxDepth: 3 }),
);

const RIGHT: Readonly<Record<Field["type"], fc.Arbitrary<string>>> = {
  string: text,
  int: fc.constantFrom(...NUMBERS),
  bool: fc.constantFrom("true", "false", '"true"', "1"),
  duration: fc.constantFrom(...DURATIONS),
  strings: fc.oneof(
    fc.array(text, { maxLength: 3 }).map((list) => `[${list.join()}]`),
    text,
    fc.constant('"default,root"'),
  ),
  texts: fc.dictionary(fc.constantFrom(...NAMES, ...ODD), text, { maxKeys: 3 }).map(object),
  map: fc.dictionary(fc.constantFrom(...NAMES, ...ODD), odd, { maxKeys: 3 }).map(object),
  json: odd,
};

function object(members: Readonly<Record<string, string>>): string {
  return `{${Object.entries(members)
    .map(([key, value]) => `${json(key)}:${value}`)
    .join()}}`;
}

function valueOf({ type, oneOf }: Field): fc.Arbitrary<string> {
  const right = oneOf === undefined ? RIGHT[type] : fc.constantFrom(...oneOf.map((one) => json(one)));
  return fc.oneof({ weight: 5, arbitrary: right }, { weight: 1, arbitrary: odd });
}

/** Left out: what would cost a whole key pair a request, or end the run's own server. */
const SLOW = /^(?:identity\/oidc\/key|sys\/init$)/;

const all = routeTables().flatMap(({ prefix, routes }) => routes.map((one) => ({ prefix, one })));
const ROUTES = all.filter(({ prefix, one }) => !SLOW.test(prefix + one.path));

const route = fc.constantFrom(...ROUTES).chain(({ prefix, one }) => aimed(prefix, one));

function aimed(prefix: string, one: Route): fc.Arbitrary<FuzzRequest> {
  const words = [...one.path.matchAll(/[:*](\w+)/g)].map(([, word = ""]) => word);
  const others = Object.entries(one.fields).filter(([field]) => !words.includes(field));
  const methods = methodsOf(one);
  const members = fc.record(Object.fromEntries(others.map(([field, about]) => [field, valueOf(about)])), {
    requiredKeys: others.flatMap(([field, { required }]) => (required === true ? [field] : [])),
  });
  return fc
    .record({
      method: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom(...methods) },
        { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
      ),
      in: fc.array(name, { minLength: words.length, maxLength: words.length }),
      members,
      extra: fc.oneof(
        { weight: 9, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.dictionary(fc.constantFrom(...ODD), odd, { maxKeys: 2 }) },
      ),
      raw: fc.oneof(
        { weight: 30, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.oneof(odd, fc.string({ unit: "binary" }), fc.constant("a=b&c=d")) },
      ),
      token: fc.oneof(
        { weight: 12, arbitrary: fc.constant("{{root}}") },
        { weight: 1, arbitrary: fc.constantFrom("", "{{child}}", "hvs.x", "hvb.AAAA", "{{wrapping}}") },
      ),
      headers: fc.oneof(
        { weight: 20, arbitrary: fc.constant({}) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            { "X-Vault-Wrap-TTL": "60" },
            { "X-Vault-Wrap-TTL": "99999h" },
            { "X-Vault-Wrap-TTL": "x" },
            { "Content-Type": "application/x-www-form-urlencoded" },
            { "X-Vault-Namespace": "a" },
          ),
        },
      ),
      slash: fc.oneof(
        { weight: 9, arbitrary: fc.constant("") },
        { weight: 1, arbitrary: fc.constantFrom("/", "//", "?list=true", "?help=1", "?help=x", "?a=%zz", "?a=1;b=2") },
      ),
    })
    .map(({ method, in: values, members: own, extra, raw, token, headers, slash }) => {
      let at = 0;
      const path = one.path.replace(/[:*]\w+/g, () => escaped(values[at++] ?? ""));
      const sent = object({ ...own, ...extra });
      const writes = method === "POST" || method === "PUT" || method === "PATCH";
      const query = writes ? "" : queryOf(own);
      return {
        method,
        target: `/v1/${prefix}${path}${slash}${slash.includes("?") ? "" : query}`,
        body: writes ? (raw ?? sent) : undefined,
        token,
        headers,
      };
    });
}

function methodsOf({ on }: Route): readonly string[] {
  const names = {
    read: "GET",
    list: "LIST",
    create: "POST",
    update: "POST",
    patch: "PATCH",
    delete: "DELETE",
  } as const;
  return [...new Set(Object.keys(on).map((operation) => names[operation as keyof typeof names]))];
}

/** Slashes stay; what can't be encoded becomes a replacement character. */
function escaped(value: string): string {
  return /^\{\{\w+\}\}$/.test(value)
    ? value
    : value
        .split("/")
        .map((part) => encodeURIComponent(part.replace(/\p{Surrogate}/gu, "?")))
        .join("/");
}

function queryOf(members: Readonly<Record<string, string>>): string {
  const parts = Object.entries(members)
    .slice(0, 3)
    .map(([key, value]) => `${key}=${encodeURIComponent(value.replace(/^"|"$/g, ""))}`);
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** The same for the same seed. */
export function requestsOf(seed: number, count: number): readonly FuzzRequest[] {
  return fc.sample(route, { seed, numRuns: count });
}
