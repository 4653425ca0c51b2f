/** A program that is not ours, run to its end, and what it said. */
import { spawn } from "node:child_process";

export interface Told {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Not spawnSync: the servers that the program speaks to may live in this process. `env` is all it gets beside PATH and HOME. */
export function run(
  [command = "", ...args]: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env } });
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, out, err });
    });
  });
}
