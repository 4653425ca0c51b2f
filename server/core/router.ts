/**
 * Which mount serves a path, and what runs behind it. Mounts never lie within one another, so the first prefix of a
 * path that is a mount is also the longest.
 */
import type { Engine, Mount } from "../contract/engine.ts";
import type { Storage } from "../contract/storage.ts";
import { compileRoutes, type Matcher } from "./matcher.ts";
import { type Revocable, revocable } from "./revocable.ts";

/** A mounted engine: its table compiled, its tasks, and the requests it is serving. */
export class Slot {
  /** Replaced as a whole by a tune. */
  mount: Mount;
  readonly engine: Engine;
  readonly match: Matcher;
  readonly storage: Storage;
  /** Disabled while a request is still in it: what that one brings comes to nothing. */
  gone = false;
  readonly #own: Revocable;
  readonly #stop = new AbortController();
  #task: Promise<void> = Promise.resolve();
  #active = 0;
  #idle: (() => void) | undefined;

  constructor(mount: Mount, engine: Engine, storage: Storage) {
    this.mount = mount;
    this.engine = engine;
    this.match = compileRoutes(engine.routes);
    this.#own = revocable(storage);
    this.storage = this.#own.storage;
  }

  enter(): void {
    this.#active += 1;
  }

  leave(): void {
    this.#active -= 1;
    if (this.#active === 0) this.#idle?.();
  }

  /** Resolves when no request is in it. It must be out of the router by then, or more may come. */
  async idle(): Promise<void> {
    if (this.#active === 0) return;
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
  }

  /** Takes its storage away from all that is still in it. */
  cut(): Promise<void> {
    return this.#own.revoke();
  }

  /** Starts the engine's own work; `failed` hears of an end that no stop has asked for. */
  start(failed: (error: unknown) => void): void {
    const { engine, storage } = this;
    if (engine.run === undefined) return;
    const mount = (): Mount => this.mount;
    const context = {
      storage,
      get mount() {
        return mount();
      },
    };
    this.#task = engine.run(context, this.#stop.signal).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) failed(error);
    });
  }

  /** Ends that work and drops what is decrypted. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.engine.forget?.();
    await this.#task;
  }
}

export interface Routed {
  readonly slot: Slot;
  /** Below the mount. */
  readonly rest: string;
}

export class Router {
  readonly #slots = new Map<string, Slot>();

  add(slot: Slot): void {
    this.#slots.set(slot.mount.path, slot);
  }

  remove(path: string): Slot | undefined {
    const slot = this.#slots.get(path);
    this.#slots.delete(path);
    return slot;
  }

  get(path: string): Slot | undefined {
    return this.#slots.get(path);
  }

  all(): readonly Slot[] {
    return [...this.#slots.values()];
  }

  clear(): void {
    this.#slots.clear();
  }

  /** @param path as `Call.path`; that of a mount without its slash finds the mount too */
  find(path: string): Routed | undefined {
    for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
      const slot = this.#slots.get(path.slice(0, at + 1));
      if (slot !== undefined) return { slot, rest: path.slice(at + 1) };
    }
    const slot = this.#slots.get(`${path}/`);
    return slot === undefined ? undefined : { slot, rest: "" };
  }
}
