/**
 * What rekey and generate-root have in common: one attempt at a time, under a nonce, and the shares in force entered one
 * by one until they prove who asks.
 */
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import type { Secret } from "../../lib/secret.ts";
import type { RekeyTerms } from "../contract/ceremonies.ts";
import { checkNonce, checkRight, decodeShare, Shares } from "./shares.ts";

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

/** What one is called, in Vault's words. */
export interface Words {
  readonly name: "rekey" | "root generation";
  /** What the nonce is of. */
  readonly of: string;
  /** Where a share is entered twice. */
  readonly during: string;
  /** When none is under way. */
  readonly none: string;
  /** When the shares do not make the key. */
  readonly failed: string;
}

export interface Attempt<T> {
  readonly terms: T;
  readonly nonce: string;
  readonly entered: Shares;
}

/** Its steps are called in the seal's turn. */
export class Ceremony<T> {
  readonly #keys: SealKeys;
  readonly #words: Words;
  readonly #forget: (terms: T) => void;
  #attempt: Attempt<T> | undefined;

  /** @param forget what an attempt holds beside its shares: when it ends, however */
  constructor(keys: SealKeys, words: Words, forget: (terms: T) => void = () => undefined) {
    this.#keys = keys;
    this.#words = words;
    this.#forget = forget;
  }

  get attempt(): Attempt<T> | undefined {
    return this.#attempt;
  }

  /** @throws Fault "invalid" when none is under way */
  under(): Attempt<T> {
    if (this.#attempt === undefined) throw new Fault("invalid", this.#words.none);
    return this.#attempt;
  }

  /** @throws Fault "invalid" when one is under way */
  begin(terms: T): void {
    if (this.#attempt !== undefined) throw new Fault("invalid", `${this.#words.name} already in progress`);
    this.#attempt = { terms, nonce: this.#keys.random.uuid(), entered: new Shares() };
  }

  /**
   * Takes one of the shares in force.
   * @returns the attempt once they prove who asks; undefined while more are needed
   * @throws Fault "invalid" as `Rekey.update`; "sealed" when a seal in between has ended the attempt
   */
  async enter(share: Secret, nonce: string): Promise<Attempt<T> | undefined> {
    const { name, of, during, failed } = this.#words;
    const threshold = await this.#keys.threshold();
    const attempt = this.under();
    checkNonce(attempt.nonce, nonce, of);
    if (!attempt.entered.add(decodeShare(share, threshold))) {
      throw new Fault("invalid", `given key has already been provided during this ${during}`);
    }
    if (attempt.entered.size < threshold) return undefined;
    if (!(await this.#keys.proves(attempt.entered))) {
      this.#keys.log("warn", `${name} refused: the shares do not make the key`);
      throw new Fault("invalid", `${failed}: the shares entered do not make the key, start over`);
    }
    if (this.#attempt !== attempt) throw new Fault("sealed", "Vault is sealed");
    return attempt;
  }

  /** @param nonce as for `Rekey.cancel` */
  async cancel(nonce: string | undefined): Promise<void> {
    await this.#keys.threshold();
    if (this.#attempt === undefined) return;
    checkRight(this.#attempt.nonce, nonce, this.#words.of);
    this.reset();
    this.#keys.log("info", `${this.#words.name} cancelled`);
  }

  /** Also at seal. */
  reset(): void {
    if (this.#attempt === undefined) return;
    this.#attempt.entered.clear();
    this.#forget(this.#attempt.terms);
    this.#attempt = undefined;
  }
}
