/** Templated paths: what each gives for one subject, what is refused when a policy is written, and that no value widens a path. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Subject } from "../../../server/contract/identity.ts";
import type { Acl, Question } from "../../../server/contract/policy.ts";
import { compileAcl } from "../../../server/policy/acl.ts";
import { filledPolicies } from "../../../server/policy/fill.ts";
import { parsePolicy } from "../../../server/policy/parse.ts";
import { policyStore } from "../../../server/policy/store.ts";
import { memoryStore } from "../../../server/storage/memory.ts";

interface Vector {
  readonly source: string;
  readonly path: string;
  readonly filled?: string;
  readonly fault?: string;
}

const vectors = JSON.parse(
  readFileSync(new URL("../../vectors/policy-templates.json", import.meta.url), "utf8"),
) as Vector[];

const alias = (n: number, metadata: string): Subject["aliases"][number] => ({
  id: `a-${n}`,
  mountAccessor: `auth_toy_${n}`,
  name: "ann@toy",
  metadata: new Map([["k", metadata]]),
  customMetadata: new Map([["k", "custom"]]),
});

const ann: Subject = {
  id: "e-1",
  name: "ann",
  disabled: false,
  metadata: new Map([
    ["team", "blue"],
    ["a.b", "dotted"],
    ["star", "*"],
    ["plus", "+"],
    ["slash", "a/b"],
    ["comma", "a,b"],
    ["empty", ""],
    ["dots", ".."],
    ["braces", "{{identity.entity.id}}"],
  ]),
  policies: [],
  aliases: [alias(1, "toy"), alias(2, "second")],
  groups: [
    {
      id: "g-1",
      name: "devs",
      metadata: new Map([
        ["zone", "eu"],
        ["id", "meta-id"],
      ]),
    },
    { id: "g-2", name: "a.team", metadata: new Map() },
  ],
};

const policy = (path: string, capability = "read"): string =>
  `path ${JSON.stringify(path)} { capabilities = ["${capability}"] }\n`;

const asked = (path: string): Question => ({ operation: "read", path, data: undefined, wrapTtl: undefined });

function aclFor(text: string, subject: Subject | undefined): Acl {
  return compileAcl(filledPolicies([parsePolicy("p", text)], subject));
}

test.each(vectors)("$path: $source", ({ path, filled, fault }) => {
  if (fault !== undefined) {
    const message = expect.stringMatching(new RegExp(`^line 2, column 1.*${fault}`)) as unknown;
    expect(() => parsePolicy("p", `# first\n${policy(path)}`)).toThrow(
      expect.objectContaining({ kind: "invalid", message }),
    );
    return;
  }
  const [{ rules } = { rules: [] }] = filledPolicies([parsePolicy("p", policy(path))], ann);
  expect(rules.map((rule) => rule.path)).toEqual(filled === undefined ? [] : [filled]);
  expect(filledPolicies([parsePolicy("p", policy(path))], undefined)[0]?.rules).toEqual([]);
});

test("a filled path and one that is written out are one rule: a deny of either wins", () => {
  const text = policy("kv/{{identity.entity.name}}/*") + policy("kv/ann/*", "deny");
  expect(aclFor(text, ann).decide(asked("kv/ann/x")).allowed).toBe(false);
});

describe("no value can widen a path", () => {
  const value = fc.oneof(
    fc.string(),
    fc.stringMatching(/^[ab*+/,.{}%\\]{0,6}$/),
    fc.constantFrom("*", "+", "+/*", "../*", "a/*", "", "\u0000", "ann"),
  );
  const named = (name: string): Subject => ({ ...ann, name });

  test("what is allowed lies where the value itself says, letter by letter", () => {
    const text = policy("kv/{{identity.entity.name}}/*") + policy("kv/x-{{identity.entity.name}}");
    const path = fc.oneof(fc.stringMatching(/^kv\/[abx*+.-]{0,4}(\/[ab*+]{0,3}){0,3}$/), fc.string());
    fc.assert(
      fc.property(value, path, (name, at) => {
        if (!aclFor(text, named(name)).decide(asked(at)).allowed) return;
        expect(at.startsWith(`kv/${name}/`) || at === `kv/x-${name}`).toBe(true);
        expect(name).toMatch(/^[^*+/,]+$/);
      }),
      { numRuns: 2_000 },
    );
  });

  test("a deny holds whatever the value is", () => {
    const wide = policy("kv/*") + policy("kv/+/x") + policy("kv/+/y/*");
    const text = `${wide}${policy("kv/{{identity.entity.name}}/x", "deny")}${policy("kv/{{identity.entity.name}}/y/*", "deny")}`;
    fc.assert(
      fc.property(
        value.filter((name) => name !== ""),
        fc.stringMatching(/^[abx]{0,3}$/),
        (name, more) => {
          expect(aclFor(text, named(name)).decide(asked(`kv/${name}/x`)).allowed).toBe(false);
          expect(aclFor(text, named(name)).decide(asked(`kv/${name}/y/${more}`)).allowed).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("the store", () => {
  test("gives each subject its own rules, the same as long as it is the same object, and new ones after a write", async () => {
    const store = policyStore(memoryStore());
    await store.write("own", policy("kv/{{identity.entity.name}}"));
    const bob = { ...ann, name: "bob" };
    const names = ["own"];
    const [forAnn, forBob] = [await store.acl(names, ann), await store.acl(["own"], bob)];
    expect([forAnn, forBob].map((acl) => acl.decide(asked("kv/ann")).allowed)).toEqual([true, false]);
    expect(forBob.decide(asked("kv/bob")).allowed).toBe(true);
    expect(await store.acl(names, ann)).toBe(forAnn);
    expect((await store.acl(names)).decide(asked("kv/ann")).allowed).toBe(false);
    expect((await store.acl(names, { ...ann, name: "cat" })).decide(asked("kv/cat")).allowed).toBe(true);
    await store.write("own", policy("other/{{identity.entity.name}}"));
    expect((await store.acl(names, ann)).decide(asked("kv/ann")).allowed).toBe(false);
    expect((await store.acl(names, ann)).decide(asked("other/ann")).allowed).toBe(true);
  });

  test("shares the rules of policies without a template between all subjects", async () => {
    const store = policyStore(memoryStore());
    await store.write("plain", policy("kv/x"));
    await store.acl(["plain"]);
    expect(await store.acl(["plain"], ann)).toBe(await store.acl(["plain"], { ...ann }));
    expect(await store.acl(["root"], ann)).toBe(await store.acl(["root"]));
  });
});
