/** sys/internal/ui/resultant-acl: all that the calling token may do, for user interfaces. Source: Vault's API page "/sys/internal/ui". */
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import { type Route, route } from "../../contract/engine.ts";
import type { Acl } from "../../contract/policy.ts";
import { effectiveAcl } from "./effective.ts";
import type { MorePorts, SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "policies"> & Pick<MorePorts, "identity">;

export function resultantAclRoute(ports: Ports): Route {
  return route({
    path: "internal/ui/resultant-acl",
    about: "All rules that hold for the calling token",
    fields: {},
    on: {
      read: {
        about: "Reads them by path",
        run: async (_values, { token }) => {
          if (token === undefined) return undefined;
          return { data: shown(await effectiveAcl(ports, token)) };
        },
      },
    },
  });
}

/** Prefixes are shown without their "*". */
function shown(acl: Acl): EncodableRecord {
  const rules = acl.rules();
  const of = (wild: boolean): EncodableRecord[string] =>
    new Map(
      rules
        .filter(({ path }) => isWild(path) === wild)
        .map(({ path, capabilities }) => [path.replace(/\*$/, ""), { capabilities }] as const)
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  return { root: acl.capabilities("")[0] === "root", exact_paths: of(false), glob_paths: of(true) };
}

const isWild = (path: string): boolean => path.endsWith("*") || path.split("/").includes("+");
