/** What the routes of the token method are made with, and the fields they share. */
import type { Clock } from "../../../lib/clock.ts";
import type { Context, Fields } from "../../contract/engine.ts";
import type { Mounts } from "../../contract/mounts.ts";
import type { RenewLogin, Tokens } from "../../contract/tokens.ts";

export interface TokenAuth {
  readonly clock: Clock;
  readonly tokens: Tokens;
  /** Whose TTLs bound a renewal. */
  readonly mounts: Pick<Mounts, "find">;
  readonly renewal: RenewLogin;
  /** Whether the caller's policies give sudo on the path of its call; root always has it. */
  readonly sudo: (context: Context) => Promise<boolean>;
  /** A name without a policy behind it is worth a warning. */
  readonly hasPolicy: (name: string) => Promise<boolean>;
}

export const TOKEN_FIELD = {
  token: { type: "string", about: "The token", sensitive: true },
} as const satisfies Fields;

export const ACCESSOR_FIELD = {
  accessor: { type: "string", about: "The token's accessor" },
} as const satisfies Fields;
