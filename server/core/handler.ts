/** Which of a route's handlers serves an operation. */
import type { Operation } from "../contract/call.ts";
import type { Fields, Handler, Route } from "../contract/engine.ts";

/** A create is served by the update's handler where there is none of its own, and the other way round. */
export function handlerFor(route: Route, operation: Operation): Handler<Fields> | undefined {
  const handler = route.on[operation];
  if (handler !== undefined) return handler;
  if (operation === "create") return route.on.update;
  return operation === "update" ? route.on.create : undefined;
}

export function takesWrites(route: Route | undefined): boolean {
  return route?.on.update !== undefined || route?.on.create !== undefined;
}
