/** Secrets that a person types: asked without echo on a terminal, else taken from standard input. */
import type { Context } from "../context.ts";
import { CommandError } from "../io.ts";

/** @throws CommandError 1 where -non-interactive forbids to ask */
export async function typed({ io, settings }: Pick<Context, "io" | "settings">, question: string): Promise<string> {
  if (!io.inIsTerminal) return (await io.stdin()).trim();
  if (settings.nonInteractive) {
    throw new CommandError(
      1,
      `-non-interactive: not asking for "${question.replace(/ \(.*/, "")}": give it as an argument, or - for standard input`,
    );
  }
  return (await io.ask(question)).reveal();
}
