/** Users: a name, the hash of a password and what token they get. Source: Vault API, userpass, "Create/update user". */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import type { Encodable, JsonMap } from "../../../lib/wire/json.ts";
import type { Fields, Values } from "../../contract/engine.ts";
import { listIn, readRecord, recordBytes, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import { oldNamesAfter, oldNamesReply } from "../old-names.ts";
import {
  NO_TOKEN_PARAMS,
  TOKEN_FIELDS,
  type TokenParams,
  tokenParamsFrom,
  tokenParamsRecord,
  tokenParamsReply,
  updateTokenParams,
} from "../token-params.ts";

export const USERS = "user/";

export interface User {
  readonly name: string;
  /** In bcrypt's own notation. */
  readonly passwordHash: Secret;
  readonly token: TokenParams;
  /** See `oldNamesAfter`. */
  readonly oldNames: readonly string[];
}

export const USERNAME = { type: "string", about: "Name of the user, in lower case", required: true } as const;

export const PASSWORD_FIELDS = {
  password: { type: "string", about: "The password, at most 72 bytes", sensitive: true },
  password_hash: {
    type: "string",
    about: "Instead of a password: its bcrypt hash ($2a$, $2b$ or $2y$, cost 4 to 14)",
    sensitive: true,
  },
} as const satisfies Fields;

const { token_policies, policies } = TOKEN_FIELDS;
export const POLICY_FIELDS = { token_policies, policies } as const satisfies Fields;

export const USER_FIELDS = {
  username: USERNAME,
  ...PASSWORD_FIELDS,
  ...TOKEN_FIELDS,
  bound_cidrs: { type: "strings", about: "Use token_bound_cidrs", deprecated: true },
} as const satisfies Fields;

/** The one place where names are lower-cased. */
export function userKey(name: string): string {
  return USERS + name.toLowerCase();
}

/** @throws Fault "invalid" */
export function checkUserName(name: string): void {
  if (/^\w(?:[\w.@-]*[\w-])?$/.test(name)) return;
  throw new Fault(
    "invalid",
    'a user\'s name may hold letters, digits, "_", "-", "." and "@", starts with a letter, digit or "_" and does not end with "." or "@"',
  );
}

export async function readUser(reader: Reader, name: string): Promise<User | undefined> {
  const record = await readRecord(reader, userKey(name));
  return record === undefined ? undefined : userFrom(name.toLowerCase(), record);
}

/** @param passwordHash undefined = as before. @throws Fault "invalid" in Vault's words */
export function updateUser(
  before: User | undefined,
  sent: Values<typeof USER_FIELDS>,
  passwordHash: Secret | undefined,
): User {
  const hash = passwordHash ?? before?.passwordHash;
  if (hash === undefined) throw new Fault("invalid", "missing password");
  const token = updateTokenParams(before?.token ?? NO_TOKEN_PARAMS, {
    ...sent,
    token_bound_cidrs: sent.token_bound_cidrs ?? sent.bound_cidrs,
  });
  const oldNames = oldNamesAfter(before?.oldNames ?? [], sent);
  return { name: sent.username.toLowerCase(), passwordHash: hash, token, oldNames };
}

/** Never the hash. */
export function userReply({ token, oldNames }: User): Record<string, Encodable> {
  const reply = tokenParamsReply(token);
  return { ...reply, ...oldNamesReply(oldNames, reply) };
}

export function userBytes({ passwordHash, token, oldNames }: User): Uint8Array {
  return recordBytes({ ...tokenParamsRecord(token), oldNames, passwordHash: passwordHash.reveal() });
}

function userFrom(name: string, record: JsonMap): User {
  return {
    name,
    passwordHash: new Secret(textIn(record, "passwordHash")),
    token: tokenParamsFrom(record),
    oldNames: listIn(record, "oldNames"),
  };
}
