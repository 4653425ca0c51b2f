/**
 * One file the agent keeps: asks for what it needs, renders when an input has changed, places the result, runs the
 * command. Each item is its own state machine with its own back-off; nothing in here is shared with another item but
 * the store's values. A fault of this machine (a full disk, a missing user) is retried here and asks the server nothing.
 */
import { backoff } from "../lib/backoff.ts";
import type { Clock } from "../lib/clock.ts";
import { Doorbell } from "../lib/doorbell.ts";
import { type Fault, toFault } from "../lib/fault.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import { Secret } from "../lib/secret.ts";
import type { Known } from "./fetch/store.ts";
import type { DueCommand } from "./local/due.ts";
import { requestKey } from "./render/requests.ts";
import type { Lookup, ReadRequest, Rendered } from "./render/types.ts";

/** What an item needs of the store. */
export interface Values {
  known(request: ReadRequest): Known | undefined;
  want(request: ReadRequest): void;
  subscribe(listener: (key: string) => void): () => void;
}

export interface ItemOptions {
  /** The destination: what people know the item by. */
  readonly name: string;
  readonly required: boolean;
  readonly render: (known: Lookup) => Rendered | Promise<Rendered>;
  /** Compares, writes when it differs. @returns whether it wrote @throws Fault */
  readonly place: (text: Secret) => Promise<boolean>;
  readonly command: ((signal: AbortSignal) => Promise<void>) | undefined;
  /** Whether an earlier run was ended before its command; `place` notes it. undefined = there is no command. */
  readonly due: Pick<DueCommand, "read" | "clear"> | undefined;
  readonly values: Values;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Called at each change of `status`; must not throw. */
  readonly onChange: () => void;
}

export type ItemState = "starting" | "waiting" | "placed" | "failing";

export interface ItemStatus {
  readonly name: string;
  readonly required: boolean;
  readonly state: ItemState;
  /** It has been placed since the agent started, and its command has gone well. */
  readonly ready: boolean;
  /** What is wrong now; "" when nothing is. */
  readonly problem: string;
  /** Wall times, 0 = never. */
  readonly placedAt: number;
  readonly changedAt: number;
  readonly renders: number;
}

const RETRY = { first: 1_000, most: 60_000 };

/** Where the work stands: what is done is not done again when a later step fails. */
type Step = "render" | "place" | "command" | "rest";

export class Item {
  readonly #options: ItemOptions;
  readonly #bell = new Doorbell();
  #inputs = new Map<string, { readonly request: ReadRequest; readonly version: number }>();
  #step: Step = "render";
  #text = new Secret("");
  /** A written file's command has not gone well yet, whatever happens to the inputs meanwhile. */
  #commandDue = false;
  #attempt = 0;
  #status: ItemStatus;

  constructor(options: ItemOptions) {
    this.#options = options;
    const { name, required } = options;
    const none = { placedAt: 0, changedAt: 0, renders: 0, problem: "" };
    this.#status = { name, required, state: "starting", ready: false, ...none };
  }

  get status(): ItemStatus {
    return this.#status;
  }

  /** Runs until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const end = this.#options.values.subscribe((key) => {
      if (this.#inputs.has(key)) this.#bell.ring();
    });
    try {
      this.#commandDue = (await this.#options.due?.read()) ?? false;
      for (;;) await this.#bell.wait(this.#options.clock, await this.#work(signal), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      end();
    }
  }

  /** @returns milliseconds after which to try again if nothing rings before; Infinity when only new inputs help */
  async #work(signal: AbortSignal): Promise<number> {
    if (this.#inputsChanged()) this.#step = "render";
    try {
      while (this.#step !== "rest") {
        const next = await this.#take(this.#step, signal);
        if (next === undefined) return Infinity;
        this.#step = next;
      }
      this.#attempt = 0;
      this.#settle();
      return Infinity;
    } catch (error) {
      signal.throwIfAborted();
      return this.#fail(error);
    }
  }

  /** @returns the step after `step`; undefined when an input is missing */
  async #take(step: Step, signal: AbortSignal): Promise<Step | undefined> {
    const { place, command, due, log, name } = this.#options;
    if (step === "render") return (await this.#render()) ? "place" : undefined;
    if (step === "place") {
      const wrote = await place(this.#text);
      const now = this.#options.clock.now();
      this.#text = new Secret("");
      if (wrote) {
        this.#commandDue = true;
        this.#show({ changedAt: now });
        log("info", "file placed", { file: name });
      }
      return this.#commandDue ? "command" : "rest";
    }
    await command?.(signal);
    await due?.clear();
    this.#commandDue = false;
    return "rest";
  }

  async #render(): Promise<boolean> {
    const { values } = this.#options;
    const inputs = new Map<string, { readonly request: ReadRequest; readonly version: number }>();
    const rendered = await this.#options.render((request) => {
      const known = values.known(request);
      inputs.set(requestKey(request), { request, version: known?.version ?? 0 });
      return known?.value;
    });
    this.#inputs = inputs;
    this.#show({ renders: this.#status.renders + 1 });
    if ("text" in rendered) {
      this.#text = new Secret(rendered.text);
      return true;
    }
    for (const request of rendered.missing) {
      inputs.set(requestKey(request), { request, version: 0 });
      values.want(request);
    }
    const problem = this.#inputProblem();
    this.#show({
      state: problem === undefined ? "waiting" : "failing",
      problem: problem ?? `waiting for ${rendered.missing[0]?.path ?? ""}`,
    });
    return false;
  }

  #inputsChanged(): boolean {
    if (this.#step === "render") return false;
    return [...this.#inputs.values()].some(
      ({ request, version }) => this.#options.values.known(request)?.version !== version,
    );
  }

  #inputProblem(): string | undefined {
    for (const { request } of this.#inputs.values()) {
      const problem = this.#options.values.known(request)?.problem;
      if (problem !== undefined) return problem.message;
    }
    return undefined;
  }

  /** All is in place; an input that cannot be read again is still worth a word. */
  #settle(): void {
    const problem = this.#inputProblem();
    const placedAt = this.#options.clock.now();
    const state = problem === undefined ? "placed" : "failing";
    this.#show({ state, ready: true, problem: problem ?? "", placedAt });
  }

  #fail(error: unknown): number {
    const { log, name, random } = this.#options;
    const fault: Fault = toFault(error);
    const step = this.#step;
    const level = fault.message === this.#status.problem ? "debug" : "warn";
    log(level, `${step} failed`, { file: name, error: error instanceof Error ? error : fault });
    this.#show({ state: "failing", problem: fault.message });
    // A template fails the same way until an input changes.
    if (step === "render" && fault.kind === "invalid") return Infinity;
    const wait = backoff(this.#attempt, RETRY, random.fraction());
    this.#attempt += 1;
    return wait;
  }

  #show(part: Partial<ItemStatus>): void {
    this.#status = { ...this.#status, ...part };
    this.#options.onChange();
  }
}
