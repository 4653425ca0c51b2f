/**
 * Durations as the Vault API writes them: a number of seconds, or a Go duration ("1h30m", "90s",
 * "1.5h", "250ms"), with "d" for 24 h. The unit inside this program is always the integer millisecond.
 * Source: Go `time.ParseDuration`; Vault API page, section "Parameter format: duration".
 */
import { Fault } from "./fault.ts";

const MS = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const TERM = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)/gy;
/** 100 years: what is longer is a mistake, and sums of two stay exact. */
const LONGEST = 100 * 365 * MS.d;

/**
 * @param text a whole number of seconds or a Go duration; surrounding blanks are ignored
 * @returns integer milliseconds, rounded down
 * @throws Fault "invalid" when `text` is empty, negative, longer than 100 years, or has a part that is no duration
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  const ms = /^\d+$/.test(trimmed) ? Number(trimmed) * 1000 : sumOfTerms(trimmed);
  if (ms > LONGEST) throw new Fault("invalid", "duration is longer than 100 years");
  return Math.floor(ms);
}

function sumOfTerms(trimmed: string): number {
  let ms = 0;
  let end = 0;
  TERM.lastIndex = 0;
  for (let term = TERM.exec(trimmed); term !== null; term = TERM.exec(trimmed)) {
    const [, amount = "", unit = "s"] = term;
    ms += Number(amount) * MS[unit as keyof typeof MS];
    end = TERM.lastIndex;
  }
  if (end === 0 || end !== trimmed.length) {
    throw new Fault("invalid", "invalid duration: use seconds (90) or a form such as 1h30m");
  }
  return ms;
}

/** @returns whole seconds, rounded down: how the wire prints a duration. */
export function toSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}

/** @returns the form Go prints ("768h0m0s", "1m30s", "250ms", "0s"), for what people read. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (ms < 1000) return `${String(ms)}ms`;
  const seconds = ms / 1000;
  const h = Math.floor(seconds / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  const s = `${String(Number((seconds % 60).toFixed(3)))}s`;
  if (h > 0) return `${String(h)}h${String(m)}m${s}`;
  return m > 0 ? `${String(m)}m${s}` : s;
}
