/**
 * What is known of each thing that some item asked for. Items that ask for the same thing share one request; each thing
 * has its own back-off, so one that fails costs the others nothing. A value stays when a later read of it fails.
 */
import { createHash } from "node:crypto";
import { backoff } from "../../lib/backoff.ts";
import type { Clock } from "../../lib/clock.ts";
import { Doorbell } from "../../lib/doorbell.ts";
import { type Fault, toFault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import { stringifyJson } from "../../lib/wire/json.ts";
import { requestKey } from "../render/requests.ts";
import type { ReadRequest, ReadResult } from "../render/types.ts";
import type { Watch } from "./watch.ts";

export interface StoreOptions {
  readonly read: (request: ReadRequest, signal: AbortSignal) => Promise<ReadResult>;
  readonly watch: Watch;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly retry: { readonly first: number; readonly most: number };
}

export interface Known {
  /** undefined until the first success. */
  readonly value: ReadResult | undefined;
  /** Grows with each value that differs from the one before; 0 = none yet. */
  readonly version: number;
  /** Why the last attempt failed; undefined after a success. */
  readonly problem: Fault | undefined;
  /** Wall time of the last success, 0 = never. */
  readonly readAt: number;
}

interface Source {
  readonly key: string;
  readonly request: ReadRequest;
  readonly bell: Doorbell;
  value: ReadResult | undefined;
  digest: string;
  version: number;
  problem: Fault | undefined;
  readAt: number;
  busy: boolean;
}

const LONGEST_RETRY_AFTER = 600_000;
/** A leased secret is taken anew at this part of its life: asking earlier would make a second one. */
const LEASE_PART = 2 / 3;

export class Store {
  readonly #options: StoreOptions;
  readonly #sources = new Map<string, Source>();
  readonly #listeners = new Set<(key: string) => void>();
  #signal: AbortSignal | undefined;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** @param listener is told the key of what has a new value or a new problem; must not throw @returns how to end it */
  subscribe(listener: (key: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  known(request: ReadRequest): Known | undefined {
    return this.#sources.get(requestKey(request));
  }

  /** Has `request` read, once however often and by however many it is wanted. */
  want(request: ReadRequest): void {
    const key = requestKey(request);
    if (this.#sources.has(key)) return;
    const source: Source = {
      key,
      request,
      bell: new Doorbell(),
      value: undefined,
      digest: "",
      version: 0,
      problem: undefined,
      readAt: 0,
      busy: false,
    };
    this.#sources.set(key, source);
    this.#start(source);
  }

  /** There is a new token: what failed is tried again at once. */
  retryNow(): void {
    for (const source of this.#sources.values()) if (source.problem !== undefined) source.bell.ring();
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const source of this.#sources.values()) this.#start(source);
    const polled = (): readonly Source[] => [...this.#sources.values()].filter(isPolled);
    const paths = (): readonly string[] => [...new Set(polled().map(({ request }) => request.path))];
    const changed = (news: readonly string[]): void => {
      const due = new Set(news);
      for (const source of polled()) if (due.has(source.request.path)) this.#start(source);
    };
    await this.#options.watch.watch(paths, changed, signal);
  }

  #start(source: Source): void {
    const signal = this.#signal;
    if (signal === undefined || source.busy) return;
    source.busy = true;
    this.#readUntilDone(source, signal).then(
      () => {
        source.busy = false;
      },
      (error: unknown) => {
        source.busy = false;
        if (!signal.aborted) this.#options.log("error", "reading stopped", { error: toFault(error) });
      },
    );
  }

  async #readUntilDone(source: Source, signal: AbortSignal): Promise<void> {
    const { clock, random, retry, read } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const value = await read(source.request, signal);
        this.#accept(source, value);
        const again = renewalOf(value);
        if (again === undefined) return;
        await source.bell.wait(clock, again, signal);
        attempt = -1;
      } catch (error) {
        signal.throwIfAborted();
        this.#refuse(source, error);
        const wait = backoff(attempt, retry, random.fraction());
        const asked = Math.min(source.problem?.retryAfter ?? 0, LONGEST_RETRY_AFTER);
        if (await source.bell.wait(clock, Math.max(wait, asked), signal)) attempt = -1;
      }
    }
  }

  #accept(source: Source, value: ReadResult): void {
    const digest = digestOf(value);
    const news = digest !== source.digest || source.problem !== undefined;
    if (digest !== source.digest) {
      source.value = value;
      source.digest = digest;
      source.version += 1;
    }
    source.problem = undefined;
    source.readAt = this.#options.clock.now();
    if (news) this.#tell(source);
  }

  #refuse(source: Source, error: unknown): void {
    const fault = toFault(error);
    const news = source.problem?.message !== fault.message;
    source.problem = fault;
    if (!news) return;
    this.#options.log("warn", "reading failed", { error: error instanceof Error ? error : fault });
    this.#tell(source);
  }

  #tell(source: Source): void {
    for (const listener of this.#listeners) listener(source.key);
  }
}

/** What was written is not sent again and again: each time would make another one. */
function isPolled(source: Source): boolean {
  return source.request.kind !== "write";
}

/** @returns milliseconds until a leased value must be taken anew */
function renewalOf(value: ReadResult): number | undefined {
  if (value.kind !== "secret" || value.leaseId === "" || value.leaseDuration === 0) return undefined;
  return value.leaseDuration * 1000 * LEASE_PART;
}

/** Of what a template can see, the request's own id left out. */
function digestOf(value: ReadResult): string {
  const text =
    value.kind === "file"
      ? `file ${value.text}`
      : stringifyJson({ data: value.data, auth: value.auth, wrap: value.wrapInfo, lease: value.leaseId });
  return createHash("sha256").update(text, "utf16le").digest("base64");
}
