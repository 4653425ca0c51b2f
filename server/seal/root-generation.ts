/**
 * A root token for those who hold enough shares. It leaves the server only XORed with a one-time password, so that
 * neither a log of the reply nor the password alone is worth anything. Source: Vault's API page "/sys/generate-root".
 */
import { Fault } from "../../lib/fault.ts";
import type { Random } from "../../lib/random.ts";
import { Secret } from "../../lib/secret.ts";
import type { RootGeneration, RootGenerationStatus } from "../contract/ceremonies.ts";
import type { SealKeys } from "./rekey.ts";
import { checkNonce, checkRight, decodeShare, Shares } from "./shares.ts";

interface Attempt {
  readonly nonce: string;
  readonly otp: Secret;
  readonly entered: Shares;
}

/** As long as the tokens that `Tokens.create` makes: "hvs.", 32 of chance, 6 of checksum. */
const OTP = 42;
const OF = "root generation operation";
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

export class ShamirRootGeneration implements RootGeneration {
  readonly #keys: SealKeys;
  #attempt: Attempt | undefined;

  constructor(keys: SealKeys) {
    this.#keys = keys;
  }

  async status(): Promise<RootGenerationStatus> {
    const required = await this.#keys.threshold();
    const attempt = this.#attempt;
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
      if (this.#attempt !== undefined) throw new Fault("invalid", "root generation already in progress");
      const made = otp === undefined ? oneTimePassword(this.#keys.random) : undefined;
      const nonce = this.#keys.random.uuid();
      this.#attempt = { nonce, otp: otp ?? made ?? new Secret(""), entered: new Shares() };
      this.#keys.log("info", "root generation begun");
      return { status: await this.status(), otp: made };
    });
  }

  update(share: Secret, nonce: string, mint: () => Promise<Secret>): Promise<string | undefined> {
    return this.#keys.inTurn(async () => {
      const threshold = await this.#keys.threshold();
      const attempt = this.#attempt;
      if (attempt === undefined) throw new Fault("invalid", "no root generation in progress");
      checkNonce(attempt.nonce, nonce, OF);
      if (!attempt.entered.add(decodeShare(share, threshold))) {
        throw new Fault("invalid", "given key has already been provided during this generation operation");
      }
      if (attempt.entered.size < threshold) return undefined;
      if (!(await this.#keys.proves(attempt.entered))) {
        this.#keys.log("warn", "root generation refused: the shares do not make the key");
        throw new Fault("invalid", "root generation failed: the shares entered do not make the key, start over");
      }
      if (this.#attempt !== attempt) throw new Fault("sealed", "Vault is sealed");
      const token = await mint();
      this.reset();
      this.#keys.log("info", "root token generated");
      return encodeToken(token, attempt.otp);
    });
  }

  cancel(nonce: string | undefined): Promise<void> {
    return this.#keys.inTurn(async () => {
      await this.#keys.threshold();
      if (this.#attempt === undefined) return;
      checkRight(this.#attempt.nonce, nonce, OF);
      this.reset();
      this.#keys.log("info", "root generation cancelled");
    });
  }

  /** Also at seal. */
  reset(): void {
    this.#attempt?.entered.clear();
    this.#attempt = undefined;
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
