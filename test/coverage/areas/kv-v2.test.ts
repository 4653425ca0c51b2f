/** Every route of Vault's KV version 2, valid and bad. */
import { kvV2Area } from "../cases/kv-v2.ts";
import { cover } from "../cover.ts";

cover(kvV2Area);
