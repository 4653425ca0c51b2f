/** The units as systemd itself judges them: clean in a root tree with the bundle installed, and well confined. */
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "@jest/globals";
import { requires } from "./requires.ts";

const run = promisify(execFile);
const UNITS = ["oksae-agent.service", "oksae-server.service"];
const WORST = 2.5;
/** What the units order themselves after; a real system has them. */
const NEIGHBOURS = [
  "network-online.target",
  "time-sync.target",
  "multi-user.target",
  "sysinit.target",
  "basic.target",
  "shutdown.target",
  "tmp.mount",
];
const test = requires("systemd-analyze");

test("systemd-analyze verify finds nothing in a root tree with the bundle installed", async () => {
  const root = await mkdtemp(join(tmpdir(), "oksae-units-"));
  try {
    const units = join(root, "usr/lib/systemd/system");
    await mkdir(units, { recursive: true });
    await mkdir(join(root, "usr/bin"), { recursive: true });
    await mkdir(join(root, "bin"), { recursive: true });
    // The runner builds the bundle before.
    await copyFile("dist/oksae.mjs", join(root, "usr/bin/oksae"));
    await writeFile(join(root, "bin/kill"), "#!/bin/sh\n");
    for (const program of ["usr/bin/oksae", "bin/kill"]) await chmod(join(root, program), 0o755);
    for (const unit of UNITS) await copyFile(join("systemd", unit), join(units, unit));
    for (const name of NEIGHBOURS) {
      const mount = name === "tmp.mount" ? "[Mount]\nWhat=tmpfs\nWhere=/tmp\nType=tmpfs\n" : "";
      await writeFile(join(units, name), `[Unit]\nDescription=${name}\nDefaultDependencies=no\n${mount}`);
    }
    const { stdout, stderr } = await run("systemd-analyze", ["verify", `--root=${root}`, "--man=no", ...UNITS]);
    expect(`${stdout}${stderr}`.trim()).toBe("");
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

for (const unit of UNITS) {
  test(`${unit}: exposure is at most ${String(WORST)}`, async () => {
    const { stdout } = await run("systemd-analyze", [
      "security",
      "--offline=true",
      "--no-pager",
      join("systemd", unit),
    ]);
    const level = /Overall exposure level for \S+: ([0-9.]+)/.exec(stdout)?.[1];
    expect(Number(level)).toBeGreaterThan(0);
    expect(Number(level)).toBeLessThanOrEqual(WORST);
  });

  test(`${unit}: no core dump, no swap, no borrowed node options`, async () => {
    const text = await readFile(join("systemd", unit), "utf8");
    for (const line of [
      "LimitCORE=0",
      "MemorySwapMax=0",
      "UnsetEnvironment=NODE_OPTIONS NODE_EXTRA_CA_CERTS NODE_PATH",
      "NoNewPrivileges=yes",
    ]) {
      expect(text.split("\n")).toContain(line);
    }
  });
}
