#!/usr/bin/env node
/** The program `oksae`: people's commands here, `oksae server` and `oksae agent` from bundles of their own, loaded only then. */
import { writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { systemClock } from "../lib/clock.ts";
import { toFault } from "../lib/fault.ts";
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
  const { stdin, stdout, stderr, env } = process;
  const io = machineIo({ stdin, stdout, stderr, env, home: homedir(), clock: systemClock, random: systemRandom() });
  try {
    harden({
      execArgv: process.execArgv,
      env,
      umask: (mask) => process.umask(mask),
      on: (signal, handler) => process.on(signal, handler),
      writeFile: writeFileSync,
    });
  } catch (error) {
    io.err(`oksae: ${toFault(error).message}\n`);
    process.exit(1);
  }
  process.exitCode = await runCommand(argv, io, (settings) => connect(settings, io, VERSION), VERSION);
}
