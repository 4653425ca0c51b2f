/**
 * Composes the stages: the keeper's token feeds the store, the store's values feed the items, the items' states feed
 * systemd and the status file. Everything that touches the machine is handed in, so that tests run the whole of it.
 */
import { setMaxListeners } from "node:events";
import type { Clock } from "../lib/clock.ts";
import { Daemon, untilAborted } from "../lib/daemon.ts";
import { Doorbell } from "../lib/doorbell.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import type { Secret } from "../lib/secret.ts";
import type { Api } from "../lib/wire/api.ts";
import type { AgentConfig, CommandConfig, ItemConfig, TargetConfig } from "./config/types.ts";
import { Reader } from "./fetch/reader.ts";
import { Store } from "./fetch/store.ts";
import { pollingWatch } from "./fetch/watch.ts";
import { Item, type ItemStatus } from "./item.ts";
import type { DueCommands } from "./local/due.ts";
import type { LoginMethod } from "./login/method.ts";
import { requestKey } from "./render/requests.ts";
import type { Lookup, Rendered } from "./render/types.ts";
import { renderToken, tokenValues } from "./sink.ts";
import { TokenKeeper, type TokenStatus } from "./token/keeper.ts";

export interface AgentStatus {
  readonly token: TokenStatus;
  readonly items: readonly ItemStatus[];
  /** undefined = every required item is in place. */
  readonly blocker: string | undefined;
}

export interface Machine {
  readonly api: Api;
  readonly method: LoginMethod;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** @returns how to render the item; a template that cannot be compiled throws when it is first rendered */
  readonly renderer: (item: ItemConfig) => (known: Lookup) => Rendered | Promise<Rendered>;
  /** @param beforeSwap as `Placing.place` @returns whether the file was written @throws Fault */
  readonly place: (target: TargetConfig, text: Secret, beforeSwap?: () => Promise<void>) => Promise<boolean>;
  readonly runCommand: (command: CommandConfig, target: TargetConfig, signal: AbortSignal) => Promise<void>;
  /** What an earlier run that was killed still owes. */
  readonly due: DueCommands;
}

export class Agent {
  readonly #config: AgentConfig;
  readonly #machine: Machine;
  readonly #keeper: TokenKeeper;
  readonly #store: Store;
  readonly #items: readonly Item[];
  readonly #listeners = new Set<() => void>();

  constructor(config: AgentConfig, machine: Machine) {
    const { api, method, clock, random, log } = machine;
    this.#config = config;
    this.#machine = machine;
    this.#keeper = new TokenKeeper({ api, method, clock, random, log, retry: config.retry });
    const reader = new Reader(api, this.#keeper);
    this.#store = new Store({
      read: (request, signal) => reader.read(request, signal),
      watch: pollingWatch({ clock, random, interval: config.interval }),
      clock,
      random,
      log,
      retry: config.retry,
    });
    this.#items = [...config.items.map((item) => this.#itemOf(item)), ...this.#sinks()];
  }

  get status(): AgentStatus {
    const token = this.#keeper.status;
    const items = this.#items.map((item) => item.status);
    return { token, items, blocker: blockerOf(token, items) };
  }

  /** @param listener called at each change of `status`; must not throw */
  subscribe(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Runs until `signal` aborts, or with `exit_after_auth` until everything was placed once. @throws what no retry helps against */
  async run(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const end = (): void => {
      over.abort();
    };
    signal.addEventListener("abort", end, { once: true });
    if (signal.aborted) end();
    const tasks = [
      (stop: AbortSignal) => {
        // Each item waits on it: their number is no leak.
        setMaxListeners(0, stop);
        return this.#keeper.run(stop);
      },
      (stop: AbortSignal) => this.#readOnceLoggedIn(stop),
      ...this.#items.map((item) => (stop: AbortSignal) => item.run(stop)),
      ...(this.#config.exitAfterAuth ? [(stop: AbortSignal) => this.#endWhenPlaced(end, stop)] : []),
    ];
    this.#keeper.subscribe(() => {
      this.#tell();
    });
    await new Daemon(tasks).run(over.signal);
    signal.removeEventListener("abort", end);
  }

  #itemOf(item: ItemConfig): Item {
    const { command, required, target } = item;
    const { clock, random, log, place, renderer, runCommand, due } = this.#machine;
    const owed = command === undefined ? undefined : due.of(target.path);
    return new Item({
      name: target.path,
      required,
      render: renderer(item),
      place: (text) => place(target, text, () => owed?.note() ?? Promise.resolve()),
      command: command === undefined ? undefined : (signal) => runCommand(command, target, signal),
      due: owed,
      values: this.#store,
      clock,
      random,
      log,
      onChange: () => {
        this.#tell();
      },
    });
  }

  #sinks(): readonly Item[] {
    const { clock, random, log, place } = this.#machine;
    return this.#config.sinks.map(
      ({ target }) =>
        new Item({
          name: target.path,
          required: true,
          render: renderToken,
          place: (text) => place(target, text),
          command: undefined,
          due: undefined,
          values: tokenValues(this.#keeper, requestKey),
          clock,
          random,
          log,
          onChange: () => {
            this.#tell();
          },
        }),
    );
  }

  /** Nothing can be read before there is a token; after each new one, what failed is tried at once. */
  async #readOnceLoggedIn(signal: AbortSignal): Promise<void> {
    const bell = new Doorbell();
    const end = this.#keeper.subscribe(() => {
      bell.ring();
    });
    try {
      while (this.#keeper.token === undefined) await bell.wait(this.#machine.clock, Infinity, signal);
    } catch {
      return;
    } finally {
      end();
    }
    let last: Secret | undefined = this.#keeper.token;
    this.#keeper.subscribe(() => {
      if (this.#keeper.token === last) return;
      last = this.#keeper.token;
      this.#store.retryNow();
    });
    await this.#store.run(signal);
  }

  async #endWhenPlaced(end: () => void, signal: AbortSignal): Promise<void> {
    const look = (): void => {
      const done = (item: ItemStatus): boolean => item.ready || (!item.required && item.state === "failing");
      if (this.status.items.every(done)) end();
    };
    this.subscribe(look);
    look();
    await untilAborted(signal);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

function blockerOf(token: TokenStatus, items: readonly ItemStatus[]): string | undefined {
  const blocked = items.filter((item) => item.required && !item.ready);
  const [first] = blocked;
  if (first === undefined) return undefined;
  if (token.expiresAt === 0) return token.problem === "" ? "logging in" : token.problem;
  const others = blocked.length > 1 ? ` (and ${String(blocked.length - 1)} more)` : "";
  return `${first.name}: ${first.problem === "" ? first.state : first.problem}${others}`;
}
