/** What the identity engine reaches the server by; `server/compose.ts` ties it. */
import type { Directory } from "../../contract/directory.ts";
import type { Identity } from "../../contract/identity.ts";
import type { Mounts } from "../../contract/mounts.ts";

export interface IdentityPorts {
  readonly directory: Directory;
  readonly identity: Pick<Identity, "subject">;
  readonly mounts: Pick<Mounts, "list">;
}
