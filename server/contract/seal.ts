/** Seal and barrier as the pipeline and the system engine use them; `server/seal` and `server/barrier` implement them. */
import type { Secret } from "../../lib/secret.ts";
import type { Rekey, RootGeneration, Rotation } from "./ceremonies.ts";
import type { Storage } from "./storage.ts";

export interface SealStatus {
  readonly type: "shamir";
  readonly initialized: boolean;
  readonly sealed: boolean;
  /** Threshold and number of shares; 0 before init. */
  readonly t: number;
  readonly n: number;
  readonly progress: number;
  /** Of the unseal under way: a random string; "" when none is. */
  readonly nonce: string;
}

export interface InitResult {
  /** In the order of the shares; hex and base64 are made by the route. */
  readonly shares: readonly Buffer[];
}

export interface Seal {
  status(): Promise<SealStatus>;
  /** @throws Fault "invalid" for bad numbers, or "Vault is already initialized" */
  init(shares: number, threshold: number): Promise<InitResult>;
  /**
   * Takes one share. At the threshold: opens the barrier, or forgets the shares and throws.
   * @param share hex or base64, as Vault takes both
   * @returns the status after it
   * @throws Fault "invalid" when the share is malformed or the shares do not make the key
   */
  unseal(share: Secret): Promise<SealStatus>;
  /** Forgets the shares entered so far. */
  reset(): void;
  /**
   * Ends what is under way with shares; resolves once nothing of it is being written, so that new shares which are in
   * force already can still be told. To be called before `seal`.
   */
  settle(): Promise<void>;
  /** Zero-fills every key and share; storage reads answer Fault "sealed" from here on. */
  seal(): void;
  /** The decrypted storage; its verbs throw Fault "sealed" while sealed. */
  readonly storage: Storage;
  /** Term of the newest key and when it was installed, for sys/key-status. */
  keyStatus(): Promise<{ readonly term: number; readonly installTime: number; readonly encryptions: number }>;
  /** A new key for all writes from here on. @throws Fault "sealed" */
  rotate(): Promise<void>;
  /** A new root key under the same shares. @throws Fault "sealed" */
  rotateRoot(): Promise<void>;
  readonly rekey: Rekey;
  readonly rootGeneration: RootGeneration;
  /** Opened by the core after the barrier; forgets at `seal`. */
  readonly rotation: Rotation & {
    open(): Promise<void>;
    /** Rotates when it is time to, until `signal` aborts. */
    run(signal: AbortSignal): Promise<void>;
  };
}
