/** The log: fields vary, secrets do not show, causes do, in both forms. */
import { Writable } from "node:stream";
import { expect, test } from "@jest/globals";
import { withFields } from "../../lib/log.ts";
import { Secret } from "../../lib/secret.ts";
import { winstonLog } from "../../lib/winston.ts";
import { fakeClock } from "../fakes/clock.ts";

function lines(format: "json" | "text") {
  const out: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      out.push(chunk.toString());
      done();
    },
  });
  const log = winstonLog({ level: "info", format, stream, clock: fakeClock(1500) });
  return { out, log: withFields(log, { room: "login" }) };
}

const fields = {
  token: new Secret("hvs.x"),
  error: new Error("outer", { cause: new TypeError("inner") }),
};

test("json: one object a line", () => {
  const { out, log } = lines("json");
  log("warn", "login failed", fields);
  expect(JSON.parse(out.join(""))).toEqual({
    time: "1970-01-01T00:00:01.500Z",
    level: "warn",
    message: "login failed",
    room: "login",
    token: "[secret]",
    error: "Error: outer <- TypeError: inner",
  });
});

test("text: one line, values quoted where they need it", () => {
  const { out, log } = lines("text");
  log("warn", "login failed", { ...fields, text: "a\nb" });
  expect(out.join("")).toBe(
    '1970-01-01T00:00:01.500Z WARN login failed room=login token="[secret]" error="Error: outer <- TypeError: inner" text="a\\nb"\n',
  );
});

test("what is below the level is not written", () => {
  const { out, log } = lines("json");
  log("debug", "noise");
  expect(out).toEqual([]);
});
