/** The mount table as the system engine changes it; `server/core` implements it. */
import type { Mount, MountTune } from "./engine.ts";

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
  userLockout: undefined,
};

export interface NewMount {
  /** With its trailing slash; "auth/…" for auth methods. */
  readonly path: string;
  readonly kind: Mount["kind"];
  readonly type: string;
  readonly description: string;
  readonly options: ReadonlyMap<string, string>;
  readonly tune: MountTune;
}

export interface Mounts {
  list(kind: Mount["kind"]): readonly Mount[];
  /** The mount that serves `path`: the longest prefix. */
  find(path: string): Mount | undefined;
  /** @throws Fault "invalid" for an unknown type, a path in use, above or below another, or reserved */
  enable(mount: NewMount): Promise<void>;
  /** Revokes its tokens and deletes its data, then it is gone; a disable that was cut short is finished at the next unseal. */
  disable(path: string): Promise<void>;
  tune(
    path: string,
    change: Partial<MountTune> & { readonly description?: string; readonly options?: ReadonlyMap<string, string> },
  ): Promise<void>;
}
