/** A run of the model check as a program: `node model.mjs SEQUENCES LENGTH SEED`. Exit code 0: they agree; 3: they do not. */
import { check } from "./check.ts";

const [, , sequences, length, seed] = process.argv.map(Number);
const { disagreement, calls } = await check({ sequences: sequences ?? 0, length: length ?? 0, seed: seed ?? 0 });
if (disagreement === undefined) {
  process.stdout.write(`${sequences} sequences, ${calls} calls: they agree\n`);
} else {
  process.stdout.write(
    `${disagreement.says}\nin ${disagreement.commands.length} calls: ${JSON.stringify(disagreement.commands)}\n`,
  );
  process.exitCode = 3;
}
