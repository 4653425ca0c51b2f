/** Go's flag forms become commander's. Source: Go `flag` package documentation, "Command line flag syntax". */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { type FlagKind, normaliseArgv } from "../../cli/input/argv.ts";

const KINDS: Readonly<Record<string, FlagKind>> = {
  detailed: "switch",
  force: "switch",
  f: "switch",
  renewable: "choice",
};
const kindOf = (name: string): FlagKind => KINDS[name] ?? "valued";

test.each([
  { argv: ["read", "-format=json", "secret/a"], out: ["read", "--format=json", "secret/a"] },
  { argv: ["read", "-format", "json", "secret/a"], out: ["read", "--format", "json", "secret/a"] },
  { argv: ["read", "--format=json"], out: ["read", "--format=json"] },
  { argv: ["list", "-detailed"], out: ["list", "--detailed"] },
  { argv: ["list", "-detailed=true"], out: ["list", "--detailed"] },
  { argv: ["list", "-detailed=T"], out: ["list", "--detailed"] },
  { argv: ["list", "-detailed=false"], out: ["list"] },
  { argv: ["list", "-detailed=maybe"], out: ["list", "--detailed=maybe"] },
  { argv: ["write", "-f", "a"], out: ["write", "-f", "a"] },
  { argv: ["write", "-f=true", "a"], out: ["write", "-f", "a"] },
  { argv: ["write", "-f=false", "a"], out: ["write", "a"] },
  { argv: ["operator", "init", "-n=1", "-t=1"], out: ["operator", "init", "-n", "1", "-t", "1"] },
  { argv: ["token", "create", "-renewable"], out: ["token", "create", "--renewable"] },
  { argv: ["token", "create", "-renewable=true"], out: ["token", "create", "--renewable"] },
  { argv: ["token", "create", "-renewable=false"], out: ["token", "create", "--no-renewable"] },
  { argv: ["token", "create", "-renewable=maybe"], out: ["token", "create", "--renewable=maybe"] },
  { argv: ["write", "a", "-"], out: ["write", "a", "-"] },
  { argv: ["write", "a", "k=-v"], out: ["write", "a", "k=-v"] },
  { argv: ["write", "a", "k=-format=json"], out: ["write", "a", "k=-format=json"] },
  { argv: ["kv", "put", "a", "x=-5", "-cas=0"], out: ["kv", "put", "a", "x=-5", "--cas=0"] },
  { argv: ["write", "--", "-format=json"], out: ["write", "--", "-format=json"] },
  { argv: ["token", "create", "-metadata=a=b\nc"], out: ["token", "create", "--metadata=a=b\nc"] },
])("$argv", ({ argv, out }) => {
  expect(normaliseArgv(argv, kindOf)).toEqual(out);
});

test("arguments that are no flags pass unchanged", () => {
  fc.assert(
    fc.property(fc.array(fc.string().filter((text) => !text.startsWith("-"))), (argv) => {
      expect(normaliseArgv(argv, kindOf)).toEqual(argv);
    }),
  );
});
