/** Reads sent again: how often, after which failures, with which pauses. */
import { expect, test } from "@jest/globals";
import { retried } from "../../cli/connect/retry.ts";
import { WireError, type WireReason } from "../../lib/wire/error.ts";

const failure = (status: number, reason: WireReason = "refused"): WireError =>
  new WireError("no", { reason, method: "GET", url: "http://h/v1/a", status });

async function run(failures: readonly Error[], retries: number): Promise<{ said: unknown; waits: readonly number[] }> {
  const waits: number[] = [];
  const left = [...failures];
  const send = async (): Promise<string> => {
    const next = await Promise.resolve(left.shift());
    if (next !== undefined) throw next;
    return "done";
  };
  const clock = { sleep: (ms: number) => Promise.resolve(void waits.push(ms)) };
  const said: unknown = await retried(send, retries, clock).catch((error: unknown) => error);
  return { said, waits };
}

test.each([
  ["412", failure(412)],
  ["500", failure(500)],
  ["502", failure(502)],
  ["503", failure(503)],
  ["no connection", failure(0, "unreachable")],
  ["no answer in time", failure(0, "timeout")],
])("%s may pass: two retries reach the third answer, one does not", async (_name, error) => {
  expect(await run([error, error], 2)).toEqual({ said: "done", waits: [1000, 1500] });
  expect(await run([error, error], 1)).toEqual({ said: error, waits: [1000] });
  expect(await run([error], 0)).toEqual({ said: error, waits: [] });
});

test.each([
  ["400", failure(400)],
  ["403", failure(403)],
  ["404", failure(404)],
  ["429", failure(429)],
  ["501", failure(501)],
  ["a bad certificate", failure(0, "tls")],
  ["no JSON", failure(0, "bad-reply")],
  ["a fault of ours", new Error("bug")],
])("%s stays: not sent again", async (_name, error) => {
  expect(await run([error], 5)).toEqual({ said: error, waits: [] });
});

test("the pause grows by half each time, up to ten seconds", async () => {
  const { waits } = await run(
    Array.from({ length: 9 }, () => failure(503)),
    9,
  );
  expect(waits.slice(0, 4)).toEqual([1000, 1500, 2250, 3375]);
  expect(waits.slice(-2)).toEqual([10_000, 10_000]);
});
