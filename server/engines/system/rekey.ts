/**
 * New shares: sys/rekey, open to whoever holds shares, and sys/rotate/root, the same for those a policy allows. PGP is
 * not spoken, so nothing is ever backed up. Source: Vault's API page "/sys/rekey", OpenBao's "/sys/rotate".
 */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import type { Rekeyed, RekeyStatus } from "../../contract/ceremonies.ts";
import { type Fields, type Reply, type Route, route, type Values } from "../../contract/engine.ts";
import type { SystemPorts } from "./ports.ts";
import { claim, KEY_SHARE, NONCE, shownNonce } from "./right.ts";

type Ports = Pick<SystemPorts, "operator" | "policies">;

interface Family {
  readonly prefix: string;
  readonly unauthenticated: boolean;
  readonly reply: (body: EncodableRecord) => Reply;
}

const FAMILIES: readonly Family[] = [
  { prefix: "rekey", unauthenticated: true, reply: (bare) => ({ bare }) },
  { prefix: "rotate/root", unauthenticated: false, reply: (data) => ({ data }) },
];

const initFields = {
  nonce: NONCE,
  secret_shares: { type: "int", about: "Into how many shares the key is split" },
  secret_threshold: { type: "int", about: "How many shares unseal" },
  require_verification: { type: "bool", about: "The new shares count only once a threshold of them was entered" },
  pgp_keys: { type: "strings", about: "Not served: shares are returned in clear" },
  backup: { type: "bool", about: "Not served: it needs pgp_keys" },
  stored_shares: { type: "int", about: "Without meaning here: the key is never stored", deprecated: true },
} as const satisfies Fields;

export function rekeyRoutes(ports: Ports): readonly Route[] {
  return FAMILIES.flatMap((family) => [
    initRoute(ports, family),
    updateRoute(ports, family),
    verifyRoute(ports, family),
    backupRoute(`${family.prefix}/backup`),
  ]).concat(RECOVERY.map(recoveryRoute), [
    backupRoute("rekey/recovery-key-backup"),
    backupRoute("rotate/recovery/backup"),
  ]);
}

function initRoute({ operator, policies }: Ports, { prefix, unauthenticated, reply }: Family): Route {
  return route({
    path: `${prefix}/init`,
    about: "A change of the shares that unseal",
    fields: initFields,
    unauthenticated,
    on: {
      read: {
        about: "Reads how far it has come",
        run: async ({ nonce }, context) => {
          const status = await operator.rekey.status();
          const claimed = await claim(policies, context, nonce, "unauthedRekey");
          return reply(
            statusBody({
              ...status,
              nonce: shownNonce(status.nonce, claimed),
              verificationNonce: claimed === undefined ? status.verificationNonce : "",
            }),
          );
        },
      },
      update: {
        about: "Begins one; answers its nonce, which the holders of shares need",
        run: async (values) => {
          checkServed(values);
          const { secret_shares: shares = 0, secret_threshold: threshold = 0, require_verification } = values;
          return reply(
            statusBody(await operator.rekey.start({ shares, threshold, verify: require_verification === true })),
          );
        },
      },
      delete: {
        about: "Ends it; the shares in force stay",
        run: async ({ nonce }, context) => {
          await operator.rekey.cancel(await claim(policies, context, nonce, "unauthedRekey"));
          return undefined;
        },
      },
    },
  });
}

function updateRoute({ operator }: Ports, { prefix, unauthenticated, reply }: Family): Route {
  return route({
    path: `${prefix}/update`,
    about: "The shares in force, one at a time",
    fields: { key: KEY_SHARE, nonce: NONCE },
    unauthenticated,
    on: {
      update: {
        about: "Enters one share; at the threshold the new ones are answered",
        run: async ({ key, nonce }) => {
          const made = await operator.rekey.update(shareOf(key), nonce ?? "");
          return reply(made === undefined ? statusBody(await operator.rekey.status()) : madeBody(made, nonce ?? ""));
        },
      },
    },
  });
}

