/** Templates of identity tokens: no value and no text around it changes the shape of the claims. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Fault } from "../../../../lib/fault.ts";
import { stringifyJson } from "../../../../lib/wire/json.ts";
import type { Subject } from "../../../../server/contract/identity.ts";
import { compileClaims } from "../../../../server/engines/identity/oidc-template.ts";

function subjectOf(value: string): Subject {
  const metadata = new Map([
    ["k", value],
    [value, "v"],
  ]);
  return {
    id: "e-1",
    name: value,
    disabled: false,
    metadata,
    policies: [],
    aliases: [{ id: "a-1", mountAccessor: "auth_toy_1", name: value, metadata, customMetadata: metadata }],
    groups: [{ id: "g-1", name: value, metadata }],
  };
}

const SELECTORS = [
  "identity.entity.id",
  "identity.entity.name",
  "identity.entity.metadata",
  "identity.entity.metadata.k",
  "identity.entity.groups.ids",
  "identity.entity.groups.names",
  "identity.entity.aliases.auth_toy_1.name",
  "identity.entity.aliases.auth_toy_1.metadata",
  "identity.entity.aliases.auth_toy_1.custom_metadata.k",
  "identity.groups.ids.g-1.metadata.k",
  "time.now",
  "time.now.minus.1h",
] as const;

test("every value comes out as it is, where it was asked for, and nothing beside it", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      const template = `{${SELECTORS.map((one, i) => `"c${i}": {{${one}}}`).join(", ")}, "end": [1, {"x": {{identity.entity.name}}}]}`;
      const text = stringifyJson(compileClaims(template)({ subject: subjectOf(value), now: 1_000_500 }));
      const metadata: Record<string, string> = Object.fromEntries(subjectOf(value).metadata);
      expect(JSON.parse(text)).toEqual({
        c0: "e-1",
        c1: value,
        c2: metadata,
        c3: metadata["k"],
        c4: ["g-1"],
        c5: [value],
        c6: value,
        c7: metadata,
        c8: metadata["k"],
        c9: metadata["k"],
        c10: 1_000,
        c11: 1_000 - 3_600,
        end: [1, { x: value }],
      });
    }),
    { numRuns: 500 },
  );
});

test("whatever the text is, it is refused, or its shape does not depend on the value", () => {
  const piece = fc.constantFrom(
    "{",
    "}",
    '"',
    "\\",
    ",",
    ":",
    "[",
    "]",
    "a",
    "{{identity.entity.name}}",
    "\\u0000",
    "0",
    " ",
  );
  const shape = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shape);
    if (typeof value !== "object" || value === null) return typeof value;
    return Object.entries(value).map(([name, item]) => [name, shape(item)]);
  };
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.string(), (pieces, value) => {
      const template = `{"a": ${pieces.join("")}}`;
      let claims: ReturnType<typeof compileClaims>;
      try {
        claims = compileClaims(template);
      } catch (error) {
        expect(error).toBeInstanceOf(Fault);
        expect((error as Fault).kind).toBe("invalid");
        return;
      }
      const [one, other] = ["", value].map((name) => claims({ subject: subjectOf(name), now: 0 }));
      const shapes = [one, other].map((made) => shape(JSON.parse(stringifyJson(made ?? new Map()))));
      expect(shapes[1]).toEqual(shapes[0]);
    }),
    { numRuns: 5_000 },
  );
});

test("what is not there is empty", () => {
  const nobody: Subject = { ...subjectOf("x"), metadata: new Map(), aliases: [], groups: [] };
  const template = `{"a": {{identity.entity.aliases.none.name}}, "b": {{identity.entity.aliases.none.metadata}},
    "c": {{identity.entity.metadata.none}}, "d": {{identity.entity.groups.names}}, "e": {{identity.groups.names.none.id}}}`;
  const text = stringifyJson(compileClaims(template)({ subject: nobody, now: 0 }));
  expect(JSON.parse(text)).toEqual({ a: "", b: {}, c: "", d: [], e: "" });
});

test.each([
  [65_536, true],
  [65_537, false],
])("a template of %d characters is taken: %s", (size, taken) => {
  const template = `{"a": "${"x".repeat(size - 9)}"}`;
  expect(template).toHaveLength(size);
  const compiling = (): unknown => compileClaims(template);
  if (taken) expect(compiling).not.toThrow();
  else expect(compiling).toThrow(expect.objectContaining({ kind: "invalid" }));
});
