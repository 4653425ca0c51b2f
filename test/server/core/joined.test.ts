/** The joined policies of a token and its entity: one list for the same two, another as soon as one of them is another. */
import { expect, test } from "@jest/globals";
import { JoinedNames } from "../../../server/core/joined.ts";

test("is sorted, has each name once, and is the same list for the same two", () => {
  const names = new JoinedNames();
  const [own, more] = [
    ["default", "web"],
    ["admin", "web"],
  ];
  const joined = names.of(own, more);
  expect(joined).toEqual(["admin", "default", "web"]);
  expect(names.of(own, more)).toBe(joined);
});

test("is what the lists say, whatever was joined before", () => {
  const names = new JoinedNames();
  const own = ["default"];
  expect(names.of(own, ["a"])).toEqual(["a", "default"]);
  expect(names.of(own, ["b"])).toEqual(["b", "default"]);
  expect(names.of(["other"], ["b"])).toEqual(["b", "other"]);
});

test("is the token's own list when the entity has none", () => {
  const own = ["web", "default"];
  expect(new JoinedNames().of(own, [])).toBe(own);
});