function verifyRoute({ operator, policies }: Ports, { prefix, unauthenticated, reply }: Family): Route {
  return route({
    path: `${prefix}/verify`,
    about: "The new shares, one at a time, before they count",
    fields: { key: KEY_SHARE, nonce: NONCE },
    unauthenticated,
    on: {
      read: {
        about: "Reads how far it has come",
        run: async ({ nonce }, context) => {
          const status = await operator.rekey.verification();
          const claimed = await claim(policies, context, nonce, "unauthedRekey");
          return reply({ ...status, nonce: shownNonce(status.nonce, claimed) });
        },
      },
      update: {
        about: "Enters one new share; at the threshold the new shares are in force",
        run: async ({ key, nonce }) => {
          const done = await operator.rekey.verify(shareOf(key), nonce ?? "");
          return reply({ ...(done ?? (await operator.rekey.verification())) });
        },
      },
      delete: {
        about: "Forgets the new shares entered so far; answers another nonce",
        run: async ({ nonce }, context) => {
          await operator.rekey.restartVerification(await claim(policies, context, nonce, "unauthedRekey"));
          return reply({ ...(await operator.rekey.verification()) });
        },
      },
    },
  });
}

function backupRoute(path: string): Route {
  return route({
    path,
    about: "Backups of shares encrypted by PGP: there never are any",
    fields: {},
    on: {
      read: {
        about: "Reads the backup",
        run: () => Promise.reject(new Fault("invalid", "no backed-up keys found")),
      },
      delete: { about: "Deletes the backup", run: () => Promise.resolve(undefined) },
    },
  });
}

/** Seals with recovery keys alone have these. */
const RECOVERY = ["rekey-recovery-key", "rotate/recovery"].flatMap((prefix) =>
  ["init", "update", "verify"].map((name) => ({ prefix, name })),
);

function recoveryRoute({ prefix, name }: { readonly prefix: string; readonly name: string }): Route {
  const refuse = {
    about: "Refused: the seal here has no recovery keys",
    run: () => Promise.reject(new Fault("invalid", "recovery rekeying not supported")),
  };
  return route({
    path: `${prefix}/${name}`,
    about: "A change of recovery keys, which a seal of type shamir does not have",
    fields: name === "init" ? initFields : { key: KEY_SHARE, nonce: NONCE },
    unauthenticated: prefix === "rekey-recovery-key",
    on: { ...(name === "update" ? undefined : { read: refuse, delete: refuse }), update: refuse },
  });
}

/** What would change who can read the shares is refused, never ignored. */
function checkServed({ pgp_keys, backup }: Values<typeof initFields>): void {
  if ((pgp_keys?.length ?? 0) > 0) {
    throw new Fault("invalid", "pgp_keys is not served here: leave it out and encrypt the reply");
  }
  if (backup === true) {
    throw new Fault(
      "invalid",
      "cannot request a backup of the new keys without providing PGP keys for encryption, and those are not served here",
    );
  }
}

export function shareOf(key: string | undefined): Secret {
  if (key === undefined || key === "") throw new Fault("invalid", "'key' must be specified in request body as JSON");
  return new Secret(key);
}

function statusBody(status: RekeyStatus): EncodableRecord {
  return {
    nonce: status.nonce,
    started: status.started,
    t: status.t,
    n: status.n,
    progress: status.progress,
    required: status.required,
    pgp_fingerprints: null,
    backup: false,
    verification_required: status.verificationRequired,
    verification_nonce: status.verificationNonce === "" ? undefined : status.verificationNonce,
  };
}

function madeBody({ shares, verificationNonce }: Rekeyed, nonce: string): EncodableRecord {
  const body = {
    nonce,
    complete: true,
    keys: shares.map((share) => share.toString("hex")),
    keys_base64: shares.map((share) => share.toString("base64")),
    pgp_fingerprints: null,
    backup: false,
    verification_required: verificationNonce !== "",
    verification_nonce: verificationNonce === "" ? undefined : verificationNonce,
  };
  for (const share of shares) share.fill(0);
  return body;
}
