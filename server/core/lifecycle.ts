/**
 * Init, unseal and seal: the order in which everything decrypted comes up and goes away again. Changes of state happen
 * one at a time. Source: Vault's pages "Seal/Unseal" and "/sys/init".
 */
import { Fault, toFault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import { Secret } from "../../lib/secret.ts";
import { isJsonMap, JsonNumber, parseJson, stringifyJson } from "../../lib/wire/json.ts";
import type { Audit } from "../contract/audit.ts";
import type { Cluster, Initialized, Operator } from "../contract/operator.ts";
import type { Policies } from "../contract/policy.ts";
import type { Seal, SealStatus } from "../contract/seal.ts";
import type { Storage } from "../contract/storage.ts";
import type { NewToken, Tokens } from "../contract/tokens.ts";
import type { MountTable } from "./mounts.ts";
import { turnstile } from "./turnstile.ts";

/** A part that holds something decrypted while unsealed. */
export interface Openable {
  /** For the log and the error when it does not open. */
  readonly name: string;
  open(): Promise<void>;
  forget(): void;
  /** What falls due while unsealed; ends when `signal` aborts. */
  expire?(signal: AbortSignal): Promise<void>;
}

export interface LifecycleParts {
  readonly seal: Seal;
  readonly mounts: MountTable;
  readonly tokens: Tokens;
  readonly policies: Policies;
  readonly audit: Audit;
  /** Opened in this order after the mounts and the tokens, before the audit. */
  readonly others: readonly Openable[];
  readonly clusterName: string;
  /** Below "core/". */
  readonly storage: Storage;
  readonly random: Random;
  readonly log: Log;
}

const CLUSTER_KEY = "cluster";
/** Of the record at this key. */
const FORMAT = 1;

export class Lifecycle implements Operator {
  readonly rotation: Operator["rotation"];
  readonly rekey: Operator["rekey"];
  readonly rootGeneration: Operator["rootGeneration"];
  readonly #parts: LifecycleParts;
  readonly #inTurn = turnstile();
  #open = false;
  /** From the beginning of an unseal to the end of a seal: what is up is not brought up again. */
  #up = false;
  #stop = new AbortController();
  #expiry: Promise<void> = Promise.resolve();
  #cluster: Cluster | undefined;

  constructor(parts: LifecycleParts) {
    const { seal, tokens } = parts;
    this.#parts = parts;
    this.rotation = seal.rotation;
    this.rekey = seal.rekey;
    const ceremony = seal.rootGeneration;
    this.rootGeneration = {
      status: () => ceremony.status(),
      start: (otp) => ceremony.start(otp),
      update: (share, nonce) =>
        ceremony.update(share, nonce, async () => (await tokens.create(rootTokenOf(undefined))).token),
      cancel: (nonce) => ceremony.cancel(nonce),
    };
  }

  isOpen(): boolean {
    return this.#open;
  }

  cluster(): Cluster | undefined {
    return this.#cluster;
  }

  /** Sealed until everything is open, so that a probe does not send requests here before they are served. */
  async status(): Promise<SealStatus> {
    const status = await this.#parts.seal.status();
    return this.#open ? status : { ...status, sealed: true };
  }

  keyStatus(): ReturnType<Seal["keyStatus"]> {
    return this.#parts.seal.keyStatus();
  }

  reset(): void {
    this.#parts.seal.reset();
  }

  rotate(): Promise<void> {
    return this.#parts.seal.rotate();
  }

  rotateRoot(): Promise<void> {
    return this.#parts.seal.rotateRoot();
  }

  init(shares: number, threshold: number, rootToken?: Secret): Promise<Initialized> {
    return this.#inTurn(async () => {
      const { seal, mounts, policies, tokens } = this.#parts;
      const made = await seal.init(shares, threshold);
      try {
        await this.#openBarrier(made.shares.slice(0, threshold));
        await this.#nameCluster();
        await mounts.seed();
        await policies.seed();
        await tokens.open();
        const { token } = await tokens.create(rootTokenOf(rootToken));
        return { shares: made.shares, rootToken: token };
      } finally {
        await this.#close();
      }
    });
  }

  unseal(share: Secret): Promise<SealStatus> {
    return this.#inTurn(async () => {
      if (this.#up) return this.status();
      const status = await this.#parts.seal.unseal(share);
      if (!status.sealed) await this.#openUp();
      return status;
    });
  }

  seal(): Promise<void> {
    // The gate closes at once: requests that come from here on find it sealed.
    this.#open = false;
    return this.#inTurn(() => this.#close());
  }

  /** The seal may come out of init open or sealed; with one share the share is the key. */
  async #openBarrier(shares: readonly Buffer[]): Promise<void> {
    const { seal } = this.#parts;
    for (const share of shares) {
      if (!(await seal.status()).sealed) return;
      await seal.unseal(new Secret(share.toString("hex")));
    }
  }

  async #openUp(): Promise<void> {
    const { mounts, tokens, audit, log } = this.#parts;
    this.#up = true;
    try {
      await this.#step("key rotation", () => this.#parts.seal.rotation.open());
      await this.#step("cluster", () => this.#readCluster());
      await this.#step("mounts", () => mounts.load());
      await this.#step("tokens", () => tokens.open());
      for (const part of this.#parts.others) await this.#step(part.name, () => part.open());
      await this.#step("audit", () => audit.open());
      await this.#step("disabled auth methods", () => mounts.finishRevocations());
    } catch (error) {
      await this.#close();
      throw error;
    }
    this.#stop = new AbortController();
    this.#startExpiry();
    mounts.start();
    this.#open = true;
    log("info", "open: requests are served");
  }

  #startExpiry(): void {
    const { signal } = this.#stop;
    const watched = (part: string, work: Promise<void> | undefined): Promise<void> =>
      (work ?? Promise.resolve()).catch((error: unknown) => {
        if (!signal.aborted) this.#parts.log("error", "what falls due is not seen to", { part, error: toFault(error) });
      });
    const { seal, tokens, others } = this.#parts;
    const all = [
      watched("key rotation", seal.rotation.run(signal)),
      watched("tokens", tokens.expire(signal)),
      ...others.map((part) => watched(part.name, part.expire?.(signal))),
    ];
    this.#expiry = Promise.all(all).then(() => undefined);
  }

  async #step(part: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.log("error", "unseal failed, sealed again", { part, error: toFault(error) });
      const why = error instanceof Fault ? `: ${error.message}` : "";
      throw new Fault("internal", `unseal failed while opening ${part}${why}`, { cause: error });
    }
  }

  /** Everything decrypted goes, whatever fails on the way; the keys go last and always. */
  async #close(): Promise<void> {
    const { seal, mounts, tokens, policies, audit, log } = this.#parts;
    this.#open = false;
    this.#stop.abort();
    try {
      await seal.settle();
      await mounts.stop();
      await this.#expiry;
      await audit.close();
    } catch (error) {
      log("error", "a part did not close cleanly at seal", { error: toFault(error) });
    } finally {
      for (const part of this.#parts.others) part.forget();
      tokens.forget();
      policies.forget();
      this.#cluster = undefined;
      seal.seal();
      this.#up = false;
    }
  }

  async #nameCluster(): Promise<void> {
    const { random, storage, clusterName } = this.#parts;
    const name = clusterName || `oksae-cluster-${random.bytes(4).toString("hex")}`;
    const text = stringifyJson({ format: FORMAT, name, id: random.uuid() });
    await storage.transact((tx) => {
      tx.put(CLUSTER_KEY, Buffer.from(text, "utf8"));
      return Promise.resolve();
    });
  }

  async #readCluster(): Promise<void> {
    const bytes = await this.#parts.storage.get(CLUSTER_KEY);
    const json = bytes === undefined ? undefined : parseJson(Buffer.from(bytes).toString("utf8"));
    const format = isJsonMap(json) ? json.get("format") : undefined;
    if (format instanceof JsonNumber && format.text !== String(FORMAT)) {
      throw new Fault("internal", `the cluster's name has format ${format.text}, this program reads ${String(FORMAT)}`);
    }
    const [name, id] = isJsonMap(json) ? [json.get("name"), json.get("id")] : [];
    if (typeof name !== "string" || typeof id !== "string") {
      throw new Fault(
        "internal",
        "the cluster's name is not in storage: init was cut short; start over with empty storage",
      );
    }
    this.#cluster = { name, id };
  }
}

function rootTokenOf(id: Secret | undefined): NewToken {
  return {
    id,
    type: "service",
    policies: ["root"],
    path: "auth/token/root",
    displayName: "root",
    metadata: new Map(),
    ttl: 0,
    explicitMaxTtl: 0,
    maxTtl: 0,
    period: 0,
    renewable: false,
    numUses: 0,
    parent: "",
    boundCidrs: [],
    entityId: "",
    role: "",
    internal: new Map(),
  };
}
