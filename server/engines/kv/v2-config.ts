/** `config`: what holds for every secret of the mount that does not say otherwise. */
import { formatDuration, parseDuration } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import { type Json, JsonNumber } from "../../../lib/wire/json.ts";
import { type Route, route } from "../../contract/engine.ts";
import { CONFIG_KEY, encodeConfig, readConfig } from "./record.ts";

/** How Vault stores and shows "never". */
const OFF = -1000;

export function configRoute(): Route {
  return route({
    path: "config",
    about: "Settings for every secret of the mount",
    fields: {
      max_versions: { type: "int", about: "Versions kept of each secret; 0 keeps 10", default: 0 },
      cas_required: { type: "bool", about: "Every write must carry options.cas", default: false },
      delete_version_after: {
        type: "json",
        about: "A duration after which a version is deleted; 0 for never, negative to forbid it to single secrets too",
      },
    },
    on: {
      read: {
        about: "Reads the settings",
        run: async (_values, { storage }) => {
          const { maxVersions, casRequired, deleteAfter } = await readConfig(storage);
          return {
            data: {
              cas_required: casRequired,
              delete_version_after: deleteAfter < 0 ? "-1s" : formatDuration(deleteAfter),
              max_versions: maxVersions,
            },
          };
        },
      },
      update: {
        about: "Changes the settings that are given",
        run: async (values, { storage }) => {
          const maxVersions = checkedMax(values.max_versions);
          const deleteAfter = signedDuration(values.delete_version_after);
          await storage.transact(async (tx) => {
            const before = await readConfig(tx);
            const after = {
              maxVersions: maxVersions ?? before.maxVersions,
              casRequired: values.cas_required ?? before.casRequired,
              deleteAfter: deleteAfter ?? before.deleteAfter,
            };
            tx.put(CONFIG_KEY, encodeConfig(after));
          });
          return undefined;
        },
      },
    },
  });
}

/** @throws Fault "invalid" for what is no count of versions (0 to 2^32 - 1) */
export function checkedMax(value: number | undefined): number | undefined {
  if (value !== undefined && (!Number.isInteger(value) || value < 0 || value > 0xffffffff)) {
    throw new Fault("invalid", "max_versions must be a whole number from 0 to 4294967295");
  }
  return value;
}

function signedDuration(value: Json | undefined): number | undefined {
  if (value === undefined || value === null) return undefined;
  const text = value instanceof JsonNumber ? value.text : value;
  if (typeof text !== "string") throw new Fault("invalid", "delete_version_after must be a duration");
  if (text.trim() === "") return 0;
  const negative = text.trim().startsWith("-");
  const ms = parseDuration(negative ? text.trim().slice(1) : text);
  if (!negative) return wholeSeconds(ms);
  return ms === 0 ? 0 : OFF;
}

/** Vault's unit is the second: what is shorter than one is nothing. */
export function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
