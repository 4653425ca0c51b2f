/** Env files: what we write is what systemd, docker and compose read; what a format cannot carry is refused by key. */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { EnvFormat } from "../../../agent/render/env-encoders.ts";
import { compileEnvFile, encodeEnv, encodeEnvFile, mergeSecrets } from "../../../agent/render/env-file.ts";
import { isJsonMap, type Json, type JsonMap, JsonNumber, parseJsonMap } from "../../../lib/wire/json.ts";
import { readCompose, readDocker, readSystemd } from "../../fakes/env-readers/readers.ts";
import { lookup, secretResult } from "./results.ts";

const read = (name: string) =>
  parseJsonMap(readFileSync(new URL(`../../vectors/env-files/${name}`, import.meta.url), "utf8"));
const mapAt = (map: JsonMap, name: string): JsonMap => {
  const value = map.get(name);
  return isJsonMap(value) ? value : new Map<string, Json>();
};

type Reader = (text: string) => ReadonlyMap<string, string>;
const READERS: readonly (readonly [string, EnvFormat, Reader])[] = [
  ["systemd", "systemd", readSystemd],
  ["docker", "docker", readDocker],
  ["compose-go", "compose", (text) => readCompose(text, new Map([["HOME", "/root/H"]]))],
];

/** The vectors give bytes as Latin-1 characters. */
const decode = (bytes: string) => Buffer.from(bytes, "latin1").toString("utf8");

const grammar = [...mapAt(read("grammar.json"), "cases")].flatMap(([name, row]) =>
  READERS.map(([tool, , reader]) => ({
    name,
    tool,
    reader,
    bytes: isJsonMap(row) ? (row.get("bytes") as string) : "",
    result: isJsonMap(row) ? mapAt(mapAt(row, "result"), tool) : new Map<string, Json>(),
  })),
);

test("all 52 inputs are here", () => {
  expect(grammar).toHaveLength(52 * READERS.length);
});

/** compose-go reads invalid UTF-8 as U+FFFD. */
test.each(grammar)("the model of $tool reads $name as the real one did", ({ reader, bytes, result }) => {
  if (result.get("error") === true) expect(() => reader(decode(bytes))).toThrow();
  else expect(new Map(reader(decode(bytes)))).toEqual(new Map(result));
});

const values = [...mapAt(read("roundtrip.json"), "values")].map(([name, value]) => [name, value as string] as const);
const DOCKER_CANNOT = new Set(["nl", "nlend", "pem", "crlf", "nlsq", "long"]);
const rows = READERS.flatMap(([tool, format, reader]) =>
  values.map(([name, value]) => ({ tool, format, reader, name, value })),
);

test("42 values a format", () => {
  expect(values).toHaveLength(42);
});

test.each(rows)("$tool reads our $name", ({ format, reader, name, value }) => {
  const entries = new Map([
    ["A_VALUE", value],
    ["Z_NEXT", "ok"],
  ]);
  if (format === "docker" && DOCKER_CANNOT.has(name)) {
    expect(() => encodeEnv(format, entries)).toThrow(
      expect.objectContaining({ kind: "invalid", message: expect.stringMatching(/^the value of "A_VALUE" /) }),
    );
    return;
  }
  expect(new Map(reader(encodeEnv(format, entries)))).toEqual(entries);
});

test.each(READERS)("%s reads any value that %s can carry", (_tool, format, reader) => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 40 }), fc.string({ maxLength: 20 }), (a, b) => {
      fc.pre(![...a, ...b].some((c) => c === "\0" || c === "\ufffd"));
      fc.pre(format !== "docker" || ![a, b].some((text) => text.includes("\n") || text.endsWith("\r")));
      const entries = new Map([
        ["A", a],
        ["B", b],
      ]);
      expect(new Map(reader(encodeEnv(format, entries)))).toEqual(entries);
    }),
    { numRuns: 200 },
  );
});

test.each<[EnvFormat, string]>([
  ["systemd", 'A="a\\$\\"\\\\\\`\'\nb"\n'],
  ["sh", "export A='a$\"\\`'\\''\nb'\n"],
  ["compose", 'A="a\\$\\"\\\\`\'\\nb"\n'],
  ["json", '{\n  "A": "a$\\"\\\\`\'\\nb"\n}\n'],
])("%s, to the byte", (format, text) => {
  expect(encodeEnv(format, new Map([["A", "a$\"\\`'\nb"]]))).toBe(text);
});

test("docker, to the byte", () => {
  expect(encodeEnv("docker", new Map([["A", ' a"$x # b ']]))).toBe('A= a"$x # b \n');
});

test("entries are sorted by name, so equal values give equal bytes", () => {
  const one = new Map([
    ["B", "2"],
    ["A", "1"],
    ["a", "3"],
  ]);
  expect(encodeEnv("docker", one)).toBe("A=1\nB=2\na=3\n");
  expect(encodeEnv("docker", new Map([...one].reverse()))).toBe("A=1\nB=2\na=3\n");
});

