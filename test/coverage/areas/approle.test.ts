/** Every route of Vault's AppRole auth method, valid and bad. */
import { approleAuth } from "../../../server/auth/approle/approle.ts";
import { approleArea } from "../cases/approle.ts";
import { cover } from "../cover.ts";

cover(approleArea, { kinds: [approleAuth] });
