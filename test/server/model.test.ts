/** The server against a simple reference model, a short run: the long one, with faults sown in, is in test/real. */
import { expect, test } from "@jest/globals";
import { check } from "../model/check.ts";

test("200 sequences of 30 calls and more agree with the model", async () => {
  const { disagreement, calls } = await check({ sequences: 200, length: 30, seed: 20_261_125 });
  expect(disagreement).toBeUndefined();
  expect(calls).toBeGreaterThan(6000);
}, 60_000);
