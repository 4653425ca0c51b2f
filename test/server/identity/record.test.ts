/** Entities and groups in storage: what is read is what was written; a record of another format is refused. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { AliasRecord, EntityRecord, GroupRecord } from "../../../server/contract/directory.ts";
import {
  decodeEntity,
  decodeGroup,
  decodeId,
  encodeEntity,
  encodeGroup,
  encodeId,
} from "../../../server/identity/record.ts";

const texts = fc.array(fc.string({ unit: "binary" }), { maxLength: 4 });
const pairs = fc
  .array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom("__proto__", "10", "constructor")), fc.string()), {
    maxLength: 5,
  })
  .map((entries) => new Map(entries));
const time = fc.nat();
const alias: fc.Arbitrary<AliasRecord> = fc.record({
  id: fc.uuid(),
  canonicalId: fc.uuid(),
  mountAccessor: fc.string(),
  name: fc.string({ unit: "binary" }),
  metadata: pairs,
  customMetadata: pairs,
  mergedFrom: texts,
  created: time,
  updated: time,
});
const common = {
  id: fc.uuid(),
  name: fc.string({ unit: "binary" }),
  metadata: pairs,
  policies: texts,
  created: time,
  updated: time,
};
const entity: fc.Arbitrary<EntityRecord> = fc.record({
  ...common,
  disabled: fc.boolean(),
  merged: texts,
  aliases: fc.array(alias, { maxLength: 3 }),
});
const group: fc.Arbitrary<GroupRecord> = fc.record({
  ...common,
  type: fc.constantFrom("internal" as const, "external" as const),
  alias: fc.option(alias, { nil: undefined }),
  modified: time,
});

test("an entity comes back as it was", () => {
  fc.assert(
    fc.property(entity, (one) => {
      expect(decodeEntity(encodeEntity(one))).toEqual(one);
    }),
  );
});

test("a group comes back as it was", () => {
  fc.assert(
    fc.property(group, (one) => {
      expect(decodeGroup(encodeGroup(one))).toEqual(one);
    }),
  );
});

test.each([
  ["entity", decodeEntity],
  ["group", decodeGroup],
  ["index entry of identity", decodeId],
] as const)("a stored %s of another format is refused", (what, decode) => {
  const bytes = Buffer.from(encodeId("{}"));
  bytes[0] = 2;
  const message = expect.stringContaining(`stored ${what} has format 2, this release reads 1`) as unknown;
  expect(() => decode(bytes)).toThrow(expect.objectContaining({ kind: "internal", message }));
});
