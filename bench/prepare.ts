/** Puts into a server what the cases need: a KV mount with 1,000 keys of 1 KiB, a policy, 50 tokens, other callers. */
import type { JsonMap } from "../lib/wire/json.ts";
import { prepareCallers } from "./callers.ts";
import { benchValue, KEYS, type Prepared, TOKENS } from "./cases.ts";
import type { Call } from "./client.ts";

const POLICY = `path "bench/*" { capabilities = ["create", "read", "update", "list"] }`;

/** Twice on one server is no harm: the mount stays, the keys get another version. */
export async function prepare(call: Call): Promise<Omit<Prepared, "cloud">> {
  await prepareMount(call);
  for (let i = 0; i < KEYS; i += 1) {
    await call("POST", `bench/data/key-${String(i)}`, { data: new Map([["value", benchValue()]]) });
  }
  const tokens: string[] = [];
  for (let i = 0; i < TOKENS; i += 1) {
    const reply = await call("POST", "auth/token/create", { policies: ["bench"], period: "1h" });
    tokens.push((reply.get("auth") as JsonMap).get("client_token") as string);
  }
  return { tokens, keys: KEYS, callers: await prepareCallers(call, TOKENS) };
}

/** The mount `bench/` and the policy that reads and writes it. */
export async function prepareMount(call: Call): Promise<void> {
  const kv = { type: "kv", options: new Map([["version", "2"]]) };
  await call("POST", "sys/mounts/bench", kv).catch((error: unknown) => {
    if (!String(error).includes("path is already in use")) throw error;
  });
  await call("POST", "sys/policies/acl/bench", { policy: POLICY });
}
