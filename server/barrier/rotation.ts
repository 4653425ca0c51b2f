/**
 * When the key that encrypts the storage is replaced by itself: after so many encryptions, and after so long. Kept
 * behind the barrier as "core/rotation", JSON with a format. Source: Vault's API page "/sys/rotate/config"; the greatest
 * number of encryptions is that of NIST SP 800-38D section 8.3 with room to spare, as Vault has it.
 */
import type { Clock } from "../../lib/clock.ts";
import { Fault, toFault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import { isJsonMap, JsonNumber, parseJson, stringifyJson } from "../../lib/wire/json.ts";
import type { Rotation, RotationConfig } from "../contract/ceremonies.ts";
import { type Barrier, DEFAULT_ROTATE_AFTER } from "./barrier.ts";

const KEY = "core/rotation";
const FORMAT = 1;
const FEWEST = 1_000_000;
/** Nine tenths of 2^32: also the limit when rotation is switched off. */
const MOST = 3_865_470_566;
const SHORTEST = 24 * 3_600_000;
/** After a rotation that failed. */
const RETRY = 60_000;
const DEFAULT: RotationConfig = { enabled: true, maxOperations: DEFAULT_ROTATE_AFTER, interval: 0 };

export class KeyRotation implements Rotation {
  readonly #barrier: Barrier;
  readonly #clock: Clock;
  readonly #log: Log;
  #config = DEFAULT;
  /** Wakes the one that waits for the time. */
  #changed = new AbortController();

  constructor(barrier: Barrier, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#barrier = barrier;
    this.#clock = clock;
    this.#log = log;
  }

  async open(): Promise<void> {
    const bytes = await this.#barrier.storage.get(KEY);
    this.#use(bytes === undefined ? DEFAULT : decode(bytes));
  }

  read(): RotationConfig {
    return this.#config;
  }

  async write(change: Partial<RotationConfig>): Promise<void> {
    const next = await this.#barrier.storage.transact(async (tx) => {
      const bytes = await tx.get(KEY);
      const merged = { ...(bytes === undefined ? DEFAULT : decode(bytes)), ...change };
      check(merged);
      tx.put(KEY, Buffer.from(stringifyJson({ format: FORMAT, ...merged }), "utf8"));
      return merged;
    });
    this.#use(next);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const wait = this.#untilDue();
      if (wait === 0) {
        await this.#rotate(signal);
        continue;
      }
      const either = AbortSignal.any([signal, this.#changed.signal]);
      await (wait === undefined ? aborted(either) : this.#clock.sleep(wait, either)).catch(() => undefined);
    }
  }

  async #rotate(signal: AbortSignal): Promise<void> {
    try {
      await this.#barrier.rotate();
    } catch (error) {
      if (signal.aborted) return;
      this.#log("error", "the barrier key was not rotated at its time", { error: toFault(error) });
      await this.#clock.sleep(RETRY, signal).catch(() => undefined);
    }
  }

  /** Milliseconds; undefined = never. */
  #untilDue(): number | undefined {
    const { enabled, interval } = this.#config;
    if (!enabled || interval === 0) return undefined;
    return Math.max(0, this.#barrier.keyStatus().installTime + interval - this.#clock.now());
  }

  #use(config: RotationConfig): void {
    this.#config = config;
    this.#barrier.rotateAfter(config.enabled ? config.maxOperations : MOST);
    this.#changed.abort();
    this.#changed = new AbortController();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener(
      "abort",
      () => {
        resolve();
      },
      { once: true },
    );
  });
}

/** In Vault's words. */
function check({ maxOperations, interval }: RotationConfig): void {
  if (interval !== 0 && interval < SHORTEST) {
    throw new Fault("invalid", "interval must be greater or equal to 24h0m0s");
  }
  if (!Number.isSafeInteger(maxOperations) || maxOperations < FEWEST || maxOperations > MOST) {
    throw new Fault("invalid", `max_operations must be in the range [${String(FEWEST)},${String(MOST)}]`);
  }
}

function decode(bytes: Uint8Array): RotationConfig {
  const json = parseJson(Buffer.from(bytes).toString("utf8"));
  const number = (name: string): number => {
    const value = isJsonMap(json) ? json.get(name) : undefined;
    if (value instanceof JsonNumber) return Number(value.text);
    throw new Fault("internal", `the record of key rotation is damaged: ${name}`);
  };
  const format = number("format");
  if (format !== FORMAT) {
    throw new Fault(
      "internal",
      `the record of key rotation has format ${String(format)}, this program reads ${String(FORMAT)}`,
    );
  }
  const enabled = isJsonMap(json) && json.get("enabled") === true;
  return { enabled, maxOperations: number("maxOperations"), interval: number("interval") };
}
