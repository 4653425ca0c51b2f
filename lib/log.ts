/** What every room logs with. The message is a constant; whatever varies is a field. Winston behind it is in `lib/winston.ts`. */
import type { Secret } from "./secret.ts";

export type Level = "debug" | "info" | "warn" | "error";

/** The names that configurations may use, Vault's among them, and the level each stands for. */
export const LOG_LEVELS = {
  trace: "debug",
  debug: "debug",
  info: "info",
  notice: "info",
  warn: "warn",
  warning: "warn",
  error: "error",
  err: "error",
} as const satisfies Record<string, Level>;

/** A field may be a `Secret`: it shows as its marker. Errors show name, message and causes, not their own fields. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined | Secret | Error>>;

export type Log = (level: Level, message: string, fields?: LogFields) => void;

/** The same log with fields that go with every line. */
export function withFields(log: Log, bound: LogFields): Log {
  return (level, message, fields = {}) => {
    log(level, message, { ...bound, ...fields });
  };
}
