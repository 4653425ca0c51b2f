/** Explanations name the line that decides, and never disagree with the compiled rules. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Operation } from "../../../server/contract/call.ts";
import type { Subject } from "../../../server/contract/identity.ts";
import { compileAcl } from "../../../server/policy/acl.ts";
import { explain } from "../../../server/policy/explain.ts";
import { parsePolicy } from "../../../server/policy/parse.ts";

const ANN: Subject = {
  id: "1",
  name: "ann",
  disabled: false,
  metadata: new Map([["team", "a/b"]]),
  policies: [],
  aliases: [],
  groups: [],
};
const ask = (operation: Operation, path: string, data?: ReadonlyMap<string, string>, wrapTtl?: number) => ({
  operation,
  path,
  data,
  wrapTtl,
});
const one = (text: string, name = "p") => [{ name, text }];

const TEXT = `# first line
path "kv/*" {
  capabilities = ["read", "list"]
}
path "kv/secret" { capabilities = ["deny"] }

path "kv/limited" {
  capabilities = ["update"]
  allowed_parameters = { "name" = ["a"] }
}
path "kv/wrapped" {
  capabilities = ["read"]
  min_wrapping_ttl = "1m"
}
path "users/{{identity.entity.name}}/*" { capabilities = ["read"] }
path "teams/{{identity.entity.metadata.team}}/*" { capabilities = ["read"] }
`;

test.each([
  [ask("read", "kv/a"), "allowed", [2], []],
  [ask("update", "kv/a"), "capability", [2], []],
  [ask("read", "kv/secret"), "denied", [5], [2]],
  [ask("read", "none"), "no rule", [], []],
  [ask("update", "kv/limited", new Map([["name", "b"]])), "parameters", [7], [2]],
  [ask("update", "kv/limited", new Map([["name", "a"]])), "allowed", [7], [2]],
  [ask("read", "kv/wrapped"), "wrapping", [11], [2]],
  [ask("read", "kv/wrapped", undefined, 60_000), "allowed", [11], [2]],
  [ask("read", "users/ann/x"), "allowed", [15], []],
  [ask("read", "users/bob/x"), "no rule", [], []],
  [ask("read", "teams/a/b/x"), "no rule", [], []],
] as const)("%j: %s", (question, reason, lines, weaker) => {
  const found = explain(one(TEXT), ANN, question);
  expect(found.reason).toBe(reason);
  expect(found.rules.map(({ line }) => line)).toEqual(lines);
  expect(found.weaker.map(({ line }) => line)).toEqual(weaker);
});

test("a template is shown as written and as filled in", () => {
  const { rules } = explain(one(TEXT), ANN, ask("read", "users/ann/x"));
  expect(rules).toMatchObject([{ policy: "p", path: "users/{{identity.entity.name}}/*", matches: "users/ann/*" }]);
});

test("two policies that decide together are both named; a deny of one of them wins", () => {
  const texts = [
    { name: "a", text: 'path "x" { capabilities = ["read"] }' },
    { name: "b", text: '\npath "x" { capabilities = ["update"] }' },
  ];
  expect(explain(texts, undefined, ask("update", "x"))).toMatchObject({
    reason: "allowed",
    decision: { granting: ["b"] },
    rules: [
      { policy: "a", line: 1 },
      { policy: "b", line: 2 },
    ],
  });
  const denied = [...texts, { name: "c", text: 'path "x" { capabilities = ["deny"] }' }];
  expect(explain(denied, undefined, ask("update", "x"))).toMatchObject({
    reason: "denied",
    decision: { allowed: false },
  });
});

const paths = ["a", "a/", "a/b", "a/b/", "a/b/c", "a/x/c", "x/b"];
const stanza = fc
  .tuple(
    fc.constantFrom("a", "a/b", "a/*", "a/+/c", "+/b", "*", "a/+", "a/b*"),
    fc.uniqueArray(fc.constantFrom("create", "read", "update", "delete", "list", "patch", "sudo", "deny"), {
      maxLength: 4,
    }),
  )
  .map(([path, words]) => `path "${path}" { capabilities = [${words.map((word) => `"${word}"`).join(", ")}] }`);
const text = fc.array(stanza, { maxLength: 5 }).map((all) => all.join("\n"));

test("any policies, any request: the explanation's decision is the pipeline's", () => {
  const operations: readonly Operation[] = ["read", "list", "create", "update", "patch", "delete"];
  fc.assert(
    fc.property(
      text,
      text,
      fc.constantFrom(...paths),
      fc.constantFrom(...operations),
      (first, second, path, operation) => {
        const texts = [
          { name: "first", text: first },
          { name: "second", text: second },
        ];
        const question = ask(operation, path);
        const acl = compileAcl(texts.map((policy) => parsePolicy(policy.name, policy.text)));
        const found = explain(texts, undefined, question);
        expect(found.decision).toEqual(acl.decide(question));
        expect(found.reason === "allowed").toBe(found.decision.allowed);
        expect(found.rules.length > 0).toBe(found.reason !== "no rule");
      },
    ),
    { numRuns: 1000 },
  );
});
