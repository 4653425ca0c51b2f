/** K=V data: strings, files, standard input, JSON objects, repeated keys; nothing is echoed in an error. */
import { expect, test } from "@jest/globals";
import { readData, readPairs } from "../../cli/input/data.ts";
import { CommandError } from "../../cli/io.ts";
import { Fault } from "../../lib/fault.ts";
import { stringifyJson } from "../../lib/wire/json.ts";

const FILES: Readonly<Record<string, string>> = {
  "cert.pem": "-----\nPEM\n",
  "data.json": '{"n":12345678901234567890,"a":"file"}',
  "bad.json": "{hunter2",
};
const io = (stdin: string) => ({
  stdin: () => Promise.resolve(stdin),
  readFile: (path: string) => {
    const text = FILES[path];
    return text === undefined
      ? Promise.reject(new Fault("invalid", `${path} cannot be read: ENOENT`))
      : Promise.resolve(text);
  },
});

test.each([
  { args: ["a=b"], json: '{"a":"b"}' },
  { args: ["a="], json: '{"a":""}' },
  { args: ["a=b=c"], json: '{"a":"b=c"}' },
  { args: ["a= b "], json: '{"a":" b "}' },
  { args: ["a=1", "a=2", "a=3"], json: '{"a":["1","2","3"]}' },
  { args: ["c=@cert.pem"], json: '{"c":"-----\\nPEM\\n"}' },
  { args: ["c=\\@cert.pem"], json: '{"c":"@cert.pem"}' },
  { args: ["@data.json"], json: '{"n":12345678901234567890,"a":"file"}' },
  { args: ["@data.json", "a=over"], json: '{"n":12345678901234567890,"a":["file","over"]}' },
  { args: ["-"], stdin: '{"v":1.0}', json: '{"v":1.0}' },
  { args: ["p=-"], stdin: "line\n", json: '{"p":"line\\n"}' },
  { args: ["__proto__=x", "constructor=y", "10=z"], json: '{"__proto__":"x","constructor":"y","10":"z"}' },
])("$args", async ({ args, stdin = "", json }) => {
  expect(stringifyJson(await readData(args, io(stdin)))).toBe(json);
});

test.each([
  { args: ["hunter2"], says: "argument 1 has no" },
  { args: ["a=b", "=x"], says: "argument 2 has no" },
  { args: ["a=@none"], says: "none cannot be read" },
  { args: ["@bad.json"], says: "bad.json: invalid JSON at character 2" },
  { args: ["-"], stdin: "[1]", says: "JSON object expected" },
  { args: ["-", "a=-"], stdin: "{}", says: "only once" },
])("$args is refused", async ({ args, stdin = "", says }) => {
  const error = await readData(args, io(stdin)).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(CommandError);
  expect(error).toMatchObject({ exitCode: 1, message: expect.stringContaining(says) });
  expect(String(error)).not.toContain("hunter2");
});

test("pairs keep everything after the first equals sign", () => {
  expect([...readPairs(["a=b=c", "d="])]).toEqual([
    ["a", "b=c"],
    ["d", ""],
  ]);
});
