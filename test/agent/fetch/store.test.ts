/** What the agent asks the server for: once for all who want it, at the interval, and nothing on behalf of another's trouble. */
import { expect, test } from "@jest/globals";
import { type Lab, startLab, until } from "../lab.ts";

const AUTH = 'auto_auth { method "token_file" { config { token_file_path = "/unused" } } }';
const envFile = (name: string, path: string): string =>
  `env_file "FOLDER/${name}" { secrets = ["secret/${path}"] format = "json" }`;
const placed = (lab: Lab, count: number): boolean =>
  lab.agent.status.items.filter(({ state }) => state === "placed").length === count;

test("fifty items that want one secret share its requests, at the first read and at each poll", async () => {
  const items = Array.from({ length: 50 }, (_, i) => envFile(`file${String(i)}`, "app"));
  const lab = await startLab({
    config: `${AUTH}\n${items.join("\n")}`,
    prepare: (vault) => {
      vault.put("app", { KEY: "one" });
    },
  });
  try {
    await lab.clock.advance(0);
    await until(() => placed(lab, 50));
    expect(lab.vault.count(/secret\/data\/app$/)).toBe(1);
    lab.vault.put("app", { KEY: "two" });
    await lab.clock.advance(30_000);
    await until(async () => (await lab.read("file49")).includes("two") && (await lab.read("file0")).includes("two"));
    expect(lab.vault.count(/secret\/data\/app$/)).toBe(2);
    expect(lab.vault.count(/ui\/mounts/)).toBe(1);
  } finally {
    await lab.stop();
  }
});

test.each([
  ["", 30_000],
  ['template_config { static_secret_render_interval = "5m" }', 300_000],
  ['template_config { static_secret_render_interval = "1s" }', 1_000],
])("interval %j: polled every %i ms, not sooner", async (written, interval) => {
  const lab = await startLab({
    config: `${AUTH}\n${written}\n${envFile("file", "app")}`,
    prepare: (vault) => {
      vault.put("app", { KEY: "one" });
    },
  });
  const reads = (): number => lab.vault.count(/secret\/data\/app$/);
  try {
    await lab.clock.advance(0);
    await until(() => placed(lab, 1));
    for (let poll = 1; poll <= 3; poll += 1) {
      await lab.clock.advance(interval - 1);
      expect(reads()).toBe(poll);
      await lab.clock.advance(1);
      expect(reads()).toBe(poll + 1);
    }
  } finally {
    await lab.stop();
  }
});

test("a secret that is gone has its own mount looked up anew, nobody else's", async () => {
  const lab = await startLab({
    config: `${AUTH}\n${envFile("good", "app")}\n${envFile("gone", "gone")}`,
    prepare: (vault) => {
      vault.put("app", { KEY: "one" });
      vault.put("gone", { KEY: "one" });
    },
  });
  try {
    await lab.clock.advance(0);
    await until(() => placed(lab, 2));
    lab.vault.remove("gone");
    const before = lab.vault.count(/ui\/mounts\/secret\/app$/);
    await lab.clock.advance(300_000);
    expect(lab.vault.count(/ui\/mounts\/secret\/app$/)).toBe(before);
    expect(lab.vault.count(/ui\/mounts\/secret\/gone$/)).toBeGreaterThan(1);
    expect(await lab.read("gone")).toContain("one");
    lab.vault.put("gone", { KEY: "back" });
    await lab.clock.advance(61_000);
    await until(async () => (await lab.read("gone")).includes("back"));
  } finally {
    await lab.stop();
  }
});
