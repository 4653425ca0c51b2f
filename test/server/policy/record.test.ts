/** A policy's record: what older releases wrote, what newer ones did, and check-and-set. */
import { expect, test } from "@jest/globals";
import { checkCas, decodePolicy, encodePolicy } from "../../../server/policy/record.ts";

const known = { text: "t", version: 3, modified: 5, casRequired: false };

test("what is written is read again; a record from before versions has version 0", () => {
  expect(decodePolicy("p", encodePolicy({ ...known, casRequired: true }))).toEqual({ ...known, casRequired: true });
  expect(decodePolicy("p", Buffer.from('{"format":1,"text":"t"}'))).toEqual({
    text: "t",
    version: 0,
    modified: 0,
    casRequired: false,
  });
});

test.each(['{"format":2,"text":"t"}', '{"format":1}', "[]"])("%s is refused", (text) => {
  expect(() => decodePolicy("p", Buffer.from(text))).toThrow(expect.objectContaining({ kind: "internal" }));
});

test.each([
  [undefined, {}, true],
  [known, {}, true],
  [known, { cas: 3 }, true],
  [known, { cas: 2 }, false],
  [known, { cas: 4 }, false],
  [known, { cas: -1 }, false],
  [undefined, { cas: -1 }, true],
  [undefined, { cas: 0 }, false],
  [{ ...known, version: 0 }, { cas: 0 }, true],
  [{ ...known, casRequired: true }, {}, false],
  [{ ...known, casRequired: true }, { cas: 3 }, true],
  [known, { casRequired: true }, false],
  [known, { casRequired: true, cas: 3 }, true],
])("%j with %j: %s", (there, terms, taken) => {
  const check = (): void => {
    checkCas(there, terms);
  };
  if (taken) expect(check).not.toThrow();
  else expect(check).toThrow(expect.objectContaining({ kind: "invalid" }));
});
