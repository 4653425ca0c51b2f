/**
 * The route tables of every engine as plain text: a line for each route and operation (the golden list), and the
 * reference page. `tools/routes.mjs` writes both; `routes.test.ts` compares them with what is committed.
 */
import { systemRandom } from "../../lib/random.ts";
import { approleAuth } from "../../server/auth/approle/approle.ts";
import { awsAuth, awsEc2Auth } from "../../server/auth/aws/aws.ts";
import { githubAuth } from "../../server/auth/github/github.ts";
import { jwtAuth } from "../../server/auth/jwt/jwt.ts";
import { ldapAuth } from "../../server/auth/ldap/ldap.ts";
import { tokenAuth } from "../../server/auth/token/token-auth.ts";
import { userpassAuth } from "../../server/auth/userpass/userpass.ts";
import type { EngineKind, Field, Operation, Route } from "../../server/contract/engine.ts";
import { cubbyholeKind } from "../../server/engines/cubbyhole/cubbyhole.ts";
import { identityKind } from "../../server/engines/identity/identity.ts";
import { kvV1, kvV2 } from "../../server/engines/kv/kv.ts";
import { systemKind } from "../../server/engines/system/system.ts";
import { fakeClock } from "../fakes/clock.ts";

export interface Table {
  readonly type: string;
  readonly about: string;
  /** Where it usually is mounted, with its slash. */
  readonly prefix: string;
  readonly routes: readonly Route[];
}

const OPERATIONS: readonly Operation[] = ["create", "read", "update", "patch", "delete", "list"];
const METHODS: Readonly<Record<Operation, string>> = {
  create: "POST",
  read: "GET",
  update: "POST",
  patch: "PATCH",
  delete: "DELETE",
  list: "LIST",
};

/** A table is made without touching what its handlers will reach: the ports may be empty. */
export function routeTables(): readonly Table[] {
  const ports = {} as never;
  const kinds: readonly (readonly [string, EngineKind])[] = [
    ["sys/", systemKind(ports)],
    ["auth/token/", tokenAuth(ports)],
    ["auth/approle/", approleAuth],
    ["auth/aws/", awsAuth(ports)],
    ["auth/aws-ec2/", awsEc2Auth(ports)],
    ["auth/jwt/", jwtAuth(ports)],
    ["auth/userpass/", userpassAuth(ports)],
    ["auth/ldap/", ldapAuth(ports)],
    ["auth/github/", githubAuth(ports)],
    ["cubbyhole/", cubbyholeKind(ports)],
    ["identity/", identityKind(ports)],
    ["kv-v1/", kvV1],
    ["secret/", kvV2],
  ];
  const env = { clock: fakeClock(), random: systemRandom(), log: () => undefined };
  return kinds.map(([prefix, kind]) => {
    const { type, about } = kind;
    return { type, about, prefix, routes: kind.create(env).routes };
  });
}

export function operationsOf(route: Route): readonly Operation[] {
  return OPERATIONS.filter((operation) => route.on[operation] !== undefined);
}

function marksOf(route: Route): readonly string[] {
  const marks: readonly (readonly [string, boolean | undefined])[] = [
    ["login", route.login],
    ["no token", route.unauthenticated],
    ["opens wrapping tokens", route.opensWrapping],
    ["sudo", route.sudo],
    ["while sealed", route.whenSealed],
    ["not audited", route.neverAudited],
    ["create told from update", route.exists !== undefined],
    ["open body", route.openBody],
  ];
  return marks.filter(([, on]) => on === true).map(([name]) => name);
}

/** A line for each operation: "TYPE OPERATION PATH [marks] field, field". A change here is a change of the API. */
export function goldenText(tables: readonly Table[]): string {
  const lines = tables.flatMap(({ type, prefix, routes }) =>
    routes.flatMap((route) =>
      operationsOf(route).map((operation) => {
        const marks = marksOf(route).map((mark) => ` [${mark}]`);
        const fields = Object.keys(route.fields).sort().join(",");
        return `${type} ${operation} ${prefix}${route.path}${marks.join("")}${fields === "" ? "" : ` ${fields}`}`;
      }),
    ),
  );
  return `${lines.join("\n")}\n`;
}

const HEAD = `# Every route

Generated from the engines' route tables by \`node tools/routes.mjs\`; a test compares the two. Paths are below \`/v1/\`. \`:name\` takes one segment,
\`*name\` the rest of the path. POST and PUT are the same; \`GET …?list=true\` is LIST. A write is an **update**, unless the route is marked "create told
from update" and nothing is there yet: then policies are asked for **create**. A login and an open body are what they say: served without a token, and
taking any member. What differs from Vault is in [PROTOCOL.md](PROTOCOL.md).

Types: \`duration\` is seconds or a form such as \`1h30m\`; \`strings\` a list, or one string with commas; \`texts\` an object of strings, or a list of
\`k=v\`; \`map\` an object; \`json\` anything. "HMAC" in the audit also hides this field's numbers and booleans.
`;

export function referencePage(tables: readonly Table[]): string {
  return [HEAD, ...tables.map(section)].join("\n");
}

function section({ type, about, prefix, routes }: Table): string {
  const rows = routes.flatMap((route) =>
    operationsOf(route).map((operation) => {
      const handler = route.on[operation];
      return `| ${METHODS[operation]} | ${operation} | \`${prefix}${route.path}\` | ${cell(handler?.about ?? "")} | ${marksOf(route).join(", ")} |`;
    }),
  );
  const title = `## ${type}: \`${prefix}\`\n\n${about}.\n`;
  const table = ["| method | operation | path | what it does | |", "|---|---|---|---|---|", ...rows].join("\n");
  const sameAs = type === "aws-ec2" ? "The fields are those of `aws`.\n" : undefined;
  return [title, `${table}\n`, sameAs ?? routes.flatMap((route) => fieldsOf(prefix, route)).join("\n")].join("\n");
}

function fieldsOf(prefix: string, route: Route): readonly string[] {
  const fields = Object.entries(route.fields);
  if (fields.length === 0) return [];
  const rows = fields.map(
    ([name, field]) => `| \`${name}\` | ${field.type} | ${cell(field.about)} | ${notesOf(field)} |`,
  );
  return [
    `### \`${prefix}${route.path}\`\n\n${cell(route.about)}.\n`,
    `${["| field | type | about | |", "|---|---|---|---|", ...rows].join("\n")}\n`,
  ];
}

function notesOf(field: Field): string {
  const notes = [
    field.required === true ? "required" : "",
    field.default === undefined ? "" : `default \`${String(field.default)}\``,
    field.oneOf === undefined ? "" : `one of ${field.oneOf.map((value) => `\`"${value}"\``).join(" ")}`,
    field.sensitive === true ? "HMAC" : "",
    field.deprecated === true ? "deprecated" : "",
  ];
  return notes.filter((note) => note !== "").join(", ");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("*", "\\*");
}
