/** READY=1 over a real NOTIFY_SOCKET: not before every required file is in place, with the server held back 20 s. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { freePort } from "../fakes/free-port.ts";
import { fakeVault } from "../fakes/vault.ts";
import { requires } from "./requires.ts";

/** Prints "SECONDS MESSAGE" for each datagram; a message with a descriptor (BARRIER=1) is answered by closing it. */
const LISTENER = `
import array, os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    data, fds, flags, addr = socket.recv_fds(s, 65536, 8)
    for fd in fds: os.close(fd)
    print("%.3f %s" % (time.time(), data.decode().replace("\\n", " ")), flush=True)
`;

const HELD_BACK = 20_000;
/** The runner builds it before. */
const BUNDLE = "dist/agent.mjs";

function follow(child: ChildProcess): string[] {
  const lines: string[] = [];
  child.stdout?.on("data", (chunk: Buffer) =>
    lines.push(
      ...chunk
        .toString("utf8")
        .split("\n")
        .filter((line) => line !== ""),
    ),
  );
  return lines;
}

async function until(done: () => boolean, ms: number): Promise<void> {
  for (let waited = 0; waited < ms; waited += 50) {
    if (done()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it did not happen within ${String(ms)} ms`);
}

requires("python3", "systemd-notify")(
  "READY=1 comes once the required files are there; before, STATUS names the blocker and the time-out is extended",
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "oksae-notify-"));
    const port = await freePort();
    const vault = fakeVault();
    vault.put("app", { key: "value" });
    vault.tokens.add("hvs.given");
    const children: ChildProcess[] = [];
    try {
      await writeFile(join(folder, "token"), "hvs.given");
      await writeFile(
        join(folder, "agent.hcl"),
        `vault { address = "http://127.0.0.1:${String(port)}" }
         status_file = "${folder}/status.json"
         auto_auth { method "token_file" { config { token_file_path = "${folder}/token" } } }
         env_file "${folder}/app.env" { secrets = ["secret/app"] }
         env_file "${folder}/optional.env" { secrets = ["secret/nowhere"] required = false }`,
      );
      const socket = join(folder, "notify.sock");
      const listener = spawn("python3", ["-c", LISTENER, socket], { stdio: ["ignore", "pipe", "inherit"] });
      children.push(listener);
      const lines = follow(listener);
      await until(() => lines.includes("bound"), 10_000);
      const started = Date.now();
      const agent = spawn(process.execPath, [BUNDLE, "agent", "-config", join(folder, "agent.hcl")], {
        env: { PATH: process.env["PATH"] ?? "", NOTIFY_SOCKET: socket, WATCHDOG_USEC: "8000000" },
        stdio: "ignore",
      });
      children.push(agent);
      await new Promise((resolve) => setTimeout(resolve, HELD_BACK));
      expect(lines.some((line) => line.includes("READY=1"))).toBe(false);
      expect(lines.some((line) => /STATUS=.*connection refused/.test(line))).toBe(true);
      expect(lines.filter((line) => line.includes("EXTEND_TIMEOUT_USEC=")).length).toBeGreaterThanOrEqual(2);
      expect(lines.some((line) => line.includes("WATCHDOG=1"))).toBe(true);
      await vault.listen(port);
      await until(() => lines.some((line) => line.includes("READY=1")), 40_000);
      const ready = lines.find((line) => line.includes("READY=1")) ?? "";
      expect(Number(ready.split(" ")[0]) * 1000).toBeGreaterThanOrEqual(started + HELD_BACK);
      expect(await readFile(join(folder, "app.env"), "utf8")).toBe('key="value"\n');
      expect(existsSync(join(folder, "optional.env"))).toBe(false);
      const ended = new Promise<number | null>((resolve) => agent.once("exit", resolve));
      agent.kill("SIGTERM");
      expect(await ended).toBe(0);
      expect(lines.some((line) => line.includes("STOPPING=1"))).toBe(true);
      expect(lines.filter((line) => line.includes("READY=1"))).toHaveLength(1);
    } finally {
      for (const child of children) child.kill("SIGKILL");
      await vault.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
  120_000,
);
