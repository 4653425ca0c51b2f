/**
 * Vault's routes against ours: every row in scope is shown to be answered, is a fixed shape, or is named with its reason
 * in docs/PROTOCOL.md under "Rows not answered". Prints the table that CI shows.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { AREAS } from "./all.ts";
import { rowsInScope } from "./rows.ts";
import type { Area } from "./types.ts";

interface Count {
  readonly area: string;
  readonly scope: number;
  readonly answered: number;
  readonly fixed: number;
  /** Neither: in docs/PROTOCOL.md with the reason. */
  readonly named: readonly string[];
  readonly missing: readonly string[];
}

const named = namedRows(readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8"));
const counts = [...rowsInScope()].map(([area, rows]) => count(area, rows));

test("every row is answered, fixed, or named with its reason", () => {
  process.stdout.write(`${tableText(counts)}\n`);
  expect(counts.flatMap(({ missing }) => missing)).toEqual([]);
});

test("no row is named as not answered that is", () => {
  const cases = new Set(AREAS.flatMap((area) => Object.keys(area.cases)));
  expect([...named].filter((row) => cases.has(row))).toEqual([]);
});

test("no row has two cases", () => {
  const all = AREAS.flatMap((area) => Object.keys(area.cases).map((row) => `${area.name} ${row}`));
  expect(all.filter((row, i) => all.indexOf(row) !== i)).toEqual([]);
});

function count(area: string, rows: readonly string[]): Count {
  const cases = new Map(AREAS.filter((one: Area) => one.name === area).flatMap((one) => Object.entries(one.cases)));
  const fixed = rows.filter((row) => isFixed(cases.get(row)));
  const answered = rows.filter((row) => cases.has(row) && !isFixed(cases.get(row)));
  const rest = rows.filter((row) => !cases.has(row));
  return {
    area,
    scope: rows.length,
    answered: answered.length,
    fixed: fixed.length,
    named: rest.filter((row) => named.has(row)),
    missing: rest.filter((row) => !named.has(row)),
  };
}

function isFixed(one: Area["cases"][string] | undefined): boolean {
  return one !== undefined && "fixed" in one;
}

/** `METHOD /path` in backticks, anywhere below the heading. */
function namedRows(protocol: string): ReadonlySet<string> {
  const [, section = ""] = /^## Rows not answered$([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(protocol) ?? [];
  return new Set([...section.matchAll(/`([A-Z]+ \/[^`]+)`/g)].map(([, row = ""]) => row));
}

function tableText(all: readonly Count[]): string {
  const lines = all.map(({ area, scope, answered, fixed, named: reasoned, missing }) =>
    [area, answered, fixed, reasoned.length + missing.length, scope].map(String),
  );
  const sum = (pick: (one: Count) => number): string => String(all.reduce((total, one) => total + pick(one), 0));
  const total = [
    "all",
    sum((one) => one.answered),
    sum((one) => one.fixed),
    sum((one) => one.named.length + one.missing.length),
    sum((one) => one.scope),
  ];
  const rows = [["area", "answered", "static", "not", "in scope"], ...lines, total];
  return rows
    .map(([first = "", ...rest]) => first.padEnd(16) + rest.map((cell) => cell.padStart(10)).join(""))
    .join("\n");
}
