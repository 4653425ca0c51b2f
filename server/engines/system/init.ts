/** sys/init: the keys and the first root token, shown once. Source: Vault's API page "/sys/init". */
import { Fault } from "../../../lib/fault.ts";
import { type Fields, type Route, route, type Values } from "../../contract/engine.ts";
import type { SystemPorts } from "./ports.ts";

const fields = {
  secret_shares: { type: "int", about: "Into how many shares the key is split" },
  secret_threshold: { type: "int", about: "How many shares unseal" },
  pgp_keys: { type: "strings", about: "Not served: shares are returned in clear" },
  root_token_pgp_key: { type: "string", about: "Not served: the root token is returned in clear" },
  stored_shares: { type: "int", about: "Only for auto-unseal" },
  recovery_shares: { type: "int", about: "Only for auto-unseal" },
  recovery_threshold: { type: "int", about: "Only for auto-unseal" },
  recovery_pgp_keys: { type: "strings", about: "Only for auto-unseal" },
} as const satisfies Fields;

export function initRoutes({ operator }: Pick<SystemPorts, "operator">): readonly Route[] {
  return [
    route({
      path: "init",
      about: "Whether the server has been initialized, and its initialization",
      fields,
      unauthenticated: true,
      whenSealed: true,
      neverAudited: true,
      on: {
        read: {
          about: "Tells whether the server has been initialized",
          run: async () => ({ bare: { initialized: (await operator.status()).initialized } }),
        },
        update: {
          about: "Makes the keys and the first root token",
          run: async (values) => {
            checkServed(values);
            const { shares, rootToken } = await operator.init(values.secret_shares ?? 0, values.secret_threshold ?? 0);
            const bare = {
              keys: shares.map((share) => share.toString("hex")),
              keys_base64: shares.map((share) => share.toString("base64")),
              root_token: rootToken.reveal(),
            };
            for (const share of shares) share.fill(0);
            return { bare };
          },
        },
      },
    }),
  ];
}

/** What would change who can read the keys is refused, never ignored. */
function checkServed(values: Values<typeof fields>): void {
  const { pgp_keys, root_token_pgp_key, recovery_pgp_keys } = values;
  if ((pgp_keys?.length ?? 0) > 0 || (root_token_pgp_key ?? "") !== "") {
    throw new Fault(
      "invalid",
      "pgp_keys and root_token_pgp_key are not served here: leave them out and encrypt the reply",
    );
  }
  const ofAutoUnseal = [
    values.stored_shares,
    values.recovery_shares,
    values.recovery_threshold,
    recovery_pgp_keys?.length,
  ];
  if (ofAutoUnseal.some((value) => (value ?? 0) !== 0)) {
    throw new Fault(
      "invalid",
      "stored_shares and recovery_… belong to auto-unseal: the seal here is of type shamir, leave them out",
    );
  }
}
