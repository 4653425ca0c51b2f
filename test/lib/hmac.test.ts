/** HMAC-SHA256 against RFC 4231 section 4 and against node:crypto's own. */
import { createHmac } from "node:crypto";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { HmacSha256 } from "../../lib/hmac.ts";

const ascii = (text: string): Buffer => Buffer.from(text, "latin1");

// Test cases 4 and 3 have data that is no UTF-8 text; 5 is truncated.
test.each([
  {
    name: "case 1",
    key: Buffer.alloc(20, 0x0b),
    data: "Hi There",
    digest: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  },
  {
    name: "case 2: a key shorter than the digest",
    key: ascii("Jefe"),
    data: "what do ya want for nothing?",
    digest: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  },
  {
    name: "case 6: a key longer than the block",
    key: Buffer.alloc(131, 0xaa),
    data: "Test Using Larger Than Block-Size Key - Hash Key First",
    digest: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  },
  {
    name: "case 7: key and data longer than the block",
    key: Buffer.alloc(131, 0xaa),
    data: "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
    digest: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
  },
])("RFC 4231 $name", ({ key, data, digest }) => {
  expect(new HmacSha256(key).hex(data)).toBe(digest);
});

test("is node:crypto's HMAC for every key and text, lone surrogates too, call after call", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 80 }),
    fc.constantFrom("\ud800", "\udc00x", "é".repeat(700)),
  );
  const around = fc.integer({ min: 955, max: 965 }).map((size) => "x".repeat(size));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 130 }), fc.array(fc.oneof(text, around)), (key, texts) => {
      const hmac = new HmacSha256(key);
      for (const one of texts) expect(hmac.hex(one)).toBe(createHmac("sha256", key).update(one, "utf8").digest("hex"));
    }),
    { numRuns: 200 },
  );
});

test("keeps a copy of the key, and forgets it", () => {
  const key = Buffer.alloc(32, 7);
  const hmac = new HmacSha256(key);
  const before = hmac.hex("a");
  key.fill(0);
  expect(hmac.hex("a")).toBe(before);
  hmac.destroy();
  expect(hmac.hex("a")).not.toBe(before);
});
