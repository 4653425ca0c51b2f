/** What the routes of the token method are made with, and the fields they share. */
import type { Clock } from "../../../lib/clock.ts";
import type { Log } from "../../../lib/log.ts";
import type { Context, Fields } from "../../contract/engine.ts";
import type { Identity } from "../../contract/identity.ts";
import type { Mounts } from "../../contract/mounts.ts";
import type { RenewLogin, Tokens } from "../../contract/tokens.ts";

/** What the method reaches the rest of the server by. */
export interface TokenAuthPorts {
  readonly tokens: Tokens;
  /** Whose TTLs bound a renewal. */
  readonly mounts: Pick<Mounts, "find">;
  readonly renewal: RenewLogin;
  /** Whose token it is, and which policies that adds. */
  readonly identity: Pick<Identity, "ofAlias" | "subject">;
  /** Whether the caller's policies give sudo on the path of its call; root always has it. */
  readonly sudo: (context: Context) => Promise<boolean>;
  /** A name without a policy behind it is worth a warning. */
  readonly hasPolicy: (name: string) => Promise<boolean>;
}

export interface TokenAuth extends TokenAuthPorts {
  readonly clock: Clock;
  readonly log: Log;
}

export const TOKEN_FIELD = {
  token: { type: "string", about: "The token", sensitive: true },
} as const satisfies Fields;

export const ACCESSOR_FIELD = {
  accessor: { type: "string", about: "The token's accessor" },
} as const satisfies Fields;
