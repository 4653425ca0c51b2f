/** The route tables of what is mounted, for the OpenAPI document and path-help; `server/core` implements it. */
import type { Mount, Route } from "./engine.ts";

export interface MountedTable {
  readonly mount: Mount;
  readonly routes: readonly Route[];
}

export interface RouteTables {
  /** In the order of their paths. sys/ alone while sealed. */
  all(): readonly MountedTable[];
  /**
   * What serves a path below "/v1/", as dispatch would find it.
   * @param list the path is a LIST's: its last slash need not be in the route's pattern
   */
  at(
    path: string,
    list: boolean,
  ): { readonly table: MountedTable; readonly rest: string; readonly route: Route | undefined } | undefined;
}
