/**
 * A root token for those who hold shares: sys/generate-root, open to whoever holds them, sys/generate-root-token for those
 * a policy allows, and sys/decode-token. Source: Vault's API page "/sys/generate-root", OpenBao's of these names.
 */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import type { RootGenerationStatus } from "../../contract/ceremonies.ts";
import { type Reply, type Route, route } from "../../contract/engine.ts";
import type { SystemPorts } from "./ports.ts";
import { shareOf } from "./rekey.ts";
import { claim, KEY_SHARE, NONCE, shownNonce } from "./right.ts";

type Ports = Pick<SystemPorts, "operator" | "policies">;

interface Family {
  readonly attempt: string;
  readonly unauthenticated: boolean;
  readonly reply: (body: EncodableRecord) => Reply;
}

const bare = (body: EncodableRecord): Reply => ({ bare: body });
const inData = (data: EncodableRecord): Reply => ({ data });

/** "generate-root" alone is not among what Vault serves without a token. */
const FAMILIES: readonly Family[] = [
  { attempt: "generate-root/attempt", unauthenticated: true, reply: bare },
  { attempt: "generate-root", unauthenticated: false, reply: bare },
  { attempt: "generate-root-token/attempt", unauthenticated: false, reply: inData },
];

export function generateRootRoutes(ports: Ports): readonly Route[] {
  return [
    ...FAMILIES.map((family) => attemptRoute(ports, family)),
    updateRoute(ports, "generate-root/update", true, bare),
    updateRoute(ports, "generate-root-token/update", false, inData),
    decodeRoute(),
  ];
}

function attemptRoute({ operator, policies }: Ports, { attempt, unauthenticated, reply }: Family): Route {
  return route({
    path: attempt,
    about: "The making of a root token out of shares",
    fields: {
      nonce: NONCE,
      otp: {
        type: "string",
        about: "One-time password of `otp_length` characters; without it one is made",
        sensitive: true,
      },
      pgp_key: { type: "string", about: "Not served: the token is returned XORed with the one-time password" },
    },
    unauthenticated,
    on: {
      read: {
        about: "Reads how far it has come",
        run: async ({ nonce }, context) => {
          const status = await operator.rootGeneration.status();
          const claimed = await claim(policies, context, nonce, "unauthedGenerateRoot");
          return reply(statusBody({ ...status, nonce: shownNonce(status.nonce, claimed) }));
        },
      },
      update: {
        about: "Begins it; answers its nonce, which the holders of shares need",
        run: async ({ otp, pgp_key }) => {
          if ((pgp_key ?? "") !== "") {
            throw new Fault("invalid", "pgp_key is not served here: leave it out, a one-time password is made then");
          }
          const given = otp === undefined || otp === "" ? undefined : new Secret(otp);
          const begun = await operator.rootGeneration.start(given);
          return reply({ ...statusBody(begun.status), otp: begun.otp?.reveal() ?? "" });
        },
      },
      delete: {
        about: "Ends it",
        run: async ({ nonce }, context) => {
          await operator.rootGeneration.cancel(await claim(policies, context, nonce, "unauthedGenerateRoot"));
          return undefined;
        },
      },
    },
  });
}

function updateRoute({ operator }: Ports, path: string, unauthenticated: boolean, reply: Family["reply"]): Route {
  return route({
    path,
    about: "The shares, one at a time",
    fields: { key: KEY_SHARE, nonce: NONCE },
    unauthenticated,
    on: {
      update: {
        about: "Enters one share; at the threshold the token is answered, XORed with the one-time password",
        run: async ({ key, nonce }) => {
          const encoded = await operator.rootGeneration.update(shareOf(key), nonce ?? "");
          const status = await operator.rootGeneration.status();
          if (encoded === undefined) return reply(statusBody(status));
          const done = { ...status, started: true, nonce: nonce ?? "", progress: status.required };
          return reply({
            ...statusBody(done),
            complete: true,
            encoded_token: encoded,
            encoded_root_token: encoded,
          });
        },
      },
    },
  });
}

function decodeRoute(): Route {
  return route({
    path: "decode-token",
    about: "The reverse of generate-root's encoding",
    fields: {
      encoded_token: { type: "string", about: "As generate-root answered it", sensitive: true },
      otp: { type: "string", about: "The one-time password", sensitive: true },
    },
    unauthenticated: true,
    on: {
      update: {
        about: "Decodes the token",
        run: ({ encoded_token = "", otp = "" }) => Promise.resolve({ data: { token: decoded(encoded_token, otp) } }),
      },
    },
  });
}

function decoded(encoded: string, otp: string): string {
  if (encoded === "" || otp === "") throw new Fault("invalid", "provided 'encoded_token' or 'otp' is empty");
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) throw new Fault("invalid", 'field "encoded_token" must be base64');
  const bytes = Buffer.from(encoded, "base64");
  const pad = Buffer.from(otp, "utf8");
  if (bytes.length !== pad.length) {
    throw new Fault("invalid", 'fields "encoded_token" and "otp" do not belong together: their lengths differ');
  }
  for (const [i, byte] of pad.entries()) bytes[i] = (bytes[i] ?? 0) ^ byte;
  return bytes.toString("utf8");
}

function statusBody(status: RootGenerationStatus): EncodableRecord {
  return {
    nonce: status.nonce,
    started: status.started,
    progress: status.progress,
    required: status.required,
    complete: false,
    encoded_token: "",
    encoded_root_token: "",
    pgp_fingerprint: "",
    otp: "",
    otp_length: status.otpLength,
  };
}
