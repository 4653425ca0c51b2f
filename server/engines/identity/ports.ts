/** What the identity engine reaches the server by; `server/compose.ts` ties it. */
import type { Directory } from "../../contract/directory.ts";
import type { Identity } from "../../contract/identity.ts";
import type { Mounts } from "../../contract/mounts.ts";

export interface IdentityPorts {
  readonly directory: Directory;
  readonly identity: Pick<Identity, "subject">;
  readonly mounts: Pick<Mounts, "list">;
  /** As clients reach this server: the issuer of identity tokens unless one is set. "" when it is not known. */
  readonly apiAddr?: string;
}
