/** The budgets: a figure beside its limit, as a line of text. */

export interface Budget {
  readonly what: string;
  readonly limit: number;
  readonly unit: string;
}

export const BUDGETS = {
  read: { what: "kv-v2 read with file audit, server CPU", limit: 100, unit: "µs" },
  memory: { what: "agent's memory above bare Node", limit: 25, unit: "MiB" },
  idle: { what: "agent's idle CPU", limit: 0.1, unit: "%" },
  start: { what: "agent's start to everything rendered", limit: 300, unit: "ms" },
} as const satisfies Record<string, Budget>;

/** @returns whether the figure is within its limit; prints the line either way */
export function judge({ what, limit, unit }: Budget, measured: number): boolean {
  const good = measured <= limit;
  const digits = limit < 1 ? 3 : 1;
  const figure = `${measured.toFixed(digits)} ${unit}`;
  process.stdout.write(`${good ? "OK    " : "MISSED"} ${what}: ${figure} (limit ${String(limit)} ${unit})\n`);
  return good;
}
