/** The bounds of one rendering, so that no template, by mistake or malice, takes the agent's time or memory. */
import { Fault } from "../fault.ts";

export interface TemplateLimits {
  /** Statements, loop turns and evaluations together. */
  readonly steps: number;
  /** Characters written to the result. */
  readonly output: number;
  /** Characters and list elements that all function calls together may produce. */
  readonly work: number;
  /** Lists, pipelines and template calls within one another. */
  readonly depth: number;
}

export const DEFAULT_TEMPLATE_LIMITS: TemplateLimits = {
  steps: 1_000_000,
  output: 4 * 2 ** 20,
  work: 16 * 2 ** 20,
  depth: 400,
};

export class Budget {
  readonly #limits: TemplateLimits;
  #steps = 0;
  #output = 0;
  #work = 0;
  #depth = 0;

  constructor(limits: TemplateLimits) {
    this.#limits = limits;
  }

  /** @throws Fault "too-large", as all methods here */
  step(): void {
    this.#steps += 1;
    if (this.#steps > this.#limits.steps) throw over("steps", this.#limits.steps);
  }

  output(characters: number): void {
    this.#output += characters;
    if (this.#output > this.#limits.output) throw over("characters of output", this.#limits.output);
  }

  /** Call it with the size of a result before making it, where the result can be larger than the arguments. */
  work(amount: number): void {
    this.#work += amount;
    if (this.#work > this.#limits.work) throw over("characters of intermediate results", this.#limits.work);
  }

  /** Runs `inner` one level deeper. */
  nested<T>(inner: () => T): T {
    this.#depth += 1;
    if (this.#depth > this.#limits.depth) throw over("nested blocks and template calls", this.#limits.depth);
    try {
      return inner();
    } finally {
      this.#depth -= 1;
    }
  }
}

function over(what: string, most: number): Fault {
  return new Fault("too-large", `the template needs more than ${String(most)} ${what}`);
}
