/**
 * What takes a threshold of shares while the server is open: new shares (rekey) and a new root token (generate-root).
 * One of each at a time; each has a nonce, so that shares cannot be led into another's. `server/seal` implements them.
 * Source: Vault's API pages "/sys/rekey" and "/sys/generate-root".
 */
import type { Secret } from "../../lib/secret.ts";

/** "" where nothing is under way; 0 likewise. */
export interface RekeyStatus {
  readonly started: boolean;
  readonly nonce: string;
  /** Threshold and number of the new shares. */
  readonly t: number;
  readonly n: number;
  /** Shares entered, of those needed. */
  readonly progress: number;
  readonly required: number;
  readonly verificationRequired: boolean;
  /** Once the new shares are made and must be shown to be there. */
  readonly verificationNonce: string;
}

export interface RekeyTerms {
  readonly shares: number;
  readonly threshold: number;
  /** The new shares count only once a threshold of them was entered. */
  readonly verify: boolean;
}

export interface Rekeyed {
  /** The caller's to zero-fill. */
  readonly shares: readonly Buffer[];
  /** "" when they are in force already. */
  readonly verificationNonce: string;
}

export interface VerificationStatus {
  readonly started: boolean;
  readonly nonce: string;
  readonly t: number;
  readonly n: number;
  readonly progress: number;
}

export interface Rekey {
  status(): Promise<RekeyStatus>;
  /** @throws Fault "invalid" for bad numbers, or when one is under way */
  start(terms: RekeyTerms): Promise<RekeyStatus>;
  /**
   * Takes one of the shares in force.
   * @returns the new shares, once there are enough; undefined before
   * @throws Fault "invalid": no rekey, another nonce, no share, or shares that do not make the key (all are forgotten then)
   */
  update(share: Secret, nonce: string): Promise<Rekeyed | undefined>;
  /** @param nonce undefined = the caller may without. No error when none is under way. @throws Fault "invalid" for another nonce */
  cancel(nonce: string | undefined): Promise<void>;
  /** @throws Fault "invalid" when no rekey is under way */
  verification(): Promise<VerificationStatus>;
  /**
   * Takes one of the new shares; with enough of them they are the ones in force.
   * @returns undefined while more are needed; `complete: false` with a new nonce when they were others
   */
  verify(share: Secret, nonce: string): Promise<{ readonly complete: boolean; readonly nonce: string } | undefined>;
  /** Forgets the new shares entered so far; a new nonce. @param nonce as for `cancel` */
  restartVerification(nonce: string | undefined): Promise<void>;
}

export interface RootGenerationStatus {
  readonly started: boolean;
  readonly nonce: string;
  readonly progress: number;
  readonly required: number;
  /** Characters of a one-time password: as many as a token has. */
  readonly otpLength: number;
}

export interface RootGeneration {
  status(): Promise<RootGenerationStatus>;
  /** @param otp the caller's own; without it one is made. @returns the one that was made, shown this once */
  start(otp: Secret | undefined): Promise<{ readonly status: RootGenerationStatus; readonly otp: Secret | undefined }>;
  /**
   * Takes one share; with enough of them a root token is made.
   * @returns base64 without padding of the token XOR the password; undefined while more are needed
   * @throws as `Rekey.update`
   */
  update(share: Secret, nonce: string, mint: () => Promise<Secret>): Promise<string | undefined>;
  /** As `Rekey.cancel`. */
  cancel(nonce: string | undefined): Promise<void>;
}

/** When the key that encrypts the storage is replaced by itself. */
export interface RotationConfig {
  readonly enabled: boolean;
  /** Encryptions with one key. */
  readonly maxOperations: number;
  /** Milliseconds; 0 = not by time. */
  readonly interval: number;
}

export interface Rotation {
  read(): RotationConfig;
  /** @throws Fault "invalid" for what is out of range */
  write(change: Partial<RotationConfig>): Promise<void>;
}
