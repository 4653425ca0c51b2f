/**
 * New shares while the server is open. The shares in force prove who asks; the new ones count at once, or, when that is
 * asked for, only after a threshold of them was entered again: who loses the reply has lost nothing then. The one write
 * is a single transaction. Source: Vault's API page "/sys/rekey".
 */
import { timingSafeEqual } from "node:crypto";
import { checkSharing, splitSecret } from "../../lib/crypto/shamir.ts";
import { Fault } from "../../lib/fault.ts";
import type { Secret } from "../../lib/secret.ts";
import type { Rekey, Rekeyed, RekeyStatus, RekeyTerms, VerificationStatus } from "../contract/ceremonies.ts";
import { type Attempt, Ceremony, type SealKeys, type Words } from "./ceremony.ts";
import { checkNonce, checkRight, decodeShare, KEY, Shares } from "./shares.ts";

/** Made, told, and not in force yet. */
interface Pending {
  readonly unsealKey: Buffer;
  nonce: string;
  readonly entered: Shares;
}

interface Terms extends RekeyTerms {
  pending: Pending | undefined;
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

function shown({ terms, nonce, entered }: Attempt<Terms>): Omit<RekeyStatus, "required"> {
  return {
    started: true,
    nonce,
    t: terms.threshold,
    n: terms.shares,
    progress: entered.size,
    verificationRequired: terms.verify,
    verificationNonce: terms.pending?.nonce ?? "",
  };
}

const WORDS: Words = {
  name: "rekey",
  of: "rekey operation",
  during: "rekey operation",
  none: "no barrier rekey in progress",
  failed: "rekey authentication failed",
};
const OF_VERIFY = "rekey verification";

export class ShamirRekey implements Rekey {
  readonly #keys: SealKeys;
  readonly #ceremony: Ceremony<Terms>;

  constructor(keys: SealKeys) {
    this.#keys = keys;
    this.#ceremony = new Ceremony(keys, WORDS, forget);
  }

  async status(): Promise<RekeyStatus> {
    const required = await this.#keys.threshold();
    const { attempt } = this.#ceremony;
    return { ...NOTHING, ...(attempt === undefined ? undefined : shown(attempt)), required };
  }

  start(terms: RekeyTerms): Promise<RekeyStatus> {
    return this.#keys.inTurn(async () => {
      const { shares, threshold, verify } = terms;
      checkSharing(shares, threshold);
      await this.#keys.threshold();
      this.#ceremony.begin({ ...terms, pending: undefined });
      this.#keys.log("info", "rekey begun", { shares, threshold, verify });
      return this.status();
    });
  }

  update(share: Secret, nonce: string): Promise<Rekeyed | undefined> {
    return this.#keys.inTurn(async () => {
      await this.#keys.threshold();
      if (this.#ceremony.attempt?.terms.pending !== undefined) {
        throw new Fault("invalid", "rekey operation already finished; verification must be performed");
      }
      const proven = await this.#ceremony.enter(share, nonce);
      return proven === undefined ? undefined : this.#make(proven.terms);
    });
  }

  cancel(nonce: string | undefined): Promise<void> {
    return this.#keys.inTurn(() => this.#ceremony.cancel(nonce));
  }

  async verification(): Promise<VerificationStatus> {
    await this.#keys.threshold();
    const { attempt } = this.#ceremony;
    if (attempt === undefined) throw new Fault("invalid", "no rekey configuration found");
    const { pending, threshold, shares } = attempt.terms;
    return {
      started: pending !== undefined,
      nonce: pending?.nonce ?? "",
      t: threshold,
      n: shares,
      progress: pending?.entered.size ?? 0,
    };
  }

  verify(share: Secret, nonce: string): ReturnType<Rekey["verify"]> {
    return this.#keys.inTurn(async () => {
      await this.#keys.threshold();
      const { terms } = this.#ceremony.under();
      const pending = pendingOf(terms);
      checkNonce(pending.nonce, nonce, OF_VERIFY);
      const { threshold } = terms;
      if (!pending.entered.add(decodeShare(share, threshold))) {
        throw new Fault("invalid", "given key has already been provided during this verify operation");
      }
      if (pending.entered.size < threshold) return undefined;
      if (!makes(pending.entered, threshold, pending.unsealKey)) {
        this.#keys.log("warn", "rekey not verified: the shares are not the new ones");
        pending.nonce = this.#keys.random.uuid();
        return { complete: false, nonce: pending.nonce };
      }
      await this.#keys.replace(pending.unsealKey, terms);
      this.reset();
      return { complete: true, nonce };
    });
  }

  restartVerification(nonce: string | undefined): Promise<void> {
    return this.#keys.inTurn(async () => {
      await this.#keys.threshold();
      const pending = pendingOf(this.#ceremony.under().terms);
      checkRight(pending.nonce, nonce, OF_VERIFY);
      pending.entered.clear();
      pending.nonce = this.#keys.random.uuid();
    });
  }

  /** Also at seal. */
  reset(): void {
    this.#ceremony.reset();
  }

  async #make(terms: Terms): Promise<Rekeyed> {
    const { random } = this.#keys;
    const unsealKey = random.bytes(KEY);
    const shares = splitSecret(unsealKey, terms.shares, terms.threshold, random);
    if (terms.verify) {
      terms.pending = { unsealKey, nonce: random.uuid(), entered: new Shares() };
      return { shares, verificationNonce: terms.pending.nonce };
    }
    try {
      await this.#keys.replace(unsealKey, terms);
    } catch (error) {
      for (const share of shares) share.fill(0);
      throw error;
    } finally {
      unsealKey.fill(0);
      this.reset();
    }
    return { shares, verificationNonce: "" };
  }
}

function forget({ pending }: Terms): void {
  pending?.entered.clear();
  pending?.unsealKey.fill(0);
}

function pendingOf({ pending }: Terms): Pending {
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
