/**
 * The other callers of the read cases and of the logins, beside those with a plain token: people of userpass with an
 * entity in two groups and a templated policy, batch tokens, machines with AppRole. Twice on one server is no harm.
 */
import { type JsonMap, stringifyJson } from "../lib/wire/json.ts";
import type { Call } from "./client.ts";

const USERPASS = "bench-userpass";
const APPROLE = "bench-approle";
const PASSWORD = "only for this benchmark";
/** Userpass costs a bcrypt each time it is written or logged in: few people, and their tokens by turns. */
const PEOPLE = 10;
/** The path is filled in from the entity of whoever asks. */
const TEMPLATED = `path "bench/{{identity.entity.metadata.area}}/*" { capabilities = ["read"] }`;

/** Path below /v1/ and bodies of logins. */
export interface Logins {
  readonly path: (i: number) => string;
  readonly body: string;
  readonly count: number;
}

export interface Callers {
  /** Of people: the right to read comes from one of their groups alone. */
  readonly entityTokens: readonly string[];
  readonly batchTokens: readonly string[];
  readonly userpass: Logins;
  readonly approle: Logins;
  /** A rate-limit quota over everything, wide enough for any machine; taken away again. */
  readonly setQuota: () => Promise<void>;
  readonly dropQuota: () => Promise<void>;
}

export async function prepareCallers(call: Call, batchTokens: number): Promise<Callers> {
  await mounted(call, USERPASS, "userpass");
  await mounted(call, APPROLE, "approle");
  await call("POST", "sys/policies/acl/bench-templated", { policy: TEMPLATED });
  const quota = "sys/quotas/rate-limit/bench";
  return {
    entityTokens: await people(call),
    batchTokens: await batch(call, batchTokens),
    userpass: {
      path: (i) => `auth/${USERPASS}/login/user-${String(i)}`,
      body: stringifyJson({ password: PASSWORD }),
      count: PEOPLE,
    },
    approle: { path: () => `auth/${APPROLE}/login`, body: await machine(call), count: 1 },
    setQuota: async () => {
      await call("POST", quota, { rate: 1e9, interval: "1s" });
    },
    dropQuota: async () => {
      await call("DELETE", quota);
    },
  };
}

async function mounted(call: Call, path: string, type: string): Promise<void> {
  await call("POST", `sys/auth/${path}`, { type }).catch((error: unknown) => {
    if (!String(error).includes("path is already in use")) throw error;
  });
}

/** @returns a token of each person */
async function people(call: Call): Promise<readonly string[]> {
  const accessor = await accessorOf(call);
  const ids: string[] = [];
  const tokens: string[] = [];
  for (let i = 0; i < PEOPLE; i += 1) {
    const name = `user-${String(i)}`;
    await call("POST", `auth/${USERPASS}/users/${name}`, { password: PASSWORD });
    await call("POST", `identity/entity/name/bench-${name}`, { metadata: new Map([["area", "data"]]) });
    const id = textIn(await call("GET", `identity/entity/name/bench-${name}`), "data", "id");
    await call("POST", "identity/entity-alias", { name, mount_accessor: accessor, canonical_id: id });
    ids.push(id);
  }
  await call("POST", "identity/group/name/bench-readers", { member_entity_ids: ids, policies: ["bench-templated"] });
  await call("POST", "identity/group/name/bench-others", { member_entity_ids: ids, policies: ["default"] });
  for (let i = 0; i < PEOPLE; i += 1) {
    const reply = await call("POST", `auth/${USERPASS}/login/user-${String(i)}`, { password: PASSWORD });
    tokens.push(textIn(reply, "auth", "client_token"));
  }
  return tokens;
}

async function accessorOf(call: Call): Promise<string> {
  const mounts = (await call("GET", "sys/auth")).get("data") as JsonMap;
  return (mounts.get(`${USERPASS}/`) as JsonMap).get("accessor") as string;
}

async function batch(call: Call, count: number): Promise<readonly string[]> {
  const tokens: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const reply = await call("POST", "auth/token/create", { policies: ["bench"], type: "batch", ttl: "24h" });
    tokens.push(textIn(reply, "auth", "client_token"));
  }
  return tokens;
}

/** @returns the body of its login */
async function machine(call: Call): Promise<string> {
  const role = `auth/${APPROLE}/role/bench`;
  await call("POST", role, { token_policies: ["bench"] });
  return stringifyJson({
    role_id: textIn(await call("GET", `${role}/role-id`), "data", "role_id"),
    secret_id: textIn(await call("POST", `${role}/secret-id`, {}), "data", "secret_id"),
  });
}

function textIn(reply: JsonMap, part: "auth" | "data", member: string): string {
  return (reply.get(part) as JsonMap).get(member) as string;
}
