/** The route tables: every route, operation and field says what it is for; the golden list and the reference page are theirs. */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { compileRoutes } from "../../server/core/matcher.ts";
import { goldenText, operationsOf, referencePage, routeTables } from "./route-tables.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, ROOT), "utf8");
const tables = routeTables();
const routes = tables.flatMap(({ type, routes: of }) => of.map((route) => ({ name: `${type} ${route.path}`, route })));

/** A sentence's beginning, without a period: it stands in tables and messages. */
const ABOUT = /^[A-Z"`][^\n]{3,160}[^.\s]$/;

test.each(routes)("$name says what it is, and so do its operations", ({ route }) => {
  const operations = operationsOf(route);
  expect(operations.length).toBeGreaterThan(0);
  expect(Object.keys(route.on).sort()).toEqual([...operations].sort());
  const texts = [route.about, ...operations.map((operation) => route.on[operation]?.about ?? "")];
  expect(texts.filter((text) => !ABOUT.test(text))).toEqual([]);
});

test("every field says what it is", () => {
  const fields = routes.flatMap(({ name, route }) =>
    Object.entries(route.fields).map(([field, { about }]) => ({ field: `${name} ${field}`, about })),
  );
  expect(fields.length).toBeGreaterThan(100);
  expect(fields.filter(({ about }) => !/^\S[^\n]{2,160}[^.\s]$/.test(about) && about !== "service")).toEqual([]);
});

test.each(routes)("$name declares the values in its path", ({ route }) => {
  const params = [...route.path.matchAll(/[:*]([a-z_]+)/g)].map(([, name]) => name);
  expect(params.filter((name) => !Object.hasOwn(route.fields, name ?? ""))).toEqual([]);
});

test("no engine has two routes of one path, and every table compiles", () => {
  for (const { routes: of } of tables) {
    const paths = of.map((route) => route.path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(compileRoutes(of)).toBeInstanceOf(Function);
  }
});

test("only Vault's list is never audited: init, unseal, seal-status, health, leader", () => {
  const free = routes.filter(({ route }) => route.neverAudited === true).map(({ name }) => name);
  expect(free.sort()).toEqual(["system health", "system init", "system leader", "system seal-status", "system unseal"]);
});

test("without a token there are only these, and each login", () => {
  const open = routes.filter(({ route }) => route.unauthenticated === true || route.login === true);
  expect(open.map(({ name }) => name).sort()).toEqual([
    "approle login",
    "aws login",
    "aws-ec2 login",
    "github login",
    "identity oidc/.well-known/keys",
    "identity oidc/.well-known/openid-configuration",
    "jwt login",
    "jwt oidc/auth_url",
    "jwt oidc/callback",
    "ldap login/*username",
    "system decode-token",
    "system generate-root/attempt",
    "system generate-root/update",
    "system health",
    "system init",
    "system internal/specs/openapi",
    "system internal/ui/feature-flags",
    "system internal/ui/mounts",
    "system internal/ui/mounts/*path",
    "system internal/ui/namespaces",
    "system leader",
    "system mfa/validate",
    "system path-help/*path",
    "system rekey-recovery-key/init",
    "system rekey-recovery-key/update",
    "system rekey-recovery-key/verify",
    "system rekey/init",
    "system rekey/update",
    "system rekey/verify",
    "system replication/dr/status",
    "system replication/performance/status",
    "system replication/status",
    "system seal-status",
    "system unseal",
    "system wrapping/lookup",
    "userpass login/:username",
  ]);
});

test("the golden list is what the tables give (node tools/routes.mjs writes it)", () => {
  expect(goldenText(tables).split("\n")).toEqual(read("test/vectors/routes.txt").split("\n"));
});

test("docs/routes.md is what the tables give (node tools/routes.mjs writes it)", () => {
  expect(referencePage(tables).split("\n")).toEqual(read("docs/routes.md").split("\n"));
});
