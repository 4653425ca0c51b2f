/** Requests by chance against the whole server, a short run: the long one is in test/real. */
import { expect, test } from "@jest/globals";
import { fuzz } from "../../fuzz/run.ts";

const MIB = 2 ** 20;

test("no request by chance is answered by 500, breaks a connection or shows our inside", async () => {
  const seed = 20_261_125;
  const { requests, statuses, wrong } = await fuzz({ seed, rounds: 4, length: 1000, budget: 10_000 });
  expect(wrong).toEqual([]);
  expect(requests).toBeGreaterThanOrEqual(1000);
  // A good part is let in and understood, or the run would say little.
  const [good = 0, gone = 0] = [200, 204].map((status) => statuses.get(status));
  expect((good + gone) / requests).toBeGreaterThan(0.1);
}, 60_000);

test("memory has a bound", () => {
  expect(process.memoryUsage().rss).toBeLessThan(1500 * MIB);
});
