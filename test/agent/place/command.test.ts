/** The command of an item: real processes. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, expect, test } from "@jest/globals";
import { localAccounts } from "../../../agent/place/accounts.ts";
import { runCommand } from "../../../agent/place/command.ts";
import { placeFile } from "../../../agent/place/place.ts";
import { systemClock } from "../../../lib/clock.ts";
import { systemRandom } from "../../../lib/random.ts";
import { Secret } from "../../../lib/secret.ts";

const folder = mkdtempSync(join(tmpdir(), "oksae-command-"));
const path = join(folder, "f");
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const ports = { clock: systemClock };
const run = (
  command: string | readonly string[],
  more: { commandTimeout?: number; secrets?: readonly Secret[] } = {},
) =>
  runCommand(
    { path, command, ...(more.commandTimeout === undefined ? {} : { commandTimeout: more.commandTimeout }) },
    { ...ports, secrets: more.secrets ?? [] },
  );

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, "utf8"));
  } catch {
    return false;
  }
}

test("a text goes through the shell, a list does not", async () => {
  expect(await run("echo a; exit 3")).toEqual({ exitCode: 3, signal: null, timedOut: false, output: "a\n" });
  expect((await run(["echo", "a; exit 3"])).output).toBe("a; exit 3\n");
});

test("both outputs are kept, and a signal is told", async () => {
  expect((await run("echo out; echo err >&2")).output.split("\n").sort()).toEqual(["", "err", "out"]);
  expect(await run("kill -9 $$")).toMatchObject({ exitCode: null, signal: "SIGKILL", timedOut: false });
});

test("the environment is three variables, the input is empty, the place is /", async () => {
  const { output } = await run("env | grep -v -e '^PWD=' -e '^SHLVL=' -e '^_=' -e '^OLDPWD=' | sort; cat; pwd");
  expect(output).toBe(
    `LANG=C.UTF-8\nOKSAE_FILE=${path}\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n/\n`,
  );
});

test("a time-out ends the whole process group, also children that ignore SIGTERM", async () => {
  const pids = join(folder, "pids");
  const command = `(trap '' TERM; echo $$ > ${pids}; sleep 60 & echo $! >> ${pids}; wait; sleep 60) & wait`;
  const result = await run(command, { commandTimeout: 1000 });
  expect(result).toMatchObject({ timedOut: true, exitCode: null });
  const children = readFileSync(pids, "utf8").trim().split("\n").map(Number);
  expect(children).toHaveLength(2);
  // Two seconds after the SIGTERM that one of them ignores.
  while (children.some(isAlive)) await wait(20);
});

test("a command that leaves a daemon with the pipe behind does not hold us", async () => {
  const started = performance.now();
  const result = await run("sleep 30 & echo started");
  expect(result).toMatchObject({ exitCode: 0, output: "started\n" });
  expect(performance.now() - started).toBeLessThan(25_000);
});

test("output is bounded, whatever a command writes", async () => {
  const { output, exitCode } = await run("yes abcdefgh | head -c 3000000; echo the end");
  expect(exitCode).toBe(0);
  expect(output).toHaveLength(2048);
  expect(output.endsWith("the end\n")).toBe(true);
});

test("secrets do not show: raw, JSON, URL, base64, hex, a line of a key, a short one that stands alone", async () => {
  const value = 'p@ss "w/rd\nsecond line of it';
  const secrets = [new Secret(value), new Secret("xy"), new Secret("")];
  const shapes = [
    value,
    JSON.stringify(value),
    encodeURIComponent(value),
    Buffer.from(value).toString("base64"),
    Buffer.from(value).toString("hex"),
    "second line of it",
    "it was xy, not xyz",
  ];
  const { output } = await run(["printf", "%s\\n", ...shapes], { secrets });
  expect(output).toBe(
    '[secret]\n"[secret]"\n[secret]\n[secret]==\n[secret]\n[secret]\nit was [secret], not xyz\n'.replace(
      "==",
      "=".repeat((3 - (Buffer.byteLength(value) % 3)) % 3),
    ),
  );
});

test("a secret cut by the bound of the capture does not show its end", async () => {
  const secret = "S".repeat(30) + "tail-of-secret";
  // 65,536 bytes are kept: the cut goes through the secret.
  const { output } = await run(`printf '%s' ${secret}; head -c 140000 /dev/zero | tr '\\0' x`, {
    secrets: [new Secret(secret)],
  });
  expect(output).not.toContain("tail");
});

test("what cannot be started is a fault that names it", async () => {
  await expect(run(["/no/such/program"])).rejects.toMatchObject({
    kind: "invalid",
    message: `cannot run "/no/such/program", the command for ${path} (ENOENT)`,
  });
  await expect(run([])).rejects.toMatchObject({ kind: "invalid" });
});

test("a stop of the agent ends the command", async () => {
  const stop = new AbortController();
  const running = runCommand({ path, command: "sleep 60" }, { ...ports, signal: stop.signal });
  await wait(100);
  stop.abort();
  expect(await running).toMatchObject({ signal: "SIGTERM", timedOut: false });
});

test("placing runs it once, after the file is there, and only on a change", async () => {
  const placement = { path, command: `cat ${path} >> ${folder}/log` };
  const all = { accounts: localAccounts(), random: systemRandom(), clock: systemClock };
  await expect(placeFile(placement, Buffer.from("1"), all)).resolves.toMatchObject({
    changed: true,
    command: { exitCode: 0 },
  });
  await expect(placeFile(placement, Buffer.from("1"), all)).resolves.toEqual({ changed: false });
  await placeFile(placement, Buffer.from("2"), all);
  expect(readFileSync(join(folder, "log"), "utf8")).toBe("12");
  const failing = { path, command: "exit 7" };
  await expect(placeFile(failing, Buffer.from("3"), all)).resolves.toMatchObject({
    changed: true,
    command: { exitCode: 7 },
  });
  expect(existsSync(path)).toBe(true);
});
