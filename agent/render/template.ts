/** A config template: source -> text, against what is known. The types, and how to drive it, are in `types.ts`. */
import type { Clock } from "../../lib/clock.ts";
import { DEFAULT_TEMPLATE_LIMITS, type TemplateLimits } from "../../lib/template/budget.ts";
import { parseTemplate } from "../../lib/template/template.ts";
import { textFunctions } from "./functions.ts";
import { Missing, readFunctions } from "./reads.ts";
import type { Template } from "./types.ts";

export interface CompileOptions {
  /** How errors call the template: its file, or its destination when it stands in the configuration. */
  readonly name: string;
  readonly env: ReadonlyMap<string, string>;
  readonly clock: Clock;
  /** "error" when left out: a missing key is an error naming it. "default" prints `<no value>`. */
  readonly missingKey?: "error" | "default";
  /** `{{` and `}}` when left out. */
  readonly delimiters?: { readonly left: string; readonly right: string };
  readonly limits?: TemplateLimits;
}

/**
 * @throws Fault "invalid" `template: NAME:LINE: …`
 */
export function compileTemplate(source: string, options: CompileOptions): Template {
  const { name, delimiters, missingKey = "error", limits = DEFAULT_TEMPLATE_LIMITS } = options;
  const fixed = textFunctions(options);
  const names = new Map([...fixed, ...readFunctions(() => undefined, new Missing())]);
  const parsed = parseTemplate(source, { name, functions: names, ...(delimiters === undefined ? {} : { delimiters }) });
  return {
    render(known) {
      const missing = new Missing();
      const functions = new Map([...fixed, ...readFunctions(known, missing)]);
      const { text } = parsed.execute(undefined, { functions, missingKey, limits });
      return missing.all.length > 0 ? { missing: missing.all } : { text };
    },
  };
}
