/** The engines behind leases: where a lease of a secret is renewed and undone, also while its mount is being disabled. */
import { Fault } from "../../lib/fault.ts";
import type { Mount, Renewal } from "../contract/engine.ts";
import type { LeaseEngines } from "../contract/lease-engines.ts";
import type { LeaseEntry, Leases } from "../contract/leases.ts";
import type { Router, Slot } from "./router.ts";

export class LeaseSlots implements LeaseEngines {
  readonly #router: Router;
  /** Out of the router, still alive for their leases: by path. */
  readonly #leaving = new Map<string, Slot>();

  constructor(router: Router) {
    this.#router = router;
  }

  mountOf(path: string): Mount | undefined {
    return this.#slot(path)?.mount;
  }

  async renew(lease: LeaseEntry): Promise<Renewal | undefined> {
    const slot = this.#slot(lease.path);
    return slot?.engine.renewLease?.(lease, { storage: slot.storage, mount: slot.mount });
  }

  async revoke(lease: LeaseEntry): Promise<void> {
    const slot = this.#slot(lease.path);
    if (slot === undefined) throw new Fault("not-found", "the mount that made this lease is gone");
    await slot.engine.revokeLease?.(lease, { storage: slot.storage, mount: slot.mount });
  }

  /** Undoes all that a mount has handed out, its slot being out of the router. @throws when some of it could not be */
  async end(slot: Slot, leases: Pick<Leases, "revokePrefix">): Promise<void> {
    const { path } = slot.mount;
    this.#leaving.set(path, slot);
    try {
      await leases.revokePrefix(path, { force: false, sync: true });
    } finally {
      this.#leaving.delete(path);
    }
  }

  #slot(path: string): Slot | undefined {
    const slot = this.#router.find(path)?.slot;
    if (slot !== undefined) return slot;
    return [...this.#leaving.values()].find(({ mount }) => path.startsWith(mount.path));
  }
}
