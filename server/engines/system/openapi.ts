/**
 * An OpenAPI 3 document made from route tables: sys/internal/specs/openapi, and the `openapi` member of path-help.
 * Source: OpenAPI Specification 3.0.3; the `x-vault-…` members and `generic_mount_paths`: Vault's API page
 * "/sys/internal/specs/openapi".
 */
import type { Encodable, EncodableRecord } from "../../../lib/wire/json.ts";
import type { Field, Fields, Operation, Route } from "../../contract/engine.ts";
import type { MountedTable } from "../../contract/tables.ts";

export interface DocumentOptions {
  readonly version: string;
  /** Mount paths become parameters, one table of each type: `generic_mount_paths`. */
  readonly generic: boolean;
}

type Verb = "get" | "post" | "patch" | "delete";
const VERBS: Readonly<Record<Operation, Verb>> = {
  read: "get",
  list: "get",
  create: "post",
  update: "post",
  patch: "patch",
  delete: "delete",
};

const SCHEMAS: Readonly<Record<Field["type"], EncodableRecord>> = {
  string: { type: "string" },
  int: { type: "integer" },
  bool: { type: "boolean" },
  duration: { type: "string", format: "duration" },
  strings: { type: "array", items: { type: "string" } },
  texts: { type: "object", additionalProperties: { type: "string" } },
  map: { type: "object" },
  json: {},
};

