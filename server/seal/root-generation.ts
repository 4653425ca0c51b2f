/**
 * A root token for those who hold enough shares. It leaves the server only XORed with a one-time password, so that
 * neither a log of the reply nor the password alone is worth anything. Source: Vault's API page "/sys/generate-root".
 */
import { Fault } from "../../lib/fault.ts";
import type { Random } from "../../lib/random.ts";
import { Secret } from "../../lib/secret.ts";
import type { RootGeneration, RootGenerationStatus } from "../contract/ceremonies.ts";
import { Ceremony, type SealKeys, type Words } from "./ceremony.ts";

interface Terms {
  readonly otp: Secret;
}

/** As long as the tokens that `Tokens.create` makes: "hvs.", 32 of chance, 6 of checksum. */
const OTP = 42;
const WORDS: Words = {
  name: "root generation",
  of: "root generation operation",
  during: "generation operation",
  none: "no root generation in progress",
  failed: "root generation failed",
};
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

export class ShamirRootGeneration implements RootGeneration {
  readonly #keys: SealKeys;
  readonly #ceremony: Ceremony<Terms>;

  constructor(keys: SealKeys) {
    this.#keys = keys;
    this.#ceremony = new Ceremony(keys, WORDS);
  }

  async status(): Promise<RootGenerationStatus> {
    const required = await this.#keys.threshold();
    const { attempt } = this.#ceremony;
    return {
      started: attempt !== undefined,
      nonce: attempt?.nonce ?? "",
      progress: attempt?.entered.size ?? 0,
      required,
      otpLength: OTP,
    };
  }

  start(otp: Secret | undefined): ReturnType<RootGeneration["start"]> {
    return this.#keys.inTurn(async () => {
      await this.#keys.threshold();
      if (otp !== undefined && Buffer.byteLength(otp.reveal(), "utf8") !== OTP) {
        throw new Fault("invalid", `OTP string is wrong length: it must have ${String(OTP)} bytes (otp_length)`);
      }
      const used = otp ?? oneTimePassword(this.#keys.random);
      this.#ceremony.begin({ otp: used });
      this.#keys.log("info", "root generation begun");
      return { status: await this.status(), otp: otp === undefined ? used : undefined };
    });
  }

  update(share: Secret, nonce: string, mint: () => Promise<Secret>): Promise<string | undefined> {
    return this.#keys.inTurn(async () => {
      const proven = await this.#ceremony.enter(share, nonce);
      if (proven === undefined) return undefined;
      const token = await mint();
      this.reset();
      this.#keys.log("info", "root token generated");
      return encodeToken(token, proven.terms.otp);
    });
  }

  cancel(nonce: string | undefined): Promise<void> {
    return this.#keys.inTurn(() => this.#ceremony.cancel(nonce));
  }

  /** Also at seal. */
  reset(): void {
    this.#ceremony.reset();
  }
}

/** 42 characters of base62, without bias: bytes from 248 on are thrown away. */
function oneTimePassword(random: Random): Secret {
  let text = "";
  while (text.length < OTP) {
    for (const byte of random.bytes(OTP)) if (byte < 248 && text.length < OTP) text += BASE62.charAt(byte % 62);
  }
  return new Secret(text);
}

function encodeToken(token: Secret, otp: Secret): string {
  const clear = Buffer.from(token.reveal(), "utf8");
  const pad = Buffer.from(otp.reveal(), "utf8");
  if (clear.length !== pad.length) throw new Fault("internal", "the token is not as long as the one-time password");
  for (const [i, byte] of pad.entries()) clear[i] = (clear[i] ?? 0) ^ byte;
  const text = clear.toString("base64").replace(/=+$/, "");
  clear.fill(0);
  return text;
}
