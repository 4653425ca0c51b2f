/** Questions that come together share a call; while one is under way the next gathers, but not behind a call that hangs. */
import { expect, test } from "@jest/globals";
import { Batch } from "../../../server/clients/batch.ts";
import { fakeClock } from "../../fakes/clock.ts";

interface Asked {
  readonly names: readonly string[];
  readonly answer: () => void;
}

function subject(most = 100) {
  const clock = fakeClock(0);
  const asked: Asked[] = [];
  const batch = new Batch<string>({
    window: 5,
    patience: 250,
    most,
    clock,
    ask: (names) =>
      new Promise((resolve) => {
        asked.push({
          names,
          answer: () => {
            resolve(new Map(names.map((name) => [name, `facts of ${name}`])));
          },
        });
      }),
  });
  return { clock, asked, batch, calls: () => asked.map(({ names }) => names) };
}

test("what comes within the window is one call, each name once, and everybody has the answer to their own", async () => {
  const { clock, batch, calls, asked } = subject();
  const answers = ["a", "b", "a"].map((name) => batch.ask(name));
  await clock.advance(5);
  expect(calls()).toEqual([["a", "b"]]);
  asked[0]?.answer();
  expect(await Promise.all(answers)).toEqual(["facts of a", "facts of b", "facts of a"]);
});

test("while a call is under way the next one gathers, and leaves with its answer", async () => {
  const { clock, batch, calls, asked } = subject();
  const first = batch.ask("a");
  await clock.advance(5);
  const others = [batch.ask("b")];
  await clock.advance(100);
  others.push(batch.ask("c"));
  await clock.advance(100);
  expect(calls()).toEqual([["a"]]);
  asked[0]?.answer();
  await first;
  await clock.advance(0);
  expect(calls()).toEqual([["a"], ["b", "c"]]);
  asked[1]?.answer();
  expect(await Promise.all(others)).toEqual(["facts of b", "facts of c"]);
});

test("a call that hangs holds the next one up for 250 ms and no longer", async () => {
  const { clock, batch, calls } = subject();
  void batch.ask("a");
  await clock.advance(5);
  void batch.ask("b");
  await clock.advance(254);
  expect(calls()).toEqual([["a"]]);
  await clock.advance(1);
  expect(calls()).toEqual([["a"], ["b"]]);
});

test("a full call leaves at once, whatever is under way", async () => {
  const { clock, batch, calls } = subject(2);
  void batch.ask("a");
  await clock.advance(5);
  void batch.ask("b");
  void batch.ask("c");
  await clock.advance(0);
  expect(calls()).toEqual([["a"], ["b", "c"]]);
});

test("a question about the same instance is not answered by a call that left before it was put", async () => {
  const { clock, batch, calls, asked } = subject();
  const first = batch.ask("a");
  await clock.advance(5);
  void batch.ask("a");
  asked[0]?.answer();
  await first;
  await clock.advance(5);
  expect(calls()).toEqual([["a"], ["a"]]);
});
