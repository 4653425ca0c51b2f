/** The functions of this room: what they give, what they ask for, and what they refuse. */
import { expect, test } from "@jest/globals";
import { requestKey } from "../../../agent/render/requests.ts";
import { compileTemplate } from "../../../agent/render/template.ts";
import type { Lookup, ReadRequest } from "../../../agent/render/types.ts";
import { bytesFromText, textFromBytes } from "../../../lib/template/bytes.ts";
import { type Json, parseJsonMap } from "../../../lib/wire/json.ts";
import { fakeClock } from "../../fakes/clock.ts";
import { lookup, secretResult } from "./results.ts";

const unknown: Lookup = () => undefined;
const render = (source: string, known: Lookup = unknown) =>
  compileTemplate(source, {
    name: "t",
    env: new Map([["APP", "web"]]),
    // 2026-03-04T05:06:07.089Z, a Wednesday.
    clock: fakeClock(Date.UTC(2026, 2, 4, 5, 6, 7, 89)),
  }).render(known);
const text = (source: string, known?: Lookup) => {
  const result = render(source, known);
  return "text" in result ? result.text : JSON.stringify(result);
};

test.each([
  ['{{env "APP"}}|{{env "UNSET"}}|{{env "__proto__"}}', "web||"],
  ['{{base64Encode "é"}} {{base64Decode "w6k="}} {{base64Decode "w6\\nk="}}', "w6k= é é"],
  ['{{split "," " a,b "}} {{split "" "é1"}} {{split "," "  " | len}}', "[a b] [é 1] 0"],
  ['{{join "-" (split "," "a,b")}} {{parseJSON "[1,true,\\"x\\"]" | join ","}}', "a-b 1,true,x"],
  ['{{trim "." "..a.b.."}} {{trim "é" "éaé"}} {{trim "x" "xx"}}', "a.b a "],
  ['{{trimPrefix "v" "v1"}} {{trimPrefix "x" "v1"}} {{trimSuffix "" "a"}} {{trimSuffix "a" "ba"}}', "1 v1 a b"],
  ['[{{trimSpace " \\ta\\n "}}]', "[a]"],
  ['{{replaceAll "a" "b" "aXa"}} {{replaceAll "" "-" "ab"}} {{replaceAll "$" "$&" "a$"}}', "bXb -a-b- a$&"],
  ['{{toUpper "straße ÿ"}} {{toLower "ÀΣ"}}', "STRAßE Ÿ àσ"],
  ['{{indent 2 "a\\n\\nb\\n"}}', "  a\n\n  b\n"],
  ['{{"a" | indent 0}}', "a"],
  ["{{timestamp}}", "2026-03-04T05:06:07Z"],
  ['{{timestamp "unix"}}', "1772600767"],
  ['{{timestamp "Mon Jan _2 15:04:05 MST 2006"}}', "Wed Mar  4 05:06:07 UTC 2026"],
  [
    '{{timestamp "Monday, 02-January-06 3:4:5pm -0700 Z07:00 .000 002"}}',
    "Wednesday, 04-March-26 5:6:7am +0000 Z .089 063",
  ],
  [
    '{{toJSON (parseJSON "{\\"b\\":1,\\"a\\":[null,1.50,-0.0,1e21,1e-7,\\"<&>\\"]}")}}',
    '{"a":[null,1.5,-0,1e+21,1e-7,"\\u003c\\u0026\\u003e"],"b":1}',
  ],
  [
    '{{toJSONPretty (parseJSON "{\\"a\\":[],\\"b\\":{},\\"c\\":[1]}")}}',
    '{\n  "a": [],\n  "b": {},\n  "c": [\n    1\n  ]\n}',
  ],
  [
    '{{parseJSON "" | toJSON}} {{parseJSON "12345678901234567890"}} {{parseJSON "1e400"}}',
    "{} 12345678901234567890 1e400",
  ],
  ['{{(parseJSON "{\\"__proto__\\":1}").__proto__}}', "1"],
])("%s", (source, expected) => {
  expect(text(source)).toBe(expected);
});

test.each([
  ['{{base64Decode "a"}}', /error calling base64Decode: the value is not base64/],
  ['{{base64Decode "a=aa"}}', /not base64/],
  ['{{parseJSON "{x"}}', /error calling parseJSON: invalid JSON at character 2/],
  ['{{join "," "a"}}', /join needs a list, not a value of type string/],
  ['{{join "," (parseJSON "[{}]")}}', /join needs plain values in its list, not map/],
  ['{{indent -1 "a"}}', /not negative/],
  ['{{indent 999999999999 "a"}}', /too-large|intermediate results/],
  ['{{replaceAll "" (printf "%99999d" 1) (printf "%99999d" 1)}}', /intermediate results/],
  ['{{timestamp "a" "b"}}', /one layout at most/],
  ["{{toUpper 5}}", /expected string; found 5/],
  ['{{secret ""}}', /a secret needs a path/],
  ['{{secret "a?x=1"}}', /only query a secret path takes is \?version=N/],
  ['{{secret "a?version=-1"}}', /only query/],
  ['{{secret "a" "x"}}', /argument 2 of secret must have the form key=value/],
  ['{{secret "a?version=1" "k=hunter2"}}', /takes no query/],
  ["a\nb{{nope}}", /^template: t:2: function "nope" not defined$/],
])("%s fails well", (source, message) => {
  expect(() => render(source)).toThrow(message);
  expect(() => render(source)).not.toThrow(/hunter2/);
});

