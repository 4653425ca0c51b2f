/** MAX_RETRIES at its bounds; what goes before what. */
import { expect, test } from "@jest/globals";
import { readSettings } from "../../cli/connect/settings.ts";
import { CommandError } from "../../cli/io.ts";

test.each([
  ["", 0],
  ["0", 0],
  ["-1", 0],
  ["1", 1],
  ["+3", 3],
  ["100", 100],
  ["101", 100],
  ["999999999", 100],
])("VAULT_MAX_RETRIES=%p: %d", (text, retries) => {
  expect(readSettings({}, { VAULT_MAX_RETRIES: text }).retries).toBe(retries);
});

test.each(["many", "1.5", "1e3", "1000000000"])("VAULT_MAX_RETRIES=%s is refused", (text) => {
  expect(() => readSettings({}, { VAULT_MAX_RETRIES: text })).toThrow(CommandError);
});

test.each([
  [{}, {}, "https://127.0.0.1:8200"],
  [{}, { VAULT_ADDR: "a" }, "a"],
  [{}, { VAULT_ADDR: "a", OKSAE_ADDR: "b" }, "b"],
  [{}, { OKSAE_ADDR: "b", VAULT_AGENT_ADDR: "c" }, "c"],
  [{}, { VAULT_AGENT_ADDR: "c", OKSAE_AGENT_ADDR: "d" }, "d"],
  [{ address: "e" }, { VAULT_AGENT_ADDR: "c" }, "e"],
  [{ address: "e", agentAddress: "f" }, {}, "f"],
])("%j with %j asks %s", (flags, env, address) => {
  expect(readSettings(flags, env).address).toBe(address);
});
