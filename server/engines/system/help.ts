/**
 * Path-help, behind `?help=1` on any path: what is there, its fields, what each operation does. As in Vault any good
 * token may read it, and nobody needs one where the path itself asks for none. Source: Vault, page "path-help"; made from the same tables that serve the requests.
 */
import { Fault } from "../../../lib/fault.ts";
import { type Field, type Route, route } from "../../contract/engine.ts";
import type { MountedTable } from "../../contract/tables.ts";
import { isWrapping } from "../../contract/wrapping.ts";
import { openApiOf } from "./openapi.ts";
import type { MorePorts, SystemPorts } from "./ports.ts";

type Ports = Pick<MorePorts, "tables"> & Pick<SystemPorts, "version">;

export function helpRoute(ports: Ports): Route {
  return route({
    path: "path-help/*path",
    about: "What is at a path: as ?help=1 behind the path itself",
    fields: { path: { type: "string", about: "Any path", required: true } },
    unauthenticated: true,
    on: {
      read: {
        about: "Reads the help of a path",
        run: ({ path }, { token }) => {
          const good = token !== undefined && !isWrapping(token);
          if (!good && !isOpen(ports, path)) throw new Fault("denied", "permission denied");
          return Promise.resolve({ bare: helpOf(ports, path) });
        },
      },
    },
  });
}

/** What is served without a token may be read about without one. */
function isOpen({ tables }: Ports, path: string): boolean {
  const found = tables.at(path, false)?.route;
  return found?.unauthenticated === true || found?.login === true;
}

function helpOf(
  { tables, version }: Ports,
  path: string,
): { help: string; see_also: null; openapi: ReturnType<typeof openApiOf> } {
  const found = tables.at(path, false) ?? tables.at(`${path}/`, true);
  if (found === undefined)
    throw new Fault("not-found", `no handler for route ${JSON.stringify(path)}. route entry not found.`);
  const { table, rest } = found;
  const one = found.route ?? tables.at(`${path}/`, true)?.route;
  const whole = rest === "" || rest === "/";
  if (!whole && one === undefined) throw new Fault("not-found", "unsupported path");
  const routes = whole || one === undefined ? table.routes : [one];
  const openapi = openApiOf([{ mount: table.mount, routes }], { version, generic: false });
  return { help: whole || one === undefined ? mountText(table) : routeText(path, one), see_also: null, openapi };
}

function mountText({ mount, routes }: MountedTable): string {
  const paths = routes.flatMap(({ path, about }) => [
    `    ${path === "" ? "(the mount itself)" : path}`,
    `        ${about}`,
    "",
  ]);
  return [
    "## DESCRIPTION",
    "",
    mount.description === "" ? mount.type : mount.description,
    "",
    "## PATHS",
    "",
    ...paths,
  ].join("\n");
}

function routeText(path: string, { path: pattern, about, fields, on }: Route): string {
  const named = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  const parameters = named.flatMap(([name, field]) => [
    `    ${name} (${field.type})`,
    `        ${fieldText(field)}`,
    "",
  ]);
  const operations = Object.entries(on).flatMap(([name, handler]) => [`    ${name}`, `        ${handler.about}`, ""]);
  return [
    `Request:        ${path}`,
    `Matching Route: ${pattern}`,
    "",
    about,
    "",
    ...(named.length === 0 ? [] : ["## PARAMETERS", "", ...parameters]),
    "## OPERATIONS",
    "",
    ...operations,
  ].join("\n");
}

function fieldText({ about, required, oneOf, deprecated, default: otherwise }: Field): string {
  const notes = [
    ...(required === true ? ["required"] : []),
    ...(oneOf === undefined ? [] : [`one of ${oneOf.map((word) => JSON.stringify(word)).join(", ")}`]),
    ...(otherwise === undefined ? [] : [`default ${JSON.stringify(otherwise)}`]),
    ...(deprecated === true ? ["deprecated"] : []),
  ];
  return notes.length === 0 ? about : `${about} (${notes.join("; ")})`;
}
