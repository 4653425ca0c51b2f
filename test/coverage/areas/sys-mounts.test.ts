/** Every route of sys/ about mounts, valid and bad. */
import { approleAuth } from "../../../server/auth/approle/approle.ts";
import { sysMountsArea } from "../cases/sys-mounts.ts";
import { cover } from "../cover.ts";

cover(sysMountsArea, { kinds: [approleAuth] });
