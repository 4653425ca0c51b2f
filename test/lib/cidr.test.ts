/** CIDR blocks by RFC 4632 and RFC 4291. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { cidrHas, parseCidr } from "../../lib/cidr.ts";

test.each([
  ["10.0.0.0/8", "10.255.255.255", true],
  ["10.0.0.0/8", "11.0.0.0", false],
  ["10.9.9.9/8", "10.0.0.1", true],
  ["10.0.0.1", "10.0.0.1", true],
  ["10.0.0.1", "10.0.0.2", false],
  ["0.0.0.0/0", "255.255.255.255", true],
  ["0.0.0.0/0", "2001:db8::1", false],
  ["10.0.0.0/8", "::ffff:10.1.2.3", true],
  ["::/0", "2001:db8::1", true],
  ["2001:db8::/32", "2001:db8:ffff::1", true],
  ["2001:db8::/32", "2001:db9::1", false],
  ["fe80::/10", "fe80::1%eth0", true],
  ["10.0.0.0/8", "", false],
  ["10.0.0.0/8", "not an address", false],
])("%s has %s: %s", (cidr, address, has) => {
  expect(cidrHas(parseCidr(cidr), address)).toBe(has);
});

test.each([
  "",
  "10.0.0.0/33",
  "10.0.0/8",
  "10.0.0.256",
  "010.0.0.1",
  "::/129",
  "1::2::3",
  "10.0.0.0/8/8",
  "10.0.0.0/",
  "g::",
  "1:2:3:4:5:6:7:8:9",
])("%j is no block", (text) => {
  expect(() => parseCidr(text)).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test("an address is in its own block, of any length", () => {
  fc.assert(
    fc.property(
      fc.ipV4(),
      fc.integer({ min: 0, max: 32 }),
      fc.ipV6(),
      fc.integer({ min: 0, max: 128 }),
      (v4, a, v6, b) => {
        expect(cidrHas(parseCidr(`${v4}/${String(a)}`), v4)).toBe(true);
        expect(cidrHas(parseCidr(`${v6}/${String(b)}`), v6)).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});
