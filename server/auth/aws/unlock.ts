/** `unlock/:instance_id`: frees one instance whose nonce is lost, for one login or 15 minutes. Ours, not Vault's: see docs/PROTOCOL.md. */
import { type Route, route } from "../../contract/engine.ts";
import { INSTANCE_FIELDS, oneName } from "./access-list.ts";
import type { AwsState } from "./state.ts";
import { unlockBytes, unlockKey } from "./unlock-record.ts";

const LASTS = 15 * 60_000;

export function unlockRoute(state: AwsState): Route {
  return route({
    path: "unlock/:instance_id",
    about: "Frees an instance whose nonce is lost",
    sudo: true,
    fields: INSTANCE_FIELDS,
    on: {
      update: {
        about: "The next login within 15 minutes needs no nonce; it sets the one to show from then on",
        run: async ({ instance_id: id, account_id: account, region }, { storage }) => {
          await storage.transact(async (tx) => {
            const name = await oneName(tx, id, account, region);
            const until = state.env.clock.now() + LASTS;
            const scope = { accountId: name?.accountId ?? account ?? "", region: name?.region ?? region ?? "" };
            tx.put(unlockKey(id), unlockBytes({ until, ...scope }));
          });
          state.env.log("warn", "instance unlocked for one login", { instance_id: id });
          return undefined;
        },
      },
    },
  });
}