test.each<[EnvFormat, string, boolean]>([
  ["systemd", "A_1", true],
  ["systemd", "_", true],
  ["systemd", "a.b", false],
  ["systemd", "1A", false],
  ["systemd", "A-B", false],
  ["systemd", "", false],
  ["systemd", "é", false],
  ["systemd", "A\n", false],
  ["sh", "A", true],
  ["sh", "A-B", false],
  ["sh", "A;id", false],
  ["sh", "UID", false],
  ["sh", "_", false],
  ["docker", "a.b-1", true],
  ["docker", "#A", false],
  ["docker", "A B", false],
  ["docker", "A=B", false],
  ["docker", "A\t", false],
  ["docker", "\ufeffA", false],
  ["docker", "", false],
  ["compose", "1a.b-c", true],
  ["compose", ".a", false],
  ["compose", "A B", false],
  ["compose", "A$", false],
  ["json", "any thing", true],
  ["json", "__proto__", true],
])("%s: the name %j can be carried: %s", (format, name, good) => {
  const encode = () => encodeEnv(format, new Map([[name, "s3cret-value"]]));
  if (good) expect(encode()).toContain("s3cret-value");
  else {
    expect(encode).toThrow(
      expect.objectContaining({ kind: "invalid", message: expect.stringContaining(JSON.stringify(name)) }),
    );
    expect(encode).toThrow(expect.objectContaining({ message: expect.not.stringContaining("s3cret") }));
  }
});

test.each<[EnvFormat, string]>([
  ["systemd", "a\0b"],
  ["sh", "a\0b"],
  ["compose", "\ud800"],
  ["docker", "\udc80x"],
  ["json", "\udc80x"],
  ["docker", "x\r"],
])("%s refuses %j by its key", (format, value) => {
  expect(() => encodeEnv(format, new Map([["KEY", value]]))).toThrow(
    expect.objectContaining({ kind: "invalid", message: expect.stringMatching(/^the value of "KEY" /) }),
  );
});

test.each<[EnvFormat, number]>([
  ["docker", 65_535 - 2],
  ["systemd", 131_072 - 3],
  ["sh", 131_072 - 3],
  ["compose", 131_072 - 3],
])("%s carries %d bytes under a name of one letter, and not one more", (format, most) => {
  expect(() => encodeEnv(format, new Map([["A", "x".repeat(most)]]))).not.toThrow();
  expect(() => encodeEnv(format, new Map([["A", "x".repeat(most + 1)]]))).toThrow(/longer than/);
});

test("numbers by their text, booleans as words, later secrets win", () => {
  const first = parseJsonMap('{"N":12345678901234567890,"F":1.0,"T":true,"S":"one"}');
  const second = parseJsonMap('{"S":"two","__proto__":"p","X":false}');
  expect(encodeEnvFile("docker", mergeSecrets([first, second]))).toBe(
    "F=1.0\nN=12345678901234567890\nS=two\nT=true\nX=false\n__proto__=p\n",
  );
});

test.each(["null", '{"a":1}', "[1]"])("%s is refused by its key, but json carries it", (inner) => {
  const data = parseJsonMap(`{"K":${inner}}`);
  expect(() => encodeEnvFile("systemd", data)).toThrow(
    /^the value of "K" is (null|an object|a list): only format "json"/,
  );
  expect(parseJsonMap(encodeEnvFile("json", data))).toEqual(data);
});

test("json leaves <, > and & alone, also behind a backslash", () => {
  const data = new Map([["A", "<&>\\u003c"]]);
  expect(encodeEnvFile("json", data)).toBe('{\n  "A": "<&>\\\\u003c"\n}\n');
});

test("an env file asks for what it lacks, then takes v1 and v2 secrets alike", () => {
  const file = compileEnvFile({ format: "docker", secrets: ["/kv/one/", "secret/two?version=3"] });
  const one = { kind: "read", path: "kv/one" } as const;
  const two = { kind: "read", path: "secret/two", version: 3 } as const;
  expect(file.render(() => undefined)).toEqual({ missing: [one, two] });
  const metadata = parseJsonMap('{"version":3,"created_time":"t","destroyed":false}');
  const v2 = new Map<string, Json>([
    ["data", new Map([["B", new JsonNumber("2")]])],
    ["metadata", metadata],
  ]);
  const v1 = secretResult(new Map([["A", "1"]]));
  expect(file.render(lookup([[one, v1]]))).toEqual({ missing: [two] });
  expect(
    file.render(
      lookup([
        [one, v1],
        [two, secretResult(v2)],
      ]),
    ),
  ).toEqual({ text: "A=1\nB=2\n" });
  const deleted = new Map<string, Json>([
    ["data", null],
    ["metadata", metadata],
  ]);
  expect(() =>
    file.render(
      lookup([
        [one, v1],
        [two, secretResult(deleted)],
      ]),
    ),
  ).toThrow(/secret\/two: the version/);
  expect(() =>
    file.render(
      lookup([
        [one, v1],
        [two, secretResult(null)],
      ]),
    ),
  ).toThrow(/secret\/two holds no data/);
});

test("a v1 secret with keys named data and metadata is left as it is", () => {
  const v1 = new Map<string, Json>([
    ["data", "x"],
    ["metadata", "y"],
  ]);
  const file = compileEnvFile({ format: "docker", secrets: ["kv/a"] });
  expect(file.render(lookup([[{ kind: "read", path: "kv/a" }, secretResult(v1)]]))).toEqual({
    text: "data=x\nmetadata=y\n",
  });
});
