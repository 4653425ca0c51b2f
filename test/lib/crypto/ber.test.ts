/** The BER reader against ITU-T X.690 section 8: what it takes, what it refuses, both sides of each limit. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type BerElement, isDefinite, octetsOf, oidOf, readBer } from "../../../lib/crypto/ber.ts";
import { Fault } from "../../../lib/fault.ts";
import { indefinite, integer, oid, sequence, tlv } from "../../fakes/der.ts";

const hex = (text: string): Buffer => Buffer.from(text.replace(/ /g, ""), "hex");

test.each([
  ["a definite sequence", "30 03 02 01 05", 1],
  ["an indefinite sequence", "30 80 02 01 05 00 00", 1],
  ["an empty one", "30 00", 0],
  ["length 127 in one octet", `04 7f ${"00".repeat(127)}`, 0],
  ["length 128 in two octets", `04 81 80 ${"00".repeat(128)}`, 0],
  ["length 256 in three octets", `04 82 01 00 ${"00".repeat(256)}`, 0],
])("takes %s", (_, text, children) => {
  const bytes = hex(text);
  const element = readBer(bytes);
  expect(element.whole.equals(bytes)).toBe(true);
  expect(element.children).toHaveLength(children);
});

test.each([
  ["nothing", ""],
  ["one octet", "30"],
  ["a length beyond the end", "30 03 02 01"],
  ["a child longer than its parent", "30 03 02 02 05 05"],
  ["bytes after the element", "30 00 00"],
  ["a high tag number", "1f 01 00"],
  ["end of contents on its own", "00 00"],
  ["end of contents inside the definite form", "30 02 00 00"],
  ["an indefinite primitive", "04 80 00 00"],
  ["an indefinite form that never ends", "30 80 02 01 05"],
  ["an indefinite form cut in its end", "30 80 00"],
  ["length 127 in two octets", `04 81 7f ${"00".repeat(127)}`],
  ["length 255 in three octets", `04 82 00 ff ${"00".repeat(255)}`],
  ["a length of four octets", `04 84 00 00 01 00 ${"00".repeat(256)}`],
  ["the reserved length 0xff", "04 ff 00"],
])("refuses %s", (_, text) => {
  expect(() => readBer(hex(text))).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test("depth: 16 levels are taken, 17 are not", () => {
  const nest = (levels: number): Buffer => (levels === 0 ? tlv(0x05) : sequence(nest(levels - 1)));
  expect(readBer(nest(16)).tag).toBe(0x30);
  expect(() => readBer(nest(17))).toThrow("nested too deep");
});

test("elements: 512 are taken, 513 are not", () => {
  const wide = (count: number): Buffer => sequence(...Array.from({ length: count }, () => tlv(0x05)));
  expect(readBer(wide(511)).children).toHaveLength(511);
  expect(() => readBer(wide(512))).toThrow("too many elements");
});

test.each([
  "1.2.840.113549.1.7.2",
  "2.16.840.1.101.3.4.2.1",
  "1.3.14.3.2.26",
  "2.999.3",
  "0.9.2342",
  "2.5.4.4294967295",
])("object identifier %s comes back", (dotted) => {
  expect(oidOf(readBer(oid(dotted)))).toBe(dotted);
});

test.each([
  ["empty", "06 00"],
  ["a padded arc", "06 02 80 01"],
  ["cut short", "06 02 2a 86"],
  ["an arc of 2^32", "06 06 2a 90 80 80 80 00"],
  ["an integer", "02 01 2a"],
])("refuses an object identifier: %s", (_, text) => {
  expect(() => oidOf(readBer(hex(text)))).toThrow(Fault);
});

test("an octet string may be in pieces, but not in pieces of pieces", () => {
  const piece = (text: string): Buffer => tlv(0x04, Buffer.from(text));
  expect(octetsOf(readBer(piece("whole"))).toString()).toBe("whole");
  expect(octetsOf(readBer(indefinite(0x24, piece("in "), piece("two")))).toString()).toBe("in two");
  expect(() => octetsOf(readBer(indefinite(0x24, tlv(0x24, piece("x")))))).toThrow(Fault);
  expect(() => octetsOf(readBer(integer(Buffer.of(1))))).toThrow(Fault);
});

test("the indefinite form is seen at any depth", () => {
  expect(isDefinite(readBer(sequence(sequence(tlv(0x05)))))).toBe(true);
  expect(isDefinite(readBer(sequence(indefinite(0x30, tlv(0x05)))))).toBe(false);
});

test("any bytes: a fault, or elements that cover their parent exactly", () => {
  const covered = (element: BerElement): boolean =>
    element.children.length === 0 ||
    (Buffer.concat(element.children.map((child) => child.whole)).equals(element.content) &&
      element.children.every(covered));
  const nested = fc.letrec<{ node: Buffer }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.uint8Array({ maxLength: 20 }).map((bytes) => tlv(0x04, bytes)),
      fc.array(tie("node"), { maxLength: 4 }).map((parts) => sequence(...parts)),
      fc.array(tie("node"), { maxLength: 4 }).map((parts) => indefinite(0x30, ...parts)),
    ),
  })).node;
  fc.assert(
    fc.property(nested, fc.nat(), fc.nat(255), (bytes, at, value) => {
      expect(covered(readBer(bytes))).toBe(true);
      const changed = Buffer.from(bytes);
      changed[at % changed.length] = value;
      try {
        expect(covered(readBer(changed))).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(Fault);
      }
    }),
    { numRuns: 300 },
  );
});
