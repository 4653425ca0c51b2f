/** A template is data: bounds on both sides, nothing to reach but what it is given, pending values, and any source parses or fails well. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Fault } from "../../../lib/fault.ts";
import { DEFAULT_TEMPLATE_LIMITS, type TemplateLimits } from "../../../lib/template/budget.ts";
import { bytesFromText, textFromBytes } from "../../../lib/template/bytes.ts";
import type { FunctionMap } from "../../../lib/template/functions.ts";
import { parseTemplate } from "../../../lib/template/template.ts";
import { PENDING, Struct, type Value } from "../../../lib/template/values.ts";
import { JsonNumber, parseJson } from "../../../lib/wire/json.ts";

interface Given {
  readonly data?: Value;
  readonly missingKey?: "error" | "default";
  readonly limits?: Partial<TemplateLimits>;
  readonly functions?: FunctionMap;
}

function execute(source: string, { data, missingKey = "error", limits = {}, functions = new Map() }: Given = {}) {
  return parseTemplate(source, { name: "t", functions }).execute(data, {
    functions,
    missingKey,
    limits: { ...DEFAULT_TEMPLATE_LIMITS, ...limits },
  });
}
const text = (source: string, given?: Given) => execute(source, given).text;
const tooLarge = (what: string) =>
  expect.objectContaining({ kind: "too-large", message: expect.stringContaining(what) });

test.each<[string, Partial<TemplateLimits>, Partial<TemplateLimits>, string]>([
  // Per turn: the turn and the text; around it: the range, its pipeline's command.
  ["{{range 10}}x{{end}}", { steps: 22 }, { steps: 21 }, "steps"],
  ["{{range 10}}x{{end}}", { output: 10 }, { output: 9 }, "characters of output"],
  ['{{printf "%10d" 1}}', { work: 30 }, { work: 29 }, "intermediate results"],
  ['{{define "r"}}{{template "r" .}}{{end}}{{if .}}{{template "r" .}}{{end}}ok', { depth: 2 }, { depth: 1 }, "nested"],
])("%s within %j, not within %j", (source, enough, less, what) => {
  expect(() => text(source, { limits: enough })).not.toThrow();
  expect(() => text(source, { limits: less })).toThrow(tooLarge(what));
});

test.each([
  ["an endless count", "{{range 9223372036854775807}}{{end}}", "steps"],
  ["a template that calls itself", '{{define "r"}}{{template "r"}}{{end}}{{template "r"}}', "nested"],
  [
    "two that call each other",
    '{{define "a"}}{{template "b"}}{{end}}{{define "b"}}{{template "a"}}{{end}}{{template "a"}}',
    "nested",
  ],
  ["doubling", '{{$x := "xx"}}{{range 99}}{{$x = print $x $x}}{{end}}', "intermediate"],
  ["wide padding", '{{range 99}}{{$x := printf "%999999d" 1}}{{end}}', "intermediate"],
  ["much output", '{{$x := printf "%99999d" 1}}{{range 999}}{{$x}}{{end}}', "output"],
  ["loops in loops", "{{range 9999}}{{range 9999}}{{end}}{{end}}", "steps"],
])("%s ends with an error", (_name, source, what) => {
  expect(() => text(source)).toThrow(tooLarge(what));
});

test("nesting of the source is bounded on both sides", () => {
  const nested = (n: number) => `{{${"(".repeat(n)}1${")".repeat(n)}}}`;
  expect(text(nested(100))).toBe("1");
  expect(() => text(nested(101))).toThrow(/nested deeper than 100/);
  const ifs = (n: number) => `${"{{if 1}}".repeat(n)}x${"{{end}}".repeat(n)}`;
  expect(text(ifs(100))).toBe("x");
  expect(() => text(ifs(101))).toThrow(/nested deeper than 100/);
  expect(() => text("(".repeat(2 ** 20))).not.toThrow();
  expect(() => text("x".repeat(2 ** 20 + 1))).toThrow(/longer than/);
});

const odd = parseJson(
  '{"__proto__":"p","constructor":"c","10":"ten","toString":"s","n":12345678901234567890,"one":1.0}',
);

test.each([
  ["{{.__proto__}} {{.constructor}} {{.toString}}", "p c s"],
  ['{{index . "10"}} {{index . "__proto__"}}', "ten p"],
  ["{{range $k, $v := .}}{{$k}} {{end}}", "10 __proto__ constructor n one toString "],
  ["{{.n}} {{.one}}", "12345678901234567890 1.0"],
  [
    '{{printf "%s %v %q %d %T" .n .one .one .n .n}}',
    '12345678901234567890 1.0 "1.0" %!d(json.Number=12345678901234567890) json.Number',
  ],
  ['{{eq .one "1.0"}} {{eq .one "1"}} {{lt .one "2"}} {{len .one}}', "true false true 3"],
  ["{{if .one}}y{{end}}", "y"],
])("ordinary keys and json.Number: %s", (source, expected) => {
  expect(text(source, { data: odd as Value })).toBe(expected);
});

test.each([
  ["{{eq .n 1}}", /incompatible types for comparison: json\.Number and int/],
  ["{{.hasOwnProperty}}", /map has no entry for key "hasOwnProperty"/],
  ["{{.valueOf}}", /map has no entry for key "valueOf"/],
  ["{{.n.text}}", /can't evaluate field text in type json\.Number/],
  ["{{.size}}", /map has no entry for key "size"/],
  ["{{.constructor.constructor}}", /can't evaluate field constructor in type string/],
  ['{{index . "nope"}}', /no value to print/],
  ["{{.nope}}", /template: t:1:2: executing "t" at <\.nope>: map has no entry for key "nope"/],
  ["{{globalThis}}", /function "globalThis" not defined/],
  ["{{constructor}}", /function "constructor" not defined/],
])("no way out: %s", (source, message) => {
  expect(() => text(source, { data: odd as Value })).toThrow(message);
});

test("a struct has its fields and no more, whatever missingKey says", () => {
  const data = new Struct("*dependency.Secret", new Map<string, Value>([["LeaseID", "l"]]));
  expect(text("{{.LeaseID}}", { data })).toBe("l");
  expect(() => text("{{.fields}}", { data, missingKey: "default" })).toThrow(
    /can't evaluate field fields in type \*dependency\.Secret/,
  );
});

test("no error names a value", () => {
  const data = parseJson('{"s":"hunter2","l":["hunter2"],"m":{"k":"hunter2"},"n":31337}') as Value;
  const sources = [
    "range .s",
    "range .n",
    "len .n | index .l",
    "index .l .s",
    "index .s .s",
    "eq .l .m",
    "eq .s 1",
    "lt .s 1",
    "lt .m .s",
    "call .s",
    "slice .s 1 99",
    ".s.x",
    ".s 1",
    "printf .l",
    "index .m .l",
    "html | len .n | .s",
  ];
  for (const source of sources) {
    const whole = source.startsWith("range") ? `{{${source}}}{{end}}` : `{{${source}}}`;
    let message = "none";
    try {
      text(whole, { data });
    } catch (error) {
      message = error instanceof Fault ? error.message : String(error);
    }
    expect(message).toMatch(/^template: t:1/);
    expect(message).not.toMatch(/hunter2|31337/);
  }
});

test("other delimiters", () => {
  const options = { name: "t", delimiters: { left: "<<", right: ">>" } };
  const run = (source: string) =>
    parseTemplate(source, options).execute(undefined, {
      functions: new Map(),
      missingKey: "error",
      limits: DEFAULT_TEMPLATE_LIMITS,
    }).text;
  expect(run('{{ a }} <<- "b" ->> c <</* x */>>')).toBe("{{ a }}bc ");
  expect(() => parseTemplate("", { name: "t", delimiters: { left: "", right: "]" } })).toThrow(/must not be empty/);
});

