/** Shamir's sharing against shamir-secret-sharing 0.0.4 (audited; its shares equal Vault's), both ways, and its own bounds. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { combine, split } from "shamir-secret-sharing";
import { checkSharing, combineShares, splitSecret } from "../../../lib/crypto/shamir.ts";
import { systemRandom } from "../../../lib/random.ts";

const random = systemRandom();
const sizes = fc
  .tuple(
    fc.uint8Array({ minLength: 1, maxLength: 40 }),
    fc.integer({ min: 2, max: 12 }),
    fc.integer({ min: 2, max: 12 }),
  )
  .map(([secret, a, b]) => ({ secret, n: Math.max(a, b), t: Math.min(a, b) }));

test("the oracle combines our shares, and we its, from any threshold of them", async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.array(fc.nat(), { minLength: 12, maxLength: 12 }), async ({ secret, n, t }, order) => {
      const pick = <T>(shares: readonly T[]): T[] =>
        [...shares]
          .map((share, i) => ({ share, at: order[i] ?? 0 }))
          .sort((a, b) => a.at - b.at)
          .map(({ share }) => share)
          .slice(0, t);
      const ours = splitSecret(secret, n, t, random);
      expect(Buffer.from(await combine(pick(ours).map((share) => new Uint8Array(share))))).toEqual(Buffer.from(secret));
      const theirs = await split(new Uint8Array(secret), n, t);
      expect(combineShares(pick(theirs))).toEqual(Buffer.from(secret));
      expect(combineShares(pick(ours))).toEqual(Buffer.from(secret));
    }),
    { numRuns: 150 },
  );
});

test("a share is the y bytes and then its x, distinct and never 0, up to all 255", () => {
  const secret = Buffer.from("0123456789abcdef0123456789abcdef");
  const shares = splitSecret(secret, 255, 2, random);
  const xs = shares.map((share) => share[32] ?? 0);
  expect([...xs].sort((a, b) => a - b)).toEqual(Array.from({ length: 255 }, (_, i) => i + 1));
  expect(xs).not.toEqual([...xs].sort((a, b) => a - b));
  expect(combineShares([shares[254] ?? secret, shares[3] ?? secret])).toEqual(secret);
});

test("one share fewer than the threshold says nothing: all byte values come about equally", () => {
  const seen = new Set<number>();
  for (let i = 0; i < 3000; i += 1) seen.add(splitSecret(Buffer.from([0x42]), 2, 2, random)[0]?.[0] ?? 0);
  expect(seen.size).toBeGreaterThan(250);
});

test("the field is that of AES: known products by way of a line through known points", () => {
  // FIPS 197 section 4.2: {57} * {83} = {c1}. A line with slope {57} and constant 0 passes ({83}, {c1}) and ({01}, {57}).
  expect(combineShares([Buffer.from([0xc1, 0x83]), Buffer.from([0x57, 0x01])])).toEqual(Buffer.from([0]));
  // {57} * {13} = {fe}, section 4.2.1, with the constant {aa}.
  expect(combineShares([Buffer.from([0xfe ^ 0xaa, 0x13]), Buffer.from([0x57 ^ 0xaa, 0x01])])).toEqual(
    Buffer.from([0xaa]),
  );
});

test("a secret of one share is that share", () => {
  const secret = Buffer.from("key");
  const [share] = splitSecret(secret, 1, 1, random);
  expect(share).toEqual(secret);
  expect(share).not.toBe(secret);
});

test.each([
  [1, 1, true],
  [2, 2, true],
  [255, 255, true],
  [255, 2, true],
  [0, 0, false],
  [1, 0, false],
  [256, 2, false],
  [256, 256, false],
  [2, 3, false],
  [2, 1, false],
  [3, 2.5, false],
  [Number.NaN, 1, false],
])("%d shares with threshold %d", (n, t, fits) => {
  const run = (): void => {
    checkSharing(n, t);
  };
  if (fits) expect(run).not.toThrow();
  else expect(run).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test.each<[string, number[][]]>([
  ["none", []],
  ["one", [[1, 2]]],
  ["of one byte", [[1], [2]]],
  [
    "of unequal length",
    [
      [1, 2, 3],
      [1, 4],
    ],
  ],
  [
    "of one coordinate",
    [
      [1, 9],
      [2, 9],
    ],
  ],
  [
    "of coordinate 0",
    [
      [1, 0],
      [2, 9],
    ],
  ],
])("shares are refused: %s", (_, shares) => {
  expect(() => combineShares(shares.map((share) => Buffer.from(share)))).toThrow(
    expect.objectContaining({ kind: "invalid" }),
  );
});

test("an empty secret is refused", () => {
  expect(() => splitSecret(Buffer.alloc(0), 3, 2, random)).toThrow(expect.objectContaining({ kind: "invalid" }));
});
