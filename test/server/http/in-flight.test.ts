/** Requests in flight. Source: Vault's API page "/sys/in-flight-req". */
import { expect, test } from "@jest/globals";
import { Flights } from "../../../server/http/in-flight.ts";
import { replying } from "../../fakes/toy-core.ts";
import { http, raw, serving } from "./serving.ts";

test("a request is listed from its call to its reply, and told whose it is", async () => {
  const flights = new Flights();
  const s = await serving(undefined, { flights });
  try {
    let seen: unknown;
    s.core.answer = ({ id }) => {
      flights.identify(id, "entity-1");
      seen = flights.all().get(id);
      return replying(undefined);
    };
    await raw(s.port, http("LIST", "/v1/secret/a?x=1"));
    expect(seen).toEqual({
      startTime: expect.any(Number),
      remote: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      path: "/v1/secret/a",
      method: "LIST",
      clientId: "entity-1",
    });
    expect(flights.all().size).toBe(0);
    s.core.answer = () => {
      throw new Error("bug");
    };
    await raw(s.port, http("GET", "/v1/secret/a"));
    expect(flights.all().size).toBe(0);
  } finally {
    await s.stop();
  }
});

test("what is listed is bounded", () => {
  const flights = new Flights(2);
  const info = { startTime: 0, remote: "", path: "", method: "GET", clientId: "" };
  for (const id of ["a", "b", "c"]) flights.begin(id, info);
  flights.identify("c", "nobody");
  expect([...flights.all().keys()]).toEqual(["a", "b"]);
  flights.end("a");
  flights.end("c");
  flights.begin("d", info);
  expect([...flights.all().keys()]).toEqual(["b", "d"]);
});
