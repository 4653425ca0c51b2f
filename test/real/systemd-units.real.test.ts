/** The units as systemd itself judges them: clean in a root tree with the bundle installed, and well confined. */
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
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

/** @param change of the units' text @returns what verify finds in a root tree with the bundle installed */
async function verified(change: (unit: string) => string): Promise<string> {
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
    for (const unit of UNITS) await writeFile(join(units, unit), change(await readFile(join("systemd", unit), "utf8")));
    for (const name of NEIGHBOURS) {
      const mount = name === "tmp.mount" ? "[Mount]\nWhat=tmpfs\nWhere=/tmp\nType=tmpfs\n" : "";
      await writeFile(join(units, name), `[Unit]\nDescription=${name}\nDefaultDependencies=no\n${mount}`);
    }
    const words = ["verify", `--root=${root}`, "--man=no", ...UNITS];
    const { stdout, stderr } = await run("systemd-analyze", words).catch((error: unknown) => error as Outputs);
    return `${stdout}${stderr}`.trim();
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

interface Outputs {
  readonly stdout: string;
  readonly stderr: string;
}

test("systemd-analyze verify finds nothing in a root tree with the bundle installed", async () => {
  expect(await verified((unit) => unit)).toBe("");
});

const FAULTS: readonly (readonly [string, string, RegExp])[] = [
  ["/usr/bin/oksae ", "/usr/bin/oksae-gone ", /oksae-gone/],
  ["NoNewPrivileges=yes", "NoNewPrivilege=yes", /NoNewPrivilege/],
  ["MemorySwapMax=0", "MemorySwapMax=none", /MemorySwapMax|none/],
];
for (const [right, wrong, found] of FAULTS) {
  test(`systemd-analyze verify finds ${wrong}`, async () => {
    expect(await verified((unit) => unit.replace(right, wrong))).toMatch(found);
  });
}

/** @param text of a unit */
async function exposure(text: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "oksae-exposure-"));
  try {
    await writeFile(join(folder, "unit.service"), text);
    const words = ["security", "--offline=true", "--no-pager", join(folder, "unit.service")];
    const { stdout } = await run("systemd-analyze", words);
    return Number(/Overall exposure level for \S+: ([0-9.]+)/.exec(stdout)?.[1]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

requires(
  "root",
  "systemd-sysusers",
  "systemd-tmpfiles",
)("the users and folders that the units need come from sysusers.d and tmpfiles.d", async () => {
  const root = await mkdtemp(join(tmpdir(), "oksae-users-"));
  try {
    await mkdir(join(root, "etc"));
    await run("systemd-sysusers", [`--root=${root}`, resolve("systemd/sysusers.d/oksae.conf")]);
    const accounts = (await readFile(join(root, "etc/passwd"), "utf8")).split("\n").map((line) => line.split(":"));
    const idOf = (name: string): number => Number(accounts.find(([one]) => one === name)?.[2]);
    for (const unit of UNITS) {
      const user = /^User=(.+)$/m.exec(await readFile(join("systemd", unit), "utf8"))?.[1] ?? "";
      expect(idOf(user)).toBeGreaterThan(0);
      expect(accounts.find(([one]) => one === user)?.at(-1)).toMatch(/nologin$/);
    }
    await run("systemd-tmpfiles", ["--create", `--root=${root}`, resolve("systemd/tmpfiles.d/oksae.conf")]);
    const rendered = await stat(join(root, "etc/oksae/rendered"));
    expect([rendered.uid, rendered.mode & 0o777]).toEqual([idOf("oksae"), 0o751]);
    for (const name of ["agent.d", "server.d"]) {
      const { uid, mode } = await stat(join(root, "etc/oksae", name));
      expect([uid, mode & 0o777]).toEqual([0, 0o750]);
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});

test("a unit that confines nothing is exposed", async () => {
  expect(await exposure("[Service]\nExecStart=/bin/true\n")).toBeGreaterThan(9);
});

for (const unit of UNITS) {
  test(`${unit}: exposure is at most ${String(WORST)}`, async () => {
    const level = await exposure(await readFile(join("systemd", unit), "utf8"));
    expect(level).toBeGreaterThan(0);
    expect(level).toBeLessThanOrEqual(WORST);
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
