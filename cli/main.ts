#!/usr/bin/env node
/** The program `oksae`: people's commands here, `oksae server` and `oksae agent` from bundles of their own, loaded only then. */
import { homedir } from "node:os";
import { systemClock } from "../lib/clock.ts";
import { harden } from "../lib/hygiene.ts";
import { systemRandom } from "../lib/random.ts";
import { VERSION } from "../lib/version.ts";
import { connect } from "./connect/connect.ts";
import { machineIo } from "./machine.ts";
import { runCommand } from "./program.ts";

const argv = process.argv.slice(2);
const program = argv[0];

if (program === "server" || program === "agent") {
  await import(new URL(`./${program}.mjs`, import.meta.url).href);
} else {
  harden(process);
  const io = machineIo({
    ...process,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    home: homedir(),
    clock: systemClock,
    random: systemRandom(),
  });
  process.exitCode = await runCommand(argv, io, (settings) => connect(settings, io, VERSION), VERSION);
}
