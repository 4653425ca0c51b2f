/** The memory of bodies: joined as they come, bounded over all requests, given back whatever happens. */
import { connect } from "node:net";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { BodyMemory, Collected } from "../../../server/http/collect.ts";
import { replying } from "../../fakes/toy-core.ts";
import { http, raw, serving } from "./serving.ts";

const KIB = 1024;
const LISTENER = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;

test("a body that comes as a whole is not copied, a part is: it would hold on to all that was read with it", () => {
  const read = Buffer.from("{}{}{}{}");
  const whole = new Collected(new BodyMemory(KIB).share(), 4);
  whole.add(read.subarray(0, 4));
  expect(whole.take().buffer).toBe(read.buffer);
  for (const declared of [0, 5]) {
    const part = new Collected(new BodyMemory(KIB).share(), declared);
    part.add(read.subarray(0, 4));
    expect(part.take().toString()).toBe("{}{}");
    expect(part.take().buffer).not.toBe(read.buffer);
    expect(part.take().buffer.byteLength).toBe(4 * KIB);
  }
});

test("property: what is collected is what was added, in whatever pieces", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 9000 }), { maxLength: 20 }), (pieces) => {
      const memory = new BodyMemory(10 * 1024 * KIB);
      const share = memory.share();
      const collected = new Collected(share, 0);
      for (const piece of pieces) expect(collected.add(Buffer.from(piece))).toBe(true);
      expect(collected.take().equals(Buffer.concat(pieces))).toBe(true);
      expect(memory.held).toBeGreaterThanOrEqual(collected.size);
      expect(memory.held).toBeLessThanOrEqual(Math.max(4 * KIB, 2 * collected.size));
      share.release();
      expect(memory.held).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test("both sides of the bound: small bodies are always taken, large ones while there is room", () => {
  const memory = new BodyMemory(200 * KIB);
  const [one, two, three] = [memory.share(), memory.share(), memory.share()];
  expect(one.grow(136 * KIB)).toBe(true);
  expect(two.grow(64 * KIB)).toBe(true);
  expect(two.grow(64 * KIB + 1)).toBe(false);
  expect(three.grow(64 * KIB)).toBe(true);
  expect(memory.held).toBe(264 * KIB);
  one.release();
  one.release();
  expect(two.grow(136 * KIB)).toBe(true);
  expect(two.grow(136 * KIB + 1)).toBe(false);
  two.release();
  three.release();
  expect(memory.held).toBe(0);
});

test("a body in chunks of one byte takes what it is long, not a hundred times that", async () => {
  const memory = new BodyMemory(1024 * KIB);
  const s = await serving(LISTENER, { memory });
  s.core.answer = () => replying(undefined);
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, memory.held)), 1);
  const chunks = "1\r\n \r\n".repeat(100_000);
  const head = http("PUT", "/v1/a", ["Transfer-Encoding: chunked"]);
  const reply = await raw(s.port, `${head}${chunks}2\r\n{}\r\n0\r\n\r\n`, 5000);
  clearInterval(watch);
  expect(reply.status).toBe(204);
  expect(most).toBeLessThanOrEqual(256 * KIB);
  expect(memory.held).toBe(0);
  await s.stop();
});

test("without room a large body is 503 with Retry-After, a small one is served, and all is given back", async () => {
  const memory = new BodyMemory(300 * KIB);
  const s = await serving(LISTENER, { memory });
  s.core.answer = () => replying(undefined);
  const holder = connect(s.port, "127.0.0.1");
  holder.write(`${http("PUT", "/v1/a", ["Content-Length: 300000"])}${"x".repeat(150_000)}`);
  while (memory.held < 150_000) await new Promise((resolve) => setTimeout(resolve, 5));
  const large = await raw(s.port, http("PUT", "/v1/a", [], JSON.stringify({ a: "x".repeat(200_000) })), 3000);
  expect([large.status, large.headers.get("retry-after")]).toEqual([503, "1"]);
  expect((await raw(s.port, http("PUT", "/v1/a", [], '{"a":1}'))).status).toBe(204);
  holder.destroy();
  while (memory.held > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await raw(s.port, http("PUT", "/v1/a", [], JSON.stringify({ a: "x".repeat(200_000) })), 3000)).status).toBe(
    204,
  );
  expect(memory.held).toBe(0);
  await s.stop();
});