/** `ask "x"` is not known yet; `seen` tells what was computed all the same. */
function withPending(source: string) {
  const seen: Value[] = [];
  const functions: FunctionMap = new Map([
    ["ask", { parameters: ["any"], run: () => PENDING }],
    [
      "see",
      {
        parameters: ["any"],
        run: ([value]: readonly Value[]) => {
          seen.push(value);
          return "";
        },
      },
    ],
  ]);
  const { pending } = execute(source, { functions });
  return { seen, pending };
}

test.each<[string, Value[]]>([
  ["{{see 1}}{{ask 1}}{{see 2}}", [1n, 2n]],
  ["{{see (ask 1)}}{{see (ask 1).Data.x}}{{ask 1 | see}}", []],
  ["{{with ask 1}}{{see 1}}{{else}}{{see 2}}{{end}}{{see 3}}", [3n]],
  ["{{if ask 1}}{{see 1}}{{else if see 9}}{{end}}{{see 3}}", [3n]],
  ["{{range ask 1}}{{see 1}}{{else}}{{see 2}}{{end}}{{see 3}}", [3n]],
  ["{{$x := 1}}{{if ask 1}}{{$x = 2}}{{end}}{{see $x}}{{see 3}}", [3n]],
  ["{{$x := 1}}{{if ask 1}}{{$x := 2}}{{see $x}}{{end}}{{see $x}}", [1n]],
  ["{{$x := 1}}{{range $x = ask 1}}{{end}}{{see $x}}", []],
  ["{{$x := 1}}{{and (ask 1) ($x = 2)}}{{see $x}}", []],
  ["{{range 3}}{{see .}}{{if ask 1}}{{break}}{{end}}{{see 9}}{{end}}{{see 8}}", [0n]],
  ["{{range 2}}{{range ask 1}}{{break}}{{end}}{{see .}}{{end}}", [0n, 1n]],
  ["{{range 2}}{{range ask 1}}{{else}}{{continue}}{{end}}{{see .}}{{end}}", []],
  ['{{define "d"}}{{see .}}{{see 5}}{{end}}{{template "d" ask 1}}', [5n]],
  ["{{or (ask 1) 2 | see}}{{not (ask 1) | see}}{{eq (ask 1) 1 | see}}", []],
])("what depends on a pending value is not computed: %s", (source, expected) => {
  expect(withPending(source)).toEqual({ seen: expected, pending: true });
});

