/** Decisions: a golden table with its sources, a naive model of the written order, and what a decision costs. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { type Encodable, parseJsonMap, stringifyJson } from "../../../lib/wire/json.ts";
import type { Operation } from "../../../server/contract/call.ts";
import { compileAcl } from "../../../server/policy/acl.ts";
import { parsePolicy } from "../../../server/policy/parse.ts";
import { cpuTime } from "../../fakes/cpu.ts";
import { decidingRule } from "../../model/rules.ts";

interface Row {
  operation: Operation;
  path: string;
  allowed: boolean;
  data?: Record<string, Encodable>;
  wrapTtl?: number;
  sudo?: boolean;
  granting?: string[];
}

interface Group {
  source: string;
  policies: Record<string, string>;
  rows: Row[];
}

const load = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../vectors/policy/${name}.json`, import.meta.url), "utf8"));

const groups = load("decisions") as Group[];
const compiled = (policies: Record<string, string>) =>
  compileAcl(Object.entries(policies).map(([name, text]) => parsePolicy(name, text)));

test("the table has at least 100 rows", () => {
  expect(groups.flatMap((group) => group.rows).length).toBeGreaterThanOrEqual(100);
});

describe.each(groups)("$source", ({ policies, rows }) => {
  const acl = compiled(policies);
  test.each(rows)("$operation $path $data $wrapTtl -> $allowed", (row) => {
    const decision = acl.decide({
      operation: row.operation,
      path: row.path,
      data: row.data === undefined ? undefined : parseJsonMap(stringifyJson(row.data)),
      wrapTtl: row.wrapTtl,
    });
    expect(decision.allowed).toBe(row.allowed);
    if (row.sudo !== undefined) expect(decision.sudo).toBe(row.sudo);
    if (row.granting !== undefined) expect(decision.granting).toEqual(row.granting);
    if (!row.allowed) expect(decision).toEqual({ allowed: false, sudo: false, granting: [] });
  });
});

describe("a policy that is none", () => {
  test.each(load("errors") as { text: string; says: string }[])("$text", ({ text, says }) => {
    expect(() => parsePolicy("p", text)).toThrow(expect.objectContaining({ kind: "invalid" }));
    expect(() => parsePolicy("p", text)).toThrow(says);
  });
});

describe("capabilities", () => {
  const acl = compiled({
    p: 'path "kv/*" { capabilities = ["update", "read", "sudo"] }\npath "kv/no" { capabilities = ["deny"] }\npath "kv/nil" { capabilities = [] }',
    q: 'path "kv/*" { capabilities = ["list"] }',
  });
  test.each([
    ["kv/x", ["list", "read", "sudo", "update"]],
    ["kv/no", ["deny"]],
    ["kv/no/", ["deny"]],
    ["kv/nil", ["deny"]],
    ["other", ["deny"]],
  ])("%s", (path, wanted) => {
    expect(acl.capabilities(path)).toEqual(wanted);
  });
});

describe("which mounts a token has anything in", () => {
  test.each([
    ['path "secret/app/x" { capabilities = ["read"] }', "secret/", true],
    ['path "secret/app/x" { capabilities = ["deny"] }', "secret/", false],
    ['path "secret/app/x" { capabilities = ["read"] }', "other/", false],
    ['path "secret/*" { capabilities = ["read"] }', "secret/", true],
    ['path "s*" { capabilities = ["read"] }', "secret/", true],
    ['path "*" { capabilities = ["read"] }', "secret/", true],
    ['path "*" { capabilities = ["read"] }\npath "secret/*" { capabilities = ["deny"] }', "secret/", false],
    ['path "secret/*" { capabilities = ["deny"] }\npath "secret/a/*" { capabilities = ["list"] }', "secret/", true],
    ['path "+/app" { capabilities = ["read"] }', "secret/", true],
    ['path "+/app" { capabilities = ["read"] }\npath "secret/*" { capabilities = ["deny"] }', "secret/", false],
    ['path "+/+/app*" { capabilities = ["read"] }', "auth/aws/", true],
    ['path "auth/+/app" { capabilities = ["read"] }', "secret/", false],
    ['path "secretive/*" { capabilities = ["read"] }', "secret/", false],
  ])("%s: %s %s", (text, prefix, wanted) => {
    expect(compiled({ p: text }).grantsBelow(prefix)).toBe(wanted);
  });
});

const segment = fc.constantFrom("a", "b", "ab", "abc", "");
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const pattern = fc
  .tuple(fc.array(fc.oneof(segment, fc.constant("+")), { minLength: 1, maxLength: 4 }), fc.constantFrom("", "", "*"))
  .map(([parts, end]) => (parts.at(-1) === "+" && end === "*" ? parts.join("/") : parts.join("/") + end));

test("the compiled rules decide as the naive model does", () => {
  fc.assert(
    fc.property(fc.uniqueArray(pattern, { maxLength: 8 }), path, fc.boolean(), (rules, asked, list) => {
      // Each rule is its own policy, so `granting` tells which one decided.
      const acl = compileAcl(
        rules.map((rule) =>
          parsePolicy(rule, `path "${rule.startsWith("/") ? "/" : ""}${rule}" { capabilities = ["read", "list"] }`),
        ),
      );
      const decision = acl.decide({
        operation: list ? "list" : "read",
        path: asked,
        data: undefined,
        wrapTtl: undefined,
      });
      const wanted = decidingRule(rules, asked, list);
      expect(decision.granting).toEqual(wanted === undefined ? [] : [wanted]);
    }),
    { numRuns: 300 },
  );
});

test("a decision over 300 rules is far below what a request costs", () => {
  const text = Array.from(
    { length: 100 },
    (_, i) =>
      `path "secret/data/app${i}/*" { capabilities = ["read"] }\npath "secret/data/app${i}/db" { capabilities = ["update"] }\npath "kv/+/app${i}/*" { capabilities = ["read"] }`,
  ).join("\n");
  const acl = compiled({ p: text });
  const question = { operation: "read", path: "secret/data/app57/web", data: undefined, wrapTtl: undefined } as const;
  let allowed = 0;
  const cost = cpuTime(() => {
    for (let i = 0; i < 100_000; i += 1) if (acl.decide(question).allowed) allowed += 1;
  });
  const microseconds = (cost * 1000) / 100_000;
  expect(allowed).toBe(100_000);
  // 0.3 µs on an idle machine; the bound leaves room for a busy one.
  expect(microseconds).toBeLessThan(5);
});