test.each<[string, ReadRequest[]]>([
  ['{{secret " /secret/app/ "}}', [{ kind: "read", path: "secret/app" }]],
  [
    '{{secret "a?version=3"}}{{secret "a?version=0"}}',
    [
      { kind: "read", path: "a", version: 3 },
      { kind: "read", path: "a" },
    ],
  ],
  ['{{file "/etc/x y"}}{{file "/etc/x y"}}', [{ kind: "file", path: "/etc/x y" }]],
  [
    '{{with secret "a"}}{{.Data.x}}{{end}}{{with secret "b"}}{{.Data.y}}{{end}}',
    [
      { kind: "read", path: "a" },
      { kind: "read", path: "b" },
    ],
  ],
  ['{{with secret "a"}}{{secret .Data.next}}{{end}}', [{ kind: "read", path: "a" }]],
  [
    '{{secret "pki/issue/x" " cn = a b " "" "ttl=1=2"}}',
    [
      {
        kind: "write",
        path: "pki/issue/x",
        data: new Map([
          ["cn", "a b"],
          ["ttl", "1=2"],
        ]),
      },
    ],
  ],
  // A write has effects: it waits until all before it is known.
  [
    '{{secret "a"}}{{secret "w" "k=v"}}{{secret "b"}}',
    [
      { kind: "read", path: "a" },
      { kind: "read", path: "b" },
    ],
  ],
  // The path is not known: nothing is asked under a wrong one.
  ['{{$p := ""}}{{with secret "a"}}{{$p = .Data.p}}{{end}}{{secret (print "kv/" $p)}}', [{ kind: "read", path: "a" }]],
])("%s asks for what it lacks", (source, missing) => {
  expect(render(source)).toEqual({ missing });
});

test("a secret's fields; numbers as they were written; a binary file survives", () => {
  const data = parseJsonMap('{"n":12345678901234567890,"f":1.0,"bad":"\\ud800"}');
  const auth = parseJsonMap('{"client_token":"tok","policies":["p"],"lease_duration":60}');
  const secret = secretResult(data, { leaseId: "l", leaseDuration: 9, renewable: true, auth, warnings: ["w"] });
  const bytes = Buffer.from([0xff, 0x00, 0xc3, 0xa9]);
  const known = lookup([
    [{ kind: "read", path: "a" }, secret],
    [
      { kind: "file", path: "/f" },
      { kind: "file", text: textFromBytes(bytes) },
    ],
  ]);
  const source =
    '{{with secret "a"}}{{.LeaseID}} {{.LeaseDuration}} {{.Renewable}} {{.Data.n}} {{.Data.f}} {{.Data.bad}} {{.Auth.ClientToken}} {{.Auth.LeaseDuration}} {{index .Warnings 0}} {{if .WrapInfo}}y{{else}}n{{end}}{{end}}';
  expect(text(source, known)).toBe("l 9 true 12345678901234567890 1.0 \ufffd tok 60 w n");
  expect(bytesFromText(text('{{file "/f"}}', known))).toEqual(bytes);
  expect(bytesFromText(text('{{file "/f" | base64Encode | base64Decode}}', known))).toEqual(bytes);
  expect(() => text('{{(secret "a").Data.nope}}', known)).toThrow(/map has no entry for key "nope"/);
});

test("a missing key prints <no value> only when that is asked for", () => {
  const data = secretResult(new Map<string, Json>([["k", "v"]]));
  const template = compileTemplate('{{with secret "a"}}{{.Data.nope}}{{end}}', {
    name: "t",
    env: new Map(),
    clock: fakeClock(),
    missingKey: "default",
  });
  expect(template.render(lookup([[{ kind: "read", path: "a" }, data]]))).toEqual({ text: "<no value>" });
});

test("two requests are one exactly when they ask for the same", () => {
  const data = (pairs: [string, Json][]) => new Map(pairs);
  const write = (pairs: [string, Json][]) => requestKey({ kind: "write", path: "a", data: data(pairs) });
  expect(
    write([
      ["a", "1"],
      ["b", "2"],
    ]),
  ).toBe(
    write([
      ["b", "2"],
      ["a", "1"],
    ]),
  );
  const keys = [
    requestKey({ kind: "read", path: "a" }),
    requestKey({ kind: "file", path: "a" }),
    requestKey({ kind: "read", path: "a", version: 1 }),
    write([]),
    write([["a", "1"]]),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});
