/**
 * One item in trouble costs the other seven nothing: their files' times, requests, renders and commands are those of a
 * run without trouble. Eight items, ten cycles each, every kind of trouble.
 */
import { expect, test } from "@jest/globals";
import type { TargetConfig } from "../../agent/config/types.ts";
import { Fault } from "../../lib/fault.ts";
import type { Secret } from "../../lib/secret.ts";
import { type FakeVault } from "../fakes/vault.ts";
import { type LabOptions, startLab, until } from "./lab.ts";

const ITEMS = [0, 1, 2, 3, 4, 5, 6, 7];
const TROUBLED = 3;
const CYCLES = 10;

const item = (n: number, more = ""): string => `
  template {
    contents = "{{ with secret \\"secret/app${String(n)}\\" }}{{ .Data.data.value }}{{ end }}"
    destination = "FOLDER/file${String(n)}"
    command = ["reload", "${String(n)}"]
    ${more}
  }`;
/** @param more keys of the item in trouble */
const configWith = (more: string): string => `
  auto_auth { method "token_file" { config { token_file_path = "/unused" } } }
  ${ITEMS.map((n) => item(n, n === TROUBLED ? more : "")).join("\n")}`;
/** Odd items change at every second cycle, even ones at every third, so that there is work in between. */
const stride = (n: number): number => (n % 2 === 0 ? 3 : 2);

interface Record {
  /** Per cycle: whether the file's time changed. */
  readonly changes: boolean[];
  readonly requests: number;
  readonly commands: number;
  readonly renders: number;
}

async function record(
  options: Omit<LabOptions, "config" | "prepare">,
  during: (vault: FakeVault) => void,
  more = "",
): Promise<Record[]> {
  const set = (vault: FakeVault, cycle: number): void => {
    for (const n of ITEMS) if (cycle % stride(n) === 0) vault.put(`app${String(n)}`, { value: `v${String(cycle)}` });
  };
  const lab = await startLab({
    ...options,
    config: configWith(more),
    prepare: (vault) => {
      set(vault, 0);
    },
  });
  const commandsOf = (n: number): number => lab.commands.filter((name) => name === String(n)).length;
  const others = ITEMS.filter((n) => n !== TROUBLED);
  const values = async (): Promise<string[]> =>
    Promise.all(others.map((n) => lab.read(`file${String(n)}`).catch(() => "")));
  const times = (): Promise<(bigint | undefined)[]> => Promise.all(ITEMS.map((n) => lab.mtime(`file${String(n)}`)));
  const settled = async (cycle: number): Promise<boolean> => {
    const wanted = others.map((n) => `v${String(cycle - (cycle % stride(n)))}`);
    if ((await values()).join() !== wanted.join()) return false;
    // A file is there before its command has run: the next change must not come in between.
    if (others.some((n) => commandsOf(n) !== 1 + Math.floor(cycle / stride(n)))) return false;
    return lab.agent.status.items.every(({ name, state }) => name.endsWith(String(TROUBLED)) || state === "placed");
  };
  try {
    await lab.clock.advance(0);
    await until(() => settled(0));
    const changes = ITEMS.map((): boolean[] => []);
    during(lab.vault);
    for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
      const before = await times();
      set(lab.vault, cycle);
      await lab.clock.advance(30_000);
      await until(() => settled(cycle));
      const after = await times();
      for (const n of ITEMS) changes[n]?.push(before[n] !== after[n]);
    }
    return ITEMS.map((n) => ({
      changes: changes[n] ?? [],
      // Not the look-ups of the mount: who finds it known already depends on who came first.
      requests: lab.vault.count(new RegExp(` secret/data/app${String(n)}$`)),
      commands: commandsOf(n),
      renders: lab.agent.status.items[n]?.renders ?? -1,
    }));
  } finally {
    await lab.stop();
  }
}

const isTroubled = ({ path }: { readonly path: string }): boolean => path.endsWith(`app${String(TROUBLED)}`);
const failing =
  (status: number) =>
  (vault: FakeVault): void => {
    vault.intercept = (request) => (isTroubled(request) ? { status, body: { errors: ["trouble"] } } : undefined);
  };
const placing =
  (message: string): NonNullable<LabOptions["place"]> =>
  async (target: TargetConfig, text: Secret, usual) => {
    if (target.path.endsWith(String(TROUBLED))) throw new Fault("unavailable", message);
    return usual(target, text);
  };
const nothing = (): void => undefined;

interface Trouble {
  readonly trouble: string;
  readonly options: Omit<LabOptions, "config" | "prepare">;
  readonly during: (vault: FakeVault) => void;
  /** Local trouble must not add a request; the troubled item asks exactly as often as in the control run. */
  readonly local: boolean;
  readonly more?: string;
}

const TROUBLES: readonly Trouble[] = [
  { trouble: "403", options: {}, during: failing(403), local: false },
  { trouble: "500", options: {}, during: failing(500), local: false },
  {
    trouble: "a read that hangs",
    options: {},
    during: (vault) => {
      vault.intercept = (request) => (isTroubled(request) ? "hang" : undefined);
    },
    local: false,
  },
  {
    trouble: "a template error",
    options: {},
    during: (vault) => {
      // Its value is gone, so that the template's key is missing.
      vault.put(`app${String(TROUBLED)}`, { other: "x" });
      const put = vault.put.bind(vault);
      vault.put = (path, data) => {
        put(path, isTroubled({ path }) ? { other: JSON.stringify(data) } : data);
      };
    },
    local: true,
  },
  // The real full disk is in test/real/isolation.real.test.ts.
  { trouble: "ENOSPC", options: { place: placing("no space left on the device") }, during: nothing, local: true },
  { trouble: "404", options: {}, during: failing(404), local: false },
  { trouble: "a missing user", options: {}, during: nothing, local: true, more: 'user = "nobody-has-this-name"' },
  {
    trouble: "a command that hangs",
    options: {
      runCommand: ({ argv }, signal) =>
        argv.at(-1) === String(TROUBLED)
          ? new Promise((_resolve, reject) => {
              signal.addEventListener("abort", () => {
                reject(new Error("stopped"));
              });
            })
          : Promise.resolve(),
    },
    during: nothing,
    local: true,
  },
  {
    trouble: "a command that fails",
    options: {
      runCommand: ({ argv }) =>
        argv.at(-1) === String(TROUBLED) ? Promise.reject(new Fault("unavailable", "status 1")) : Promise.resolve(),
    },
    during: nothing,
    local: true,
  },
];

test("the control run has work in it", async () => {
  const control = await record({}, nothing);
  expect(control[1]?.changes).toEqual([false, true, false, true, false, true, false, true, false, true]);
  expect(control[2]?.changes).toEqual([false, false, true, false, false, true, false, false, true, false]);
  expect(control.map(({ requests }) => requests)).toEqual(ITEMS.map(() => CYCLES + 1));
  expect(control.map(({ commands }) => commands)).toEqual(ITEMS.map((n) => (n % 2 === 0 ? 4 : 6)));
});

test.each(TROUBLES)("$trouble in one item leaves the other seven as they are", async ({
  options,
  during,
  local,
  more,
}) => {
  const control = await record({}, nothing);
  const troubled = await record(options, during, more);
  for (const n of ITEMS) if (n !== TROUBLED) expect(troubled[n]).toEqual(control[n]);
  if (local) expect(troubled[TROUBLED]?.requests).toBe(control[TROUBLED]?.requests);
});
