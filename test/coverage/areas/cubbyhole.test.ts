/** Every route of Vault's KV version 1, valid and bad. */
import { cubbyholeArea } from "../cases/cubbyhole.ts";
import { cover } from "../cover.ts";

cover(cubbyholeArea);
