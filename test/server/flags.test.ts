/** The command line of `oksae server`, in Go's form. */
import { expect, test } from "@jest/globals";
import { parseFlags } from "../../server/flags.ts";

const DEV = { listenAddress: "127.0.0.1:8200", kv: true };

test.each([
  [["-config", "a.hcl"], { config: ["a.hcl"], dev: undefined }],
  [["server", "-config=a.hcl", "--config", "b"], { config: ["a.hcl", "b"] }],
  [["-config=a=b"], { config: ["a=b"] }],
  [["-dev"], { dev: DEV, config: [] }],
  [["-dev=true", "-dev-no-kv"], { dev: { ...DEV, kv: false } }],
  [["-dev", "-dev-listen-address", "[::1]:0"], { dev: { ...DEV, listenAddress: "[::1]:0" } }],
  [["-dev=false", "-config", "a"], { dev: undefined }],
  [["-dev", "-log-level=DEBUG"], { logLevel: "debug" }],
  [["-help"], { help: true }],
  [["-h"], { help: true }],
])("%j", (args, flags) => {
  expect(parseFlags(args, {})).toMatchObject(flags);
});

test("the root token comes from the flag, else from the environment", () => {
  const token = (args: string[], env: Record<string, string>) =>
    parseFlags(["-dev", ...args], env).dev?.rootToken?.reveal();
  expect(token([], {})).toBeUndefined();
  expect(token([], { VAULT_DEV_ROOT_TOKEN_ID: "v" })).toBe("v");
  expect(token([], { VAULT_DEV_ROOT_TOKEN_ID: "v", OKSAE_DEV_ROOT_TOKEN_ID: "o" })).toBe("o");
  expect(token(["-dev-root-token-id", "f"], { OKSAE_DEV_ROOT_TOKEN_ID: "o" })).toBe("f");
});

test.each([
  [[]],
  [["-config"]],
  [["-nope"]],
  [["positional"]],
  [["-dev", "-log-level", "loud"]],
])("%j is refused", (args) => {
  expect(() => parseFlags(args, {})).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test("what is refused is not repeated: it may be a secret", () => {
  expect(() => parseFlags(["-dev", "hunter2"], {})).toThrow(/^(?!.*hunter2)/);
});
