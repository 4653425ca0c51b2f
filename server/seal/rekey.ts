/**
 * New shares while the server is open. The shares in force prove who asks; the new ones count at once, or, when that is
 * asked for, only after a threshold of them was entered again: who loses the reply has lost nothing then. The one write
 * is a single transaction. Source: Vault's API page "/sys/rekey".
 */
import { timingSafeEqual } from "node:crypto";
import { checkSharing, splitSecret } from "../../lib/crypto/shamir.ts";
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import type { Secret } from "../../lib/secret.ts";
import type { Rekey, Rekeyed, RekeyStatus, RekeyTerms, VerificationStatus } from "../contract/ceremonies.ts";
import { checkNonce, checkRight, decodeShare, KEY, Shares } from "./shares.ts";

/** What a ceremony does with the seal. All of it runs in the seal's turn. */
export interface SealKeys {
  inTurn<T>(step: () => Promise<T>): Promise<T>;
  /** Of the shares in force. @throws Fault "sealed" */
  threshold(): Promise<number>;
  /** Whether these shares, as many as the threshold, make the key; forgets them. */
  proves(shares: Shares): Promise<boolean>;
  /** New shares in force, which `unsealKey` was split into: in one step or not at all. @param unsealKey still the caller's */
  replace(unsealKey: Buffer, terms: Pick<RekeyTerms, "shares" | "threshold">): Promise<void>;
  readonly random: Random;
  readonly log: Log;
}

interface Attempt {
  readonly terms: RekeyTerms;
  readonly nonce: string;
  readonly entered: Shares;
  /** Made, told, and not in force yet. */
  pending: { readonly unsealKey: Buffer; nonce: string; readonly entered: Shares } | undefined;
}

const NOTHING = {
  started: false,
  nonce: "",
  t: 0,
  n: 0,
  progress: 0,
  verificationRequired: false,
  verificationNonce: "",
};

function shown({ terms, nonce, entered, pending }: Attempt): Omit<RekeyStatus, "required"> {
  return {
    started: true,
    nonce,
    t: terms.threshold,
    n: terms.shares,
    progress: entered.size,
    verificationRequired: terms.verify,
    verificationNonce: pending?.nonce ?? "",
  };
}

const OF = "rekey operation";
const OF_VERIFY = "rekey verification";

export class ShamirRekey implements Rekey {
  readonly #keys: SealKeys;
  #attempt: Attempt | undefined;

  constructor(keys: SealKeys) {
    this.#keys = keys;
  }

  async status(): Promise<RekeyStatus> {
    const required = await this.#keys.threshold();
    return { ...NOTHING, ...(this.#attempt === undefined ? undefined : shown(this.#attempt)), required };
  }

  start(terms: RekeyTerms): Promise<RekeyStatus> {
    return this.#keys.inTurn(async () => {
      checkSharing(terms.shares, terms.threshold);
      await this.#keys.threshold();
      if (this.#attempt !== undefined) throw new Fault("invalid", "rekey already in progress");
      this.#attempt = { terms, nonce: this.#keys.random.uuid(), entered: new Shares(), pending: undefined };
      const { shares, threshold, verify } = terms;
      this.#keys.log("info", "rekey begun", { shares, threshold, verify });
      return this.status();
    });
  }

  update(share: Secret, nonce: string): Promise<Rekeyed | undefined> {
    return this.#keys.inTurn(async () => {
      const threshold = await this.#keys.threshold();
      const attempt = this.#under();
      if (attempt.pending !== undefined) {
        throw new Fault("invalid", "rekey operation already finished; verification must be performed");
      }
      checkNonce(attempt.nonce, nonce, OF);
      if (!attempt.entered.add(decodeShare(share, threshold))) {
        throw new Fault("invalid", "given key has already been provided during this rekey operation");
      }
      if (attempt.entered.size < threshold) return undefined;
      if (!(await this.#keys.proves(attempt.entered))) {
        this.#keys.log("warn", "rekey refused: the shares do not make the key");
        throw new Fault("invalid", "rekey authentication failed: the shares entered do not make the key, start over");
      }
      this.#still(attempt);
      return this.#make(attempt);
    });
  }

