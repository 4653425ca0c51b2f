/** Real bcrypt behind its port: known hashes, and bounds on how many at a time. */
import { expect, test } from "@jest/globals";
import { Secret } from "../../../lib/secret.ts";
import { bcryptPasswords } from "../../../server/clients/bcrypt.ts";

/** jBCrypt's test vectors: https://github.com/jeremyh/jBCrypt, TestBCrypt.java. */
const VECTORS = [
  ["a", "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe"],
  ["abc", "$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i"],
  ["abcdefghijklmnopqrstuvwxyz", "$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC"],
] as const;

test.each(VECTORS)("%j fits %s, and nothing else does", async (password, hash) => {
  const passwords = bcryptPasswords();
  expect(await passwords.compare(new Secret(password), hash)).toBe(true);
  expect(await passwords.compare(new Secret(`${password}x`), hash)).toBe(false);
});

test("what it hashes has Vault's cost and fits only its password", async () => {
  const passwords = bcryptPasswords();
  const hash = await passwords.hash(new Secret("pässword"));
  expect(hash).toMatch(/^\$2a\$10\$.{53}$/);
  expect(await passwords.compare(new Secret("pässword"), hash)).toBe(true);
  expect(await passwords.compare(new Secret("password"), hash)).toBe(false);
});

test("so many wait, the next is refused with a time to try again, and all that waited are served", async () => {
  const passwords = bcryptPasswords({ atOnce: 2, mostWaiting: 3 });
  const [, hash] = VECTORS[0];
  const one = (): Promise<boolean> => passwords.compare(new Secret("a"), hash);
  const taken = Array.from({ length: 5 }, one);
  await expect(one()).rejects.toMatchObject({ kind: "unavailable", retryAfter: 2000 });
  expect(await Promise.all(taken)).toEqual([true, true, true, true, true]);
  expect(await one()).toBe(true);
});

test("the event loop goes on while passwords are hashed", async () => {
  const passwords = bcryptPasswords();
  let turns = 0;
  let going = true;
  const count = (): void => {
    turns += 1;
    if (going) setImmediate(count);
  };
  setImmediate(count);
  await Promise.all(Array.from({ length: 6 }, (_, i) => passwords.hash(new Secret(`p${String(i)}`))));
  going = false;
  // On the loop there would be a turn or two for each hash.
  expect(turns).toBeGreaterThan(100);
});
