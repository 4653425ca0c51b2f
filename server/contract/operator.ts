/** The life of the server as the system engine steers it: init, unseal, seal. `server/core` implements it over `Seal`. */
import type { Secret } from "../../lib/secret.ts";
import type { Rekey, RootGeneration, Rotation } from "./ceremonies.ts";
import type { Seal, SealStatus } from "./seal.ts";

export interface Initialized {
  readonly shares: readonly Buffer[];
  readonly rootToken: Secret;
}

/** Made at init. Known only while unsealed. */
export interface Cluster {
  readonly name: string;
  readonly id: string;
}

export interface Operator {
  status(): Promise<SealStatus>;
  /**
   * Makes the keys, the default mounts, the default policy and the root token; sealed afterwards.
   * @param rootToken chosen by the caller (dev mode); a fresh one without it
   */
  init(shares: number, threshold: number, rootToken?: Secret): Promise<Initialized>;
  /**
   * Takes one share; at the threshold opens mounts, tokens and audit too.
   * @throws as `Seal.unseal`; Fault "internal" naming the part that did not open: sealed again then
   */
  unseal(share: Secret): Promise<SealStatus>;
  /** Forgets the shares entered so far. */
  reset(): void;
  /** Drops everything decrypted, then the keys. Without effect when sealed. */
  seal(): Promise<void>;
  keyStatus: Seal["keyStatus"];
  rotate: Seal["rotate"];
  rotateRoot: Seal["rotateRoot"];
  readonly rotation: Rotation;
  readonly rekey: Rekey;
  /** As `RootGeneration`; the token is one of the root policy without an end. */
  readonly rootGeneration: Omit<RootGeneration, "update"> & {
    update(share: Secret, nonce: string): Promise<string | undefined>;
  };
  cluster(): Cluster | undefined;
}
