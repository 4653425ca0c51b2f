/** The router's mounts as tables: what the OpenAPI document and path-help are made from. */
import type { MountedTable, RouteTables } from "../contract/tables.ts";
import type { Router, Slot } from "./router.ts";

export function routeTables(router: Router): RouteTables {
  return {
    all: () =>
      router
        .all()
        .map(tableOf)
        .sort((a, b) => (a.mount.path < b.mount.path ? -1 : 1)),
    at: (path, list) => {
      const found = router.find(path);
      if (found === undefined) return undefined;
      const { slot, rest } = found;
      return { table: tableOf(slot), rest, route: slot.match(rest, list)?.route };
    },
  };
}

function tableOf({ mount, engine }: Slot): MountedTable {
  return { mount, routes: engine.routes };
}
