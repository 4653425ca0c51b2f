/** Vault's TTL rules as a table: default, asked for, role, mount, period, explicit maximum, renewal. */
import { expect, test } from "@jest/globals";
import { effectiveTtl, type TtlLimits } from "../../lib/ttl.ts";

const M = 60_000;
const H = 60 * M;
const NONE: TtlLimits = {
  increment: 0,
  ttl: 0,
  maxTtl: 0,
  explicitMaxTtl: 0,
  period: 0,
  mountTtl: 10 * H,
  mountMaxTtl: 20 * H,
  age: 0,
};

const CASES: readonly [string, Partial<TtlLimits>, number, number][] = [
  ["the mount's default", {}, 10 * H, 0],
  ["the role's", { ttl: H }, H, 0],
  ["asked for, before the role's", { ttl: H, increment: 2 * H }, 2 * H, 0],
  ["at the mount's maximum", { increment: 20 * H }, 20 * H, 0],
  ["above the mount's maximum", { increment: 20 * H + 1 }, 20 * H, 1],
  ["above the role's maximum", { ttl: 3 * H, maxTtl: 2 * H }, 2 * H, 1],
  ["a role's maximum above the mount's does not raise it", { increment: 30 * H, maxTtl: 30 * H }, 20 * H, 1],
  ["above the explicit maximum", { increment: 3 * H, explicitMaxTtl: 2 * H }, 2 * H, 1],
  ["a period", { period: H, ttl: 3 * H, increment: 4 * H }, H, 0],
  ["a period above the maximum", { period: 21 * H }, 20 * H, 1],
  ["a period within an explicit maximum", { period: 2 * H, explicitMaxTtl: 3 * H, age: 2 * H }, H, 1],
  ["a period without one has no end", { period: 2 * H, age: 1000 * H }, 2 * H, 0],
  ["renewed within the maximum", { ttl: 4 * H, age: 16 * H }, 4 * H, 0],
  ["renewed up to the maximum", { ttl: 4 * H, age: 16 * H + M }, 4 * H - M, 1],
];

test.each(CASES)("%s", (_name, limits, ttl, warnings) => {
  const result = effectiveTtl({ ...NONE, ...limits });
  expect(result.ttl).toBe(ttl);
  expect(result.warnings).toHaveLength(warnings);
});

test.each([
  ["at the maximum", { age: 20 * H }],
  ["past the explicit maximum of a period", { period: H, explicitMaxTtl: 2 * H, age: 2 * H }],
])("no renewal %s", (_name, limits) => {
  expect(() => effectiveTtl({ ...NONE, ...limits })).toThrow("past the max TTL, cannot renew");
});