test("nothing pending, nothing said", () => {
  expect(withPending("{{see 1}}")).toEqual({ seen: [1n], pending: false });
});

test("bytes and texts: any bytes come back, any text too", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expect(Buffer.compare(bytesFromText(textFromBytes(bytes)), bytes)).toBe(0);
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (value) => {
      expect(textFromBytes(bytesFromText(value))).toBe(value);
    }),
    { numRuns: 200 },
  );
});

const PIECES = [
  "{{",
  "}}",
  "{{-",
  "-}}",
  " ",
  "\n",
  "if",
  "else",
  "end",
  "range",
  "with",
  "define",
  "template",
  "block",
  "break",
  '"x"',
  "`r`",
  "'c'",
  ".",
  ".a",
  "$",
  "$x",
  ":=",
  "=",
  "|",
  ",",
  "(",
  ")",
  "1",
  "0x",
  "-",
  "printf",
  "and",
  "nil",
  "true",
  "/*",
  "*/",
  "é",
  "\0",
  '"',
  "index",
  "%d",
  "text",
];

test("any source either renders or fails with a fault", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 25 }), fc.boolean(), (pieces, spaced) => {
      let error: unknown;
      try {
        execute(pieces.join(spaced ? " " : ""), { data: odd as Value, limits: { steps: 1000 } });
      } catch (caught) {
        error = caught;
      }
      expect(error === undefined || (error instanceof Fault && error.kind !== "internal")).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test("any printf format gives a text", () => {
  const args: Value[] = [1n, "a", 1.5, null, new JsonNumber("7"), ["x"], new Map([["k", true]])];
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(..."%#0+- *[].123dsvqxXTUcefgtp é"), maxLength: 12 }),
      fc.nat(6),
      (format, i) => {
        const data = new Map<string, Value>([
          ["f", format],
          ["a", args[i]],
          ["b", args[(i + 1) % 7]],
        ]);
        expect(typeof text("{{printf .f .a .b}}", { data })).toBe("string");
      },
    ),
    { numRuns: 300 },
  );
});
