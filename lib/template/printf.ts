/** `fmt.Sprintf`: walks the format, takes the arguments. Source: Go `fmt/print.go`, `doPrintf` (go1.26). */
import type { Budget } from "./budget.ts";
import type { Value } from "./values.ts";
import { typeName } from "./values.ts";
import { formatValue, PLAIN, type Spec } from "./verbs.ts";

/** Go ignores a width or precision beyond this. */
const WIDEST = 1_000_000;

/** @param budget is charged for each piece before the next one is made */
export function sprintf(format: string, args: readonly Value[], budget: Budget): string {
  return new Walk(format, args, budget).run();
}

class Walk {
  readonly #format: string;
  readonly #args: readonly Value[];
  readonly #budget: Budget;
  #out = "";
  #at = 0;
  #arg = 0;
  /** An explicit index such as `[2]` was used somewhere: surplus arguments are no error then. */
  #reordered = false;
  #goodIndex = true;
  #afterIndex = false;

  constructor(format: string, args: readonly Value[], budget: Budget) {
    this.#format = format;
    this.#args = args;
    this.#budget = budget;
  }

  run(): string {
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf("%", this.#at);
      this.#write(this.#format.slice(this.#at, percent < 0 ? undefined : percent));
      if (percent < 0) break;
      this.#at = percent + 1;
      this.#directive();
    }
    if (!this.#reordered) this.#surplus();
    return this.#out;
  }

  #directive(): void {
    this.#goodIndex = true;
    this.#afterIndex = false;
    const flags = this.#flags();
    this.#index();
    const width = this.#width();
    const precision = this.#precision();
    this.#indexUnlessGiven();
    const negative = width !== undefined && width < 0;
    this.#verb({
      ...flags,
      minus: flags.minus || negative,
      zero: flags.zero && !negative,
      width: width === undefined ? undefined : Math.abs(width),
      precision,
    });
  }

  #flags(): Spec {
    const run = /[#0+\- ]*/y;
    run.lastIndex = this.#at;
    const flags = run.exec(this.#format)?.[0] ?? "";
    this.#at += flags.length;
    return {
      ...PLAIN,
      sharp: flags.includes("#"),
      zero: flags.includes("0"),
      plus: flags.includes("+"),
      minus: flags.includes("-"),
      space: flags.includes(" "),
    };
  }

  /** `[n]`: the next argument is the n-th. */
  #index(): void {
    this.#afterIndex = false;
    if (this.#format[this.#at] !== "[") return;
    this.#reordered = true;
    const end = this.#format.indexOf("]", this.#at);
    const text = end < 0 ? "" : this.#format.slice(this.#at + 1, end);
    const index = /^[0-9]{1,7}$/.test(text) ? Number(text) : 0;
    this.#at = end < 0 ? this.#at + 1 : end + 1;
    if (index >= 1 && index <= this.#args.length) {
      this.#arg = index - 1;
      this.#afterIndex = true;
    } else this.#goodIndex = false;
  }

  #indexUnlessGiven(): void {
    if (!this.#afterIndex) this.#index();
  }

  #width(): number | undefined {
    if (this.#format[this.#at] === "*") return this.#star("%!(BADWIDTH)");
    const width = this.#number();
    if (this.#afterIndex && width !== undefined) this.#goodIndex = false;
    return width;
  }

  #precision(): number | undefined {
    if (this.#format[this.#at] !== "." || this.#at + 1 >= this.#format.length) return undefined;
    this.#at += 1;
    if (this.#afterIndex) this.#goodIndex = false;
    this.#index();
    if (this.#format[this.#at] !== "*") return this.#number() ?? 0;
    const precision = this.#star("%!(BADPREC)", true);
    return precision !== undefined && precision < 0 ? undefined : precision;
  }

  /** `*`: the number is the next argument. */
  #star(bad: string, refuseNegative = false): number | undefined {
    this.#at += 1;
    this.#afterIndex = false;
    const value = this.#args[this.#arg];
    if (this.#arg < this.#args.length) this.#arg += 1;
    const number = typeof value === "bigint" ? Number(value) : undefined;
    const good = number !== undefined && Math.abs(number) <= WIDEST && !(refuseNegative && number < 0);
    if (!good) this.#write(bad);
    return good ? number : undefined;
  }

  #number(): number | undefined {
    const run = /[0-9]*/y;
    run.lastIndex = this.#at;
    const digits = run.exec(this.#format)?.[0] ?? "";
    if (digits === "") return undefined;
    this.#at += digits.length;
    const number = Number(digits);
    if (number <= WIDEST) return number;
    this.#at = this.#format.length;
    return undefined;
  }

  #verb(spec: Spec): void {
    const code = this.#format.codePointAt(this.#at);
    if (code === undefined) {
      this.#write("%!(NOVERB)");
      return;
    }
    const verb = String.fromCodePoint(code);
    this.#at += verb.length;
    if (verb === "%") this.#write("%");
    else if (!this.#goodIndex) this.#write(`%!${verb}(BADINDEX)`);
    else if (this.#arg >= this.#args.length) this.#write(`%!${verb}(MISSING)`);
    else {
      this.#budget.work((spec.width ?? 0) + (spec.precision ?? 0));
      this.#write(formatValue(this.#args[this.#arg], verb, spec));
      this.#arg += 1;
    }
  }

  #surplus(): void {
    const rest = this.#args.slice(this.#arg);
    if (rest.length === 0) return;
    const shown = rest.map((arg) =>
      arg === null || arg === undefined ? "<nil>" : `${typeName(arg)}=${formatValue(arg, "v", PLAIN)}`,
    );
    this.#write(`%!(EXTRA ${shown.join(", ")})`);
  }

  #write(text: string): void {
    this.#budget.work(text.length);
    this.#out += text;
  }
}
