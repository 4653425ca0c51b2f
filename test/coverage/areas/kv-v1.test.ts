/** Every route of Vault's KV version 1, valid and bad. */
import { kvV1Area } from "../cases/kv-v1.ts";
import { cover } from "../cover.ts";

cover(kvV1Area);
