/** What holds of every input of the agent's small parsers and of its timing, looked for with random ones. */
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { parseArguments } from "../../agent/arguments.ts";
import { expand, isUnresolved, newScope } from "../../agent/config/scope.ts";
import { pollingWatch } from "../../agent/fetch/watch.ts";
import { report } from "../../agent/local/report.ts";
import { readStatus } from "../../agent/local/status.ts";
import { readNonce } from "../../agent/login/nonce.ts";
import { planFor } from "../../agent/token/plan.ts";
import { Fault } from "../../lib/fault.ts";
import { fixedRandom } from "../fakes/random.ts";

const RUNS = { numRuns: 200 };
const fault = (message: string): Fault => new Fault("invalid", message);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "oksae-properties-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** @returns what `work` gave, or the Fault it threw; anything else is a failure */
async function faultOr<T>(work: () => T | Promise<T>): Promise<T | Fault> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

const piece = fc.oneof(
  fc.string(),
  fc.constantFrom("${", "$${", "}", "${env.A}", "${env.", "${instance.id}", "${instance.tag.x}", "$", "{"),
);
const template = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(""));

test("references: any text expands to one without open references, or is a fault", async () => {
  const instance = { id: "i-1", accountId: "1", region: "r", tags: new Map([["x", "tag"]]) };
  await fc.assert(
    fc.asyncProperty(template, async (text) => {
      const done = await faultOr(() => expand(text, newScope(new Map([["A", "value"]]), instance), fault));
      if (done instanceof Fault) expect(done.kind).toBe("invalid");
      else if (!text.includes("$${")) expect(isUnresolved(done)).toBe(false);
    }),
    RUNS,
  );
});

test("references: a text in which every ${ is doubled comes out as it was meant", () => {
  fc.assert(
    fc.property(template, (text) => {
      const written = text.replaceAll("${", () => "$${");
      expect(expand(written, newScope(new Map(), undefined), fault)).toBe(text);
    }),
    RUNS,
  );
});

test("arguments: any words give a command with a configuration, or a fault that names one", async () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "-config",
      "--config=/a",
      "status",
      "-exit-after-auth",
      "-exit-after-auth=false",
      "-log-level",
      "-h",
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (words) => {
      const done = await faultOr(() => parseArguments(words));
      if (done instanceof Fault) expect(done.kind).toBe("invalid");
      else expect(done.config.length).toBeGreaterThan(0);
    }),
    RUNS,
  );
});

const fileText = fc.oneof(
  fc.string(),
  fc.json(),
  fc
    .record({ format: fc.oneof(fc.constant(1), fc.integer()), nonce: fc.string(), instance_id: fc.string() })
    .map((value) => JSON.stringify(value)),
);

test("the nonce file: any content is a nonce as the server takes it, or a fault that shows nothing of it", async () => {
  const path = join(folder, "nonce");
  const file = { path, random: fixedRandom(), log: () => undefined, uid: process.getuid?.() ?? -1 };
  await writeFile(path, "");
  await chmod(path, 0o600);
  await fc.assert(
    fc.asyncProperty(fileText, async (text) => {
      await writeFile(path, text);
      const kept = await faultOr(() => readNonce("i-1", file));
      if (kept instanceof Fault) {
        expect(kept.kind).toBe("conflict");
        if (text.trim().length > 12) expect(kept.message).not.toContain(text.trim());
      } else {
        expect(kept?.nonce.reveal()).toMatch(/^[\x21-\x7e]{16,128}$/);
      }
    }),
    RUNS,
  );
});

test("the status file: any content is reported in lines, or is a fault", async () => {
  const path = join(folder, "status.json");
  const text = fc.oneof(
    fileText,
    fc
      .record({ format: fc.constant(1), token: fc.jsonValue(), items: fc.jsonValue(), blocker: fc.jsonValue() })
      .map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(text, async (content) => {
      await writeFile(path, content);
      const status = await faultOr(() => readStatus(path));
      if (!(status instanceof Fault)) expect(report(status, 0, true).text).toMatch(/^agent {4}/);
    }),
    RUNS,
  );
});

test("polling: jitter only shortens an interval, by a tenth at most", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1_000, max: 86_400_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      async (interval, fraction) => {
        const slept: number[] = [];
        const stop = new AbortController();
        const clock = {
          now: () => 0,
          monotonic: () => 0,
          sleep: (ms: number): Promise<void> => {
            slept.push(ms);
            if (slept.length === 3) stop.abort();
            return stop.signal.aborted ? Promise.reject(new Error("stopped")) : Promise.resolve();
          },
        };
        const told: (readonly string[])[] = [];
        const watch = pollingWatch({ clock, random: fixedRandom(fraction), interval });
        await watch.watch(
          () => ["a"],
          (paths) => told.push(paths),
          stop.signal,
        );
        expect(told).toEqual([["a"], ["a"]]);
        for (const ms of slept) {
          expect(ms).toBeLessThanOrEqual(interval);
          expect(ms).toBeGreaterThan(interval * 0.9 - 1);
        }
      },
    ),
    RUNS,
  );
});

test("a token's plan: renewed at about half its life, never later, and a login before its end", () => {
  const ttl = fc.integer({ min: 1, max: 2 ** 40 });
  const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(ttl, ttl, fc.boolean(), fraction, (life, full, renewable, part) => {
      const plan = planFor(1_000, life, full, renewable, part);
      expect(plan.expiresAt).toBe(1_000 + life);
      expect(plan.loginAt).toBeLessThan(plan.expiresAt);
      if (plan.renewAt === Infinity) return;
      expect(plan.renewAt).toBeGreaterThanOrEqual(1_000 + life * 0.45 - 1e-3);
      expect(plan.renewAt).toBeLessThanOrEqual(1_000 + life * 0.5);
    }),
    RUNS,
  );
});
