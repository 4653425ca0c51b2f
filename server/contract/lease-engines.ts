/** What the store of leases reaches the engines by; `server/core` implements it. */
import type { Mount, Renewal } from "./engine.ts";
import type { LeaseEntry } from "./leases.ts";

/** The engines behind leases, found by the path that was called. */
export interface LeaseEngines {
  /** The mount that serves a path, also one that is being disabled. */
  mountOf(path: string): Mount | undefined;
  /** @returns undefined when its engine renews no leases, or is gone */
  renew(lease: LeaseEntry): Promise<Renewal | undefined>;
  /** Repeatable. @throws what kept the engine from undoing what the lease stands for; Fault "not-found" when it is gone */
  revoke(lease: LeaseEntry): Promise<void>;
}
