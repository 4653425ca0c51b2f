/** The text of a role tag: written and read back, and no other text passes for it. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Secret } from "../../../../lib/secret.ts";
import { isGenuine, type RoleTag, readTag, writeTag } from "../../../../server/auth/aws/role-tag.ts";

const KEY = new Secret("7c3f4f1e-2a3b-4c5d-8e9f-001122334455");
const TAG: RoleTag = {
  nonce: "AQIDBAUGBwg=",
  role: "web",
  disallowReauthentication: false,
  allowInstanceMigration: true,
  policies: ["a", "b"],
  instanceId: "i-0123456789abcdef0",
  maxTtl: 3_600_000,
};

test("the text, part by part", () => {
  const value = writeTag(TAG, KEY);
  expect(value).toMatch(/^v1:AQIDBAUGBwg=:r=web:d=false:m=true:p=a,b:i=i-0123456789abcdef0:t=3600:[\w+/]{43}=$/);
  const bare = writeTag({ ...TAG, policies: [], instanceId: "", maxTtl: 0 }, KEY);
  expect(bare).toMatch(/^v1:AQIDBAUGBwg=:r=web:d=false:m=true:[\w+/]{43}=$/);
  expect(isGenuine(value, new Secret("another role's key"))).toBe(false);
});

test("255 characters fit, 256 do not", () => {
  const role = (length: number): RoleTag => ({
    ...TAG,
    policies: [],
    instanceId: "",
    maxTtl: 0,
    role: "r".repeat(length),
  });
  const rest = writeTag(role(1), KEY).length - 1;
  expect(readTag(writeTag(role(255 - rest), KEY))).toEqual(role(255 - rest));
  expect(() => writeTag(role(256 - rest), KEY)).toThrow("limit of 255");
});

test("policies that would break the text are refused", () => {
  for (const name of ["a:b", "a,b", "a b"]) expect(() => writeTag({ ...TAG, policies: [name] }, KEY)).toThrow("colons");
});

const tags: fc.Arbitrary<RoleTag> = fc.record({
  nonce: fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  role: fc.stringMatching(/^[a-z0-9_]([a-z0-9_.-]{0,10}[a-z0-9_])?$/),
  disallowReauthentication: fc.boolean(),
  allowInstanceMigration: fc.boolean(),
  policies: fc.array(fc.stringMatching(/^[a-z][a-z0-9/_-]{0,8}$/), { maxLength: 4 }),
  instanceId: fc.constantFrom("", "i-01234567", "i-0123456789abcdef0"),
  maxTtl: fc.nat(100_000).map((seconds) => seconds * 1000),
});

test("what was written is read back", () => {
  fc.assert(
    fc.property(tags, (tag) => {
      const value = writeTag(tag, KEY);
      expect(readTag(value)).toEqual(tag);
      expect(isGenuine(value, KEY)).toBe(true);
    }),
  );
});

const accepted = (value: string): boolean => readTag(value) !== undefined && isGenuine(value, KEY);

test("a copy with its parts in another order, doubled or left out is refused", () => {
  fc.assert(
    fc.property(tags, fc.array(fc.nat(7), { minLength: 1, maxLength: 10 }), (tag, order) => {
      const value = writeTag(tag, KEY);
      const parts = value.split(":");
      const other = order.map((at) => parts[at % parts.length] ?? "").join(":");
      expect(accepted(other)).toBe(other === value);
      const moved = [...parts.slice(0, -1).sort(() => -1), parts.at(-1)].join(":");
      expect(accepted(moved)).toBe(moved === value);
    }),
  );
});

test("a copy with any change is refused", () => {
  fc.assert(
    fc.property(tags, fc.nat(254), fc.string({ maxLength: 3 }), fc.nat(3), (tag, at, text, cut) => {
      const value = writeTag(tag, KEY);
      const from = at % value.length;
      const other = value.slice(0, from) + text + value.slice(from + cut);
      expect(accepted(other)).toBe(other === value);
    }),
    { numRuns: 2000 },
  );
});

test("another spelling of the nonce's or the HMAC's base64 is refused", () => {
  const value = writeTag(TAG, KEY);
  const last = value.at(-2) ?? "";
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  // The last character before "=" holds two bits that no byte uses.
  const twin = alphabet[alphabet.indexOf(last) ^ 1] ?? "";
  expect(accepted(`${value.slice(0, -2)}${twin}=`)).toBe(false);
  expect(readTag(value.replace("AQIDBAUGBwg=", "AQIDBAUGBwh="))).toBeUndefined();
  for (const form of [`${value}\n`, ` ${value}`, value.replace("v1", "v2"), value.replace("d=false", "d=False")]) {
    expect(readTag(form)).toBeUndefined();
  }
});
