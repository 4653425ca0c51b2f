/** A run of the fuzz as a program: `node fuzz.mjs SEED ROUNDS LENGTH SECONDS`. Exit code 0: nothing was wrong; 3: something. */
import { fuzz } from "./run.ts";

const [, , seed = 1, rounds = 1, length = 1000, seconds = 60] = process.argv.map(Number);
const { requests, statuses, wrong, rss, slowest } = await fuzz({ seed, rounds, length, budget: seconds * 1000 });
const counted = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${String(status)}: ${String(count)}`);
process.stdout.write(`${String(requests)} requests, ${String(Math.round(rss / 2 ** 20))} MiB; ${counted.join(", ")}\n`);
for (const [took, what] of slowest.slice(0, 20))
  process.stdout.write(`slow: ${String(Math.round(took))} ms ${what.slice(0, 300)}\n`);
for (const one of wrong.slice(0, 50)) process.stdout.write(`${one}\n`);
if (wrong.length > 0) process.exitCode = 3;
