/**
 * The keys of this mount's issuer, as long as they may be believed. A token whose key is not among them has the set
 * fetched anew, at most once in an interval: no flood of made-up tokens becomes a flood on the issuer.
 */
import { Fault, toFault } from "../../../lib/fault.ts";
import type { EngineEnv } from "../../contract/engine.ts";
import type { IssuerDocuments } from "../../contract/jwks.ts";
import { document, type PublicKey, readKeySet, readPem } from "./keys.ts";

/** Milliseconds after which keys are fetched anew before they are used. */
const FRESH = 600_000;
/** Milliseconds that they are still believed while the issuer does not answer. */
const STALE = 3_600_000;
/** Milliseconds between two fetches for the sake of an unknown key. */
const INTERVAL = 30_000;
/** Milliseconds after a fetch that failed. */
const RETRY = 10_000;

export interface KeySource {
  readonly kind: "pem" | "jwks" | "discovery";
  readonly pems: readonly string[];
  readonly url: string;
  readonly caPem: string;
}

interface Kept {
  readonly source: string;
  readonly keys: readonly PublicKey[];
  /** On the monotonic clock. */
  readonly at: number;
}

export class KeySets {
  readonly #env: EngineEnv;
  readonly #documents: IssuerDocuments;
  #kept: Kept | undefined;
  #tried: { readonly source: string; readonly at: number; readonly failed: boolean } | undefined;
  #fetching: { readonly source: string; readonly keys: Promise<readonly PublicKey[]> } | undefined;

  constructor(env: EngineEnv, documents: IssuerDocuments) {
    this.#env = env;
    this.#documents = documents;
  }

  /** @throws Fault "unavailable" when they are not known and the issuer does not give them */
  async keys(source: KeySource): Promise<readonly PublicKey[]> {
    const name = JSON.stringify(source);
    const kept = this.#kept?.source === name ? this.#kept : undefined;
    const now = this.#env.clock.monotonic();
    if (kept !== undefined && (source.kind === "pem" || now - kept.at < FRESH)) return kept.keys;
    const believed = kept !== undefined && now - kept.at < STALE ? kept.keys : undefined;
    if (!this.#mayTry(name, false)) {
      if (believed !== undefined) return believed;
      throw unavailable();
    }
    try {
      return await this.#fetch(source, name);
    } catch (error) {
      this.#env.log("warn", "keys of the token issuer cannot be fetched", { error: toFault(error) });
      if (believed !== undefined) return believed;
      throw unavailable(error);
    }
  }

  /** For a key that is not among those. @returns undefined when it is too early to ask again, or there is nobody to ask */
  async newer(source: KeySource): Promise<readonly PublicKey[] | undefined> {
    const name = JSON.stringify(source);
    if (source.kind === "pem" || !this.#mayTry(name, true)) return undefined;
    try {
      return await this.#fetch(source, name);
    } catch (error) {
      this.#env.log("warn", "keys of the token issuer cannot be fetched", { error: toFault(error) });
      return undefined;
    }
  }

  /** Asks now, whatever is kept. @throws Fault "unavailable" saying what is wrong, "invalid" for a PEM that is no key */
  async check(source: KeySource): Promise<void> {
    await this.#fetch(source, JSON.stringify(source));
  }

  forget(): void {
    this.#kept = undefined;
    this.#tried = undefined;
    this.#fetching = undefined;
  }

  /** A fetch that is under way may be waited for. */
  #mayTry(name: string, unknownKey: boolean): boolean {
    if (this.#fetching?.source === name || this.#tried?.source !== name) return true;
    const wait = this.#tried.failed ? RETRY : unknownKey ? INTERVAL : 0;
    return this.#env.clock.monotonic() - this.#tried.at >= wait;
  }

  #fetch(source: KeySource, name: string): Promise<readonly PublicKey[]> {
    if (this.#fetching?.source === name) return this.#fetching.keys;
    const keys = this.#fetchNow(source, name).finally(() => {
      if (this.#fetching?.keys === keys) this.#fetching = undefined;
    });
    this.#fetching = { source: name, keys };
    return keys;
  }

  async #fetchNow(source: KeySource, name: string): Promise<readonly PublicKey[]> {
    const at = this.#env.clock.monotonic();
    this.#tried = { source: name, at, failed: false };
    try {
      const keys = await keysOf(source, this.#documents);
      this.#kept = { source: name, keys, at };
      return keys;
    } catch (error) {
      this.#tried = { source: name, at: this.#env.clock.monotonic(), failed: true };
      throw error;
    }
  }
}

function unavailable(cause?: unknown): Fault {
  return new Fault("unavailable", "the keys of the token issuer cannot be fetched now", { cause, retryAfter: RETRY });
}

async function keysOf(
  { kind, pems, url, caPem }: KeySource,
  documents: IssuerDocuments,
): Promise<readonly PublicKey[]> {
  if (kind === "pem") return pems.map(readPem);
  const from = kind === "jwks" ? url : await keySetUrl(url, caPem, documents);
  return readKeySet(await documents.get(from, caPem));
}

/** OpenID Connect Discovery 1.0 sections 4.1 and 4.3: the document must name the issuer exactly as it was asked for. */
async function keySetUrl(issuer: string, caPem: string, documents: IssuerDocuments): Promise<string> {
  const found = document(await documents.get(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`, caPem));
  if (found.get("issuer") !== issuer) {
    throw new Fault("unavailable", "oidc issuer did not match the issuer returned by provider");
  }
  const url = found.get("jwks_uri");
  if (typeof url !== "string" || !URL.canParse(url)) throw new Fault("unavailable", "the provider names no jwks_uri");
  const { protocol } = new URL(url);
  if (protocol !== "https:" && protocol !== new URL(issuer).protocol) {
    throw new Fault("unavailable", "the provider's jwks_uri has no TLS");
  }
  return url;
}
