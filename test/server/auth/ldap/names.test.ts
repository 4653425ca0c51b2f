/** Names from outside in filters and DNs: properties against ldapts' own parser and ours (RFC 4514, RFC 4515). */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { EqualityFilter, FilterParser, OrFilter } from "ldapts";
import { parseDn } from "../../../../server/auth/ldap/dn.ts";
import { escapeDnValue, escapeFilterValue } from "../../../../server/auth/ldap/escape.ts";
import { GROUP_FILTER, groupFilter, USER_FILTER, userFilter } from "../../../../server/auth/ldap/filters.ts";
import { foldName } from "../../../../server/auth/ldap/fold.ts";
import { sidText } from "../../../../server/auth/ldap/sid.ts";

/** Any text, and text made of what filters and DNs are made of. */
const hostile = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom("(", ")", "*", "\\", "&", "|", "!", "=", "\0", ",", "+", "#", " ", "a", '"', ";", "<", "é"),
  }),
);
const CONFIG = { userFilter: USER_FILTER, userAttr: "uid", upnDomain: "", groupFilter: GROUP_FILTER };

test("whatever is typed, the user filter is one comparison with exactly that", () => {
  fc.assert(
    fc.property(hostile, (name) => {
      const filter = FilterParser.parseString(userFilter(CONFIG, name));
      expect(filter).toBeInstanceOf(EqualityFilter);
      expect(filter).toMatchObject({ attribute: "uid", value: name });
    }),
    { numRuns: 2000 },
  );
});

test("whatever is typed or answered, the group filter keeps its three comparisons", () => {
  fc.assert(
    fc.property(hostile, hostile, (name, dn) => {
      const filter = FilterParser.parseString(groupFilter(CONFIG, dn, name)) as OrFilter;
      expect(filter).toBeInstanceOf(OrFilter);
      expect(filter.filters).toMatchObject([
        { attribute: "memberUid", value: name },
        { attribute: "member", value: dn },
        { attribute: "uniqueMember", value: dn },
      ]);
    }),
    { numRuns: 2000 },
  );
});

test("whatever is typed, the DN gets one part with exactly that, and the base stays", () => {
  fc.assert(
    fc.property(hostile, (name) => {
      const dn = parseDn(`uid=${escapeDnValue(name)},ou=people,dc=x`);
      expect(dn).toEqual([
        [{ attribute: "uid", value: name }],
        [{ attribute: "ou", value: "people" }],
        [{ attribute: "dc", value: "x" }],
      ]);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["a b", "a b"],
  [" a", "\\ a"],
  ["a ", "a\\ "],
  [" ", "\\ "],
  ["  ", "\\ \\ "],
  ["#a#", "\\#a#"],
  ['James "Jim" Smith, III', 'James \\"Jim\\" Smith\\, III'],
  ["Before\rAfter", "Before\\0dAfter"],
  ["a+b=c;<d>\\", "a\\+b\\=c\\;\\<d\\>\\\\"],
  ["Lučić", "Lučić"],
])("%j in a DN: %j", (text, escaped) => {
  expect(escapeDnValue(text)).toBe(escaped);
});

test.each([
  // RFC 4515 section 4.
  ["Parens R Us (for all your parenthetical needs)", "Parens R Us \\28for all your parenthetical needs\\29"],
  ["*", "\\2a"],
  ["C:\\MyFile", "C:\\5cMyFile"],
  ["\0\0\0\x04", "\\00\\00\\00\x04"],
  ["Lučić", "Lučić"],
])("%j in a filter: %j", (text, escaped) => {
  expect(escapeFilterValue(text)).toBe(escaped);
});

test.each([
  // RFC 4514 section 4 and OpenLDAP's own spelling.
  [
    "UID=jsmith,DC=example,DC=net",
    [
      ["UID", "jsmith"],
      ["DC", "example"],
      ["DC", "net"],
    ],
  ],
  [
    "OU=Sales+CN=J.  Smith,DC=net",
    [
      ["OU", "Sales"],
      ["CN", "J.  Smith"],
      ["DC", "net"],
    ],
  ],
  [
    'CN=James \\"Jim\\" Smith\\, III,DC=net',
    [
      ["CN", 'James "Jim" Smith, III'],
      ["DC", "net"],
    ],
  ],
  ["CN=Before\\0dAfter", [["CN", "Before\rAfter"]]],
  ["CN=Lu\\C4\\8Di\\C4\\87", [["CN", "Lučić"]]],
  ["1.3.6.1.4.1.1466.0=x", [["1.3.6.1.4.1.1466.0", "x"]]],
  [
    "cn = a ; dc = b ",
    [
      ["cn", "a"],
      ["dc", "b"],
    ],
  ],
  ["cn=a\\ ", [["cn", "a "]]],
  ["cn=", [["cn", ""]]],
])("%j is a DN", (text, parts) => {
  expect(
    parseDn(text)
      ?.flat()
      .map(({ attribute, value }) => [attribute, value]),
  ).toEqual(parts);
});

test.each([
  "",
  " ",
  "devs",
  "=x",
  "cn",
  "cn=a,",
  "cn=a,,dc=b",
  "cn=a\\",
  "cn=a\\z",
  "c n=a",
  "-=a",
])("%j is none", (text) => {
  expect(parseDn(text)).toBeUndefined();
});

test("text of any kind is read or not, without an exception", () => {
  fc.assert(
    fc.property(hostile, (text) => void parseDn(text)),
    { numRuns: 2000 },
  );
});

test.each(["ann", "ANN", " ann ", "a\u00adnn", "\ufeffann", "ＡＮＮ", "ann\t", "ann\0"])("%j folds to ann", (name) => {
  expect(foldName(name)).toBe("ann");
});

test.each([
  ["Ann  Lee", "ann lee"],
  ["Ann\tLee", "ann lee"],
  ["É", "é"],
])("%j folds to %j; by case it stays", (name, folded) => {
  expect([foldName(name), foldName(name, true)]).toEqual([folded, name]);
});

test("folding a second time changes nothing", () => {
  fc.assert(
    fc.property(hostile, (name) => {
      expect(foldName(foldName(name))).toBe(foldName(name));
    }),
  );
});

test.each([
  // [MS-DTYP] section 2.4.2.4: BUILTIN\Administrators, Everyone.
  ["01020000000000052000000020020000", "S-1-5-32-544"],
  ["010100000000000100000000", "S-1-1-0"],
  ["010500000000000515000000dcf4dc3b833d2b46828ba62800020000", "S-1-5-21-1004336348-1177238915-682003330-512"],
  ["0100000000000005", "S-1-5"],
  ["01010000000000", undefined],
  ["0102000000000005200000002002", undefined],
  ["010100000000000520000000aa", undefined],
])("the SID %s is %s", (hex, text) => {
  expect(sidText(Buffer.from(hex, "hex"))).toBe(text);
});
