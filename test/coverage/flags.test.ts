/**
 * What Vault's and OpenBao's own OpenAPI documents say of sudo and of paths without a token, against our route tables:
 * every answered row has the same marks, or is listed here and in docs/PROTOCOL.md with the reason. And every answered
 * row is in the document that we make of ourselves.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import type { Operation, Route } from "../../server/contract/engine.ts";
import { NO_TUNE } from "../../server/contract/mounts.ts";
import { compileRoutes } from "../../server/core/matcher.ts";
import { openApiOf } from "../../server/engines/system/openapi.ts";
import { routeTables } from "../rules/route-tables.ts";
import { AREAS } from "./all.ts";

interface Row {
  readonly row: string;
  readonly operation: Operation;
  /** Below /v1/. */
  readonly path: string;
  readonly sudo: boolean;
  readonly open: boolean;
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  GET: "read",
  LIST: "list",
  POST: "update",
  PATCH: "patch",
  DELETE: "delete",
};
/** Not those whose answer is that they are none. */
const answered = new Set(
  AREAS.flatMap((area) =>
    Object.entries(area.cases).flatMap(([row, one]) => ("fixed" in one && one.when.status === 404 ? [] : [row])),
  ),
);
const ROWS = rows();
const TABLES = routeTables()
  .map(({ prefix, type, routes }) => ({ prefix: prefix === "kv-v1/" ? "kv/" : prefix, type, routes }))
  .map((table) => ({ ...table, match: compileRoutes(table.routes) }));

/** Rows whose marks differ on purpose: docs/PROTOCOL.md, "Marks that differ". */
const DIFFERENT: Readonly<Record<string, Marks>> = {
  "GET /sys/internal/ui/feature-flags": { sudo: false, open: true },
  // The handler asks for sudo itself: a POST to the same path is in the policy "default".
  "LIST /sys/leases/lookup": { sudo: false, open: false },
};

interface Marks {
  readonly sudo: boolean;
  readonly open: boolean;
}

describe("sudo and paths without a token", () => {
  test("the table has rows of both", () => {
    expect(ROWS.filter(({ sudo }) => sudo).length).toBeGreaterThan(40);
    expect(ROWS.filter(({ open }) => open).length).toBeGreaterThan(30);
  });

  test.each(ROWS.map((one) => [one.row, one] as const))("%s", (row, one) => {
    const { sudo, login, unauthenticated } = found(one);
    const marks = { sudo: sudo === true, open: login === true || unauthenticated === true };
    expect(marks).toEqual(DIFFERENT[row] ?? { sudo: one.sudo, open: one.open });
  });

  test("what differs is in docs/PROTOCOL.md", () => {
    const protocol = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");
    expect(Object.keys(DIFFERENT).filter((row) => !protocol.includes(`\`${row}\``))).toEqual([]);
  });
});

describe("our OpenAPI document", () => {
  const MORE = {
    uuid: "",
    accessor: "",
    description: "",
    options: new Map<string, string>(),
    defaultTtl: 0,
    maxTtl: 0,
  };
  const tables = TABLES.map(({ prefix: path, type, routes }) => ({
    mount: { path, kind: path.startsWith("auth/") ? "auth" : "secret", type, ...MORE, tune: NO_TUNE } as const,
    routes,
  }));
  const made = openApiOf(tables, { version: "1", generic: false })["paths"] as ReadonlyMap<string, Item>;
  const paths = new Map([...made].map(([path, item]) => [plain(path), item]));
  const VERBS = { read: "get", list: "get", create: "post", update: "post", patch: "patch", delete: "delete" } as const;

  test.each(ROWS.map((one) => [one.row, one] as const))("%s", (row, { operation, open, sudo }) => {
    const [, path = ""] = row.split(" ");
    const item = paths.get(plain(path)) ?? paths.get(plain(`${path}/`));
    const does = item?.[VERBS[operation]];
    expect([row, does]).not.toEqual([row, undefined]);
    if (operation === "list" && does !== true)
      expect(does?.parameters).toContainEqual(expect.objectContaining({ name: "list" }));
    const marks = { sudo: item?.["x-vault-sudo"] === true, open: item?.["x-vault-unauthenticated"] === true };
    expect(marks).toEqual(DIFFERENT[row] ?? { sudo, open });
  });
});

type Item = Readonly<Record<string, { readonly parameters?: readonly object[] } | true | undefined>>;

/** Parameters may have other names. */
function plain(path: string): string {
  return path.replace(/\{\w+\}/g, "{}");
}

function rows(): readonly Row[] {
  const text = readFileSync(new URL("../vectors/vault-routes.tsv", import.meta.url), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, method = "", path = "", , , , , sudo, open] = line.split("\t");
      const row = `${method} ${path}`;
      const operation = OPERATIONS[method];
      if (!answered.has(row) || operation === undefined) return [];
      const filled = path.slice(1).replace(/\{\w+\}/g, "x");
      return [{ row, operation, path: filled, sudo: sudo === "1", open: open === "1" }];
    });
}

function found({ row, operation, path }: Row): Route {
  const list = operation === "list";
  const sent = list ? `${path}/` : path;
  for (const { prefix, match } of TABLES) {
    if (!sent.startsWith(prefix)) continue;
    const route = match(sent.slice(prefix.length), list)?.route;
    if (route?.on[operation] !== undefined) return route;
  }
  throw new Error(`no table serves ${row}`);
}