  cancel(nonce: string | undefined): Promise<void> {
    return this.#keys.inTurn(async () => {
      await this.#keys.threshold();
      if (this.#attempt === undefined) return;
      checkRight(this.#attempt.nonce, nonce, OF);
      this.reset();
      this.#keys.log("info", "rekey cancelled");
    });
  }

  async verification(): Promise<VerificationStatus> {
    await this.#keys.threshold();
    if (this.#attempt === undefined) throw new Fault("invalid", "no rekey configuration found");
    const { terms, pending } = this.#attempt;
    return {
      started: pending !== undefined,
      nonce: pending?.nonce ?? "",
      t: terms.threshold,
      n: terms.shares,
      progress: pending?.entered.size ?? 0,
    };
  }

  verify(share: Secret, nonce: string): ReturnType<Rekey["verify"]> {
    return this.#keys.inTurn(async () => {
      await this.#keys.threshold();
      const attempt = this.#under();
      const pending = pendingOf(attempt);
      checkNonce(pending.nonce, nonce, OF_VERIFY);
      const { threshold } = attempt.terms;
      if (!pending.entered.add(decodeShare(share, threshold))) {
        throw new Fault("invalid", "given key has already been provided during this verify operation");
      }
      if (pending.entered.size < threshold) return undefined;
      if (!makes(pending.entered, threshold, pending.unsealKey)) {
        this.#keys.log("warn", "rekey not verified: the shares are not the new ones");
        pending.nonce = this.#keys.random.uuid();
        return { complete: false, nonce: pending.nonce };
      }
      await this.#keys.replace(pending.unsealKey, attempt.terms);
      this.reset();
      return { complete: true, nonce };
    });
  }

  restartVerification(nonce: string | undefined): Promise<void> {
    return this.#keys.inTurn(async () => {
      await this.#keys.threshold();
      const pending = pendingOf(this.#under());
      checkRight(pending.nonce, nonce, OF_VERIFY);
      pending.entered.clear();
      pending.nonce = this.#keys.random.uuid();
    });
  }

  /** Also at seal. */
  reset(): void {
    this.#attempt?.entered.clear();
    this.#attempt?.pending?.entered.clear();
    this.#attempt?.pending?.unsealKey.fill(0);
    this.#attempt = undefined;
  }

  async #make(attempt: Attempt): Promise<Rekeyed> {
    const { random } = this.#keys;
    const { shares: n, threshold, verify } = attempt.terms;
    const unsealKey = random.bytes(KEY);
    const shares = splitSecret(unsealKey, n, threshold, random);
    if (verify) {
      attempt.pending = { unsealKey, nonce: random.uuid(), entered: new Shares() };
      return { shares, verificationNonce: attempt.pending.nonce };
    }
    try {
      await this.#keys.replace(unsealKey, attempt.terms);
    } catch (error) {
      for (const share of shares) share.fill(0);
      throw error;
    } finally {
      unsealKey.fill(0);
      this.reset();
    }
    return { shares, verificationNonce: "" };
  }

  #under(): Attempt {
    if (this.#attempt === undefined) throw new Fault("invalid", "no barrier rekey in progress");
    return this.#attempt;
  }

  /** A seal in between has ended it. */
  #still(attempt: Attempt): void {
    if (this.#attempt !== attempt) throw new Fault("sealed", "Vault is sealed");
  }
}

function pendingOf({ pending }: Attempt): NonNullable<Attempt["pending"]> {
  if (pending === undefined) throw new Fault("invalid", "no rekey verification in progress");
  return pending;
}

function makes(shares: Shares, threshold: number, unsealKey: Buffer): boolean {
  let made: Buffer | undefined;
  try {
    made = shares.combine(threshold);
    return timingSafeEqual(made, unsealKey);
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  } finally {
    made?.fill(0);
  }
}