/** @returns a document that holds under OpenAPI 3.0 */
export function openApiOf(tables: readonly MountedTable[], { version, generic }: DocumentOptions): EncodableRecord {
  const paths = new Map<string, Encodable>();
  const ids = new Set<string>();
  const types = new Set<string>();
  for (const { mount, routes } of tables) {
    const own = mount.path.slice(0, -1);
    const pinned =
      mount.type === "system" || mount.type === "token" || mount.type === "identity" || mount.type === "cubbyhole";
    const parameter = generic && !pinned ? `${mount.type.replace(/\W/g, "_")}_mount_path` : undefined;
    if (parameter !== undefined && types.has(`${mount.kind}/${mount.type}`)) continue;
    types.add(`${mount.kind}/${mount.type}`);
    const place = {
      own,
      type: mount.type,
      prefix: parameter === undefined ? own : prefixOf(mount.kind, parameter),
      parameter,
    };
    for (const one of routes) {
      const path = pathOf(place.prefix, one);
      if (!paths.has(path)) paths.set(path, pathItem(place, one, ids));
    }
  }
  return {
    openapi: "3.0.2",
    info: {
      title: "oksae API",
      description: "The HTTP API of Vault as oksae serves it: the paths that this token may know of",
      version,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    paths: new Map([...paths].sort(([a], [b]) => (a < b ? -1 : 1))),
    components: { schemas: {} },
  };
}

interface Place {
  readonly own: string;
  readonly type: string;
  /** What paths begin with: the mount's own path, or a parameter. */
  readonly prefix: string;
  readonly parameter: string | undefined;
}

const prefixOf = (kind: string, parameter: string): string =>
  kind === "auth" ? `auth/{${parameter}}` : `{${parameter}}`;

function pathOf(prefix: string, { path }: Route): string {
  const shown = path.replace(/[:*](\w+)/g, "{$1}");
  return `/${prefix}${shown === "" ? "" : `/${shown}`}`;
}

function pathItem(place: Place, one: Route, ids: Set<string>): EncodableRecord {
  const inPath = [...one.path.matchAll(/[:*](\w+)/g)].map(([, name]) => name ?? "");
  const parameters = inPath.map((name) => parameterOf(name, one.fields[name], "path"));
  if (place.parameter !== undefined) {
    const schema = { type: "string", default: place.own.replace(/^auth\//, "") };
    parameters.unshift({
      name: place.parameter,
      description: "Path that the backend was mounted at",
      in: "path",
      required: true,
      schema,
    });
  }
  const item = new Map<string, Encodable>([["description", one.about]]);
  if (parameters.length > 0) item.set("parameters", parameters);
  if (one.sudo === true) item.set("x-vault-sudo", true);
  if (one.unauthenticated === true || one.login === true) item.set("x-vault-unauthenticated", true);
  if (one.exists !== undefined) item.set("x-vault-createSupported", true);
  for (const operation of ["read", "list", "update", "create", "patch", "delete"] as const) {
    const verb = VERBS[operation];
    if (one.on[operation] !== undefined && !item.has(verb))
      item.set(verb, operationOf(place, one, operation, inPath, ids));
  }
  return Object.fromEntries(item);
}

function operationOf(
  place: Place,
  one: Route,
  operation: Operation,
  inPath: readonly string[],
  ids: Set<string>,
): EncodableRecord {
  const { on, fields } = one;
  const others = Object.entries(fields).filter(([name]) => !inPath.includes(name));
  const verb = VERBS[operation];
  const writes = verb === "post" || verb === "patch";
  const parameters = writes ? [] : queryOf(operation, one, others);
  const body =
    writes && (others.length > 0 || one.openBody === true) ? bodyOf(Object.fromEntries(others), one) : undefined;
  const shows = verb === "get";
  return {
    summary: on[operation]?.about,
    operationId: idOf(place, one, operation, ids),
    tags: [tagOf(place.own)],
    parameters: parameters.length === 0 ? undefined : parameters,
    requestBody: body,
    responses: shows
      ? { "200": { description: "OK" } }
      : { "200": { description: "OK" }, "204": { description: "empty body" } },
  };
}

function tagOf(own: string): string {
  if (own.startsWith("auth/")) return "auth";
  if (own === "sys") return "system";
  return own === "identity" ? "identity" : "secrets";
}

/** A LIST is a GET with list=true; a table says nothing of which fields a read takes in its query, so all may come. */
function queryOf(operation: Operation, one: Route, others: readonly (readonly [string, Field])[]): EncodableRecord[] {
  const writes = Object.keys(one.on).some((name) => name === "update" || name === "create" || name === "patch");
  const fields = writes ? [] : others.map(([name, field]) => parameterOf(name, { ...field, required: false }, "query"));
  if (one.on.list === undefined) return fields;
  const list = {
    name: "list",
    description: one.on.read === undefined ? "Must be set to `true`" : "Return a list if `true`",
    in: "query",
    required: operation === "list",
    schema: one.on.read === undefined ? { type: "string", enum: ["true"] } : { type: "string" },
  };
  return [...fields, list];
}

function parameterOf(name: string, field: Field | undefined, where: "path" | "query"): EncodableRecord {
  const required = where === "path" ? true : undefined;
  return {
    name,
    description: field?.about,
    in: where,
    required,
    schema: schemaOf(field ?? { type: "string", about: "" }),
  };
}

function bodyOf(fields: Fields, one: Route): EncodableRecord {
  const required = Object.entries(fields).flatMap(([name, field]) => (field.required === true ? [name] : []));
  const properties = Object.entries(fields).map(
    ([name, field]) => [name, { description: field.about, ...schemaOf(field) }] as const,
  );
  const schema = {
    type: "object",
    properties: new Map(properties),
    required: required.length === 0 ? undefined : required,
    additionalProperties: one.openBody === true ? true : undefined,
  };
  return { required: required.length > 0 ? true : undefined, content: { "application/json": { schema } } };
}

function schemaOf({ type, oneOf, default: otherwise, deprecated, sensitive }: Field): EncodableRecord {
  return {
    ...SCHEMAS[type],
    enum: oneOf,
    default: otherwise,
    deprecated,
    "x-vault-displayAttrs": sensitive === true ? { sensitive: true } : undefined,
  };
}

/** Unique in the document: "secret-read-data-path". */
function idOf({ own, type, parameter }: Place, { path }: Route, operation: Operation, ids: Set<string>): string {
  const words = `${parameter === undefined ? own : type} ${operation} ${path}`.toLowerCase().split(/[^a-z0-9]+/);
  const id = words.filter((word) => word !== "").join("-");
  let unique = id;
  for (let n = 2; ids.has(unique); n += 1) unique = `${id}-${String(n)}`;
  ids.add(unique);
  return unique;
}
