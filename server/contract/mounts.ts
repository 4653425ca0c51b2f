/** The mount table as the system engine changes it; `server/core` implements it. */
import { Fault } from "../../lib/fault.ts";
import type { Mount, MountFlags, MountTune, UserLockout } from "./engine.ts";

/** A mount that leaves everything to the server's defaults. */
export const NO_TUNE: MountTune = {
  defaultLeaseTtl: 0,
  maxLeaseTtl: 0,
  listingVisibility: "",
  tokenType: "",
  auditNonHmacRequestKeys: [],
  auditNonHmacResponseKeys: [],
  passthroughRequestHeaders: [],
  allowedResponseHeaders: [],
  delegatedAuthAccessors: [],
  identityTokenKey: "",
  forceNoCache: false,
  userLockout: undefined,
};

/** While a mount takes over the data of its earlier version. Worded as Vault words it: clients look for it and try again. */
export function upgrading(): Fault {
  return new Fault(
    "invalid",
    "Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will resume service shortly.",
  );
}

export interface NewMount {
  /** With its trailing slash; "auth/…" for auth methods. */
  readonly path: string;
  readonly kind: Mount["kind"];
  readonly type: string;
  readonly description: string;
  readonly options: ReadonlyMap<string, string>;
  readonly tune: MountTune;
  readonly flags?: MountFlags;
}

/** What a tune may bring; what it leaves out stays. */
export interface MountChange extends Omit<Partial<MountTune>, "userLockout"> {
  readonly userLockout?: Partial<UserLockout>;
  readonly description?: string;
  /** Added to those that are set. */
  readonly options?: ReadonlyMap<string, string>;
}

export interface Migration {
  readonly from: string;
  readonly to: string;
  readonly status: "in-progress" | "success" | "failure";
}

export interface Mounts {
  list(kind: Mount["kind"]): readonly Mount[];
  /** The mount that serves `path`: the longest prefix. */
  find(path: string): Mount | undefined;
  /** @throws Fault "invalid" for an unknown type, a path in use, above or below another, or reserved */
  enable(mount: NewMount): Promise<void>;
  /** Revokes its tokens and deletes its data, then it is gone; a disable that was cut short is finished at the next unseal. */
  disable(path: string): Promise<void>;
  /**
   * A version in `options` that is later turns the mount into that one, which takes over the data by itself.
   * @returns what the client is to be warned of
   * @throws Fault "invalid" for what cannot be set on it, "unavailable" when an upgrade finds requests that do not end
   */
  tune(path: string, change: MountChange): Promise<readonly string[]>;
  /**
   * Begins to move a mount: its leases and tokens are revoked, its data goes along. Until it is done neither path is served.
   * @returns the id to ask by
   * @throws Fault "invalid" as `enable`, or for one that is always there
   */
  remount(from: string, to: string): string;
  /** Of a move since the last unseal, one of the last hundred. */
  migration(id: string): Migration | undefined;
}
