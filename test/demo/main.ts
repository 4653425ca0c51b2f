/**
 * `npm run demo`: the main job, end to end, every step checked. `--keep` leaves it up; `--sabotage=thief|audit|kill` breaks
 * one link, so that exactly the step that guards it fails.
 */
import { untilAborted } from "../../lib/daemon.ts";
import { Stage } from "./stage.ts";
import { type Sabotage, story } from "./story.ts";

const SABOTAGES: readonly Sabotage[] = ["thief", "audit", "kill"];
const argv = process.argv.slice(2);
const sabotage = SABOTAGES.find((name) => argv.includes(`--sabotage=${name}`));
const unknown = argv.filter((arg) => arg !== "--keep" && arg !== `--sabotage=${sabotage ?? ""}`);
if (unknown.length > 0) {
  process.stderr.write(
    `demo: unknown argument ${unknown.join(" ")}: use --keep or --sabotage=${SABOTAGES.join("|")}\n`,
  );
  process.exit(1);
}

const stage = new Stage();
const started = performance.now();
const told = await tell();
if (told.ok && argv.includes("--keep")) {
  process.stdout.write(told.hints);
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      stop.abort();
    });
  }
  const tick = setInterval(() => undefined, 60_000);
  await untilAborted(stop.signal);
  clearInterval(tick);
}
await told.close();
process.exitCode = told.ok ? 0 : 1;

async function tell(): Promise<{ readonly ok: boolean; readonly hints: string; readonly close: () => Promise<void> }> {
  await stage.open();
  const { steps, hints, close } = await story(stage, sabotage);
  const end = async (): Promise<void> => {
    await stage.close();
    await close();
  };
  for (const [i, step] of steps.entries()) {
    const began = performance.now();
    const number = String(i + 1).padStart(2);
    try {
      const seen = await step.play();
      process.stdout.write(`${number}. ${step.name} (${seconds(began)})\n${indent(seen)}`);
    } catch (error) {
      process.stdout.write(
        `${number}. ${step.name}: FAILED\n${indent(error instanceof Error ? error.message : String(error))}`,
      );
      process.stdout.write(indent(stage.lastLines()));
      process.stderr.write(`demo: step "${step.name}" failed\n`);
      return { ok: false, hints: "", close: end };
    }
  }
  process.stdout.write(`\nAll ${String(steps.length)} steps passed in ${seconds(started)}.\n`);
  return { ok: true, hints: hints(), close: end };
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}

function indent(text: string): string {
  return text === "" ? "" : `${text.trimEnd().replace(/^/gm, "    ")}\n`;
}
