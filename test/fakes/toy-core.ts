/** A core that remembers what it was asked and answers as the test says. */
import { Fault } from "../../lib/fault.ts";
import type { Answer, Core } from "../../server/contract/answer.ts";
import type { Call } from "../../server/contract/call.ts";
import type { Reply } from "../../server/contract/engine.ts";

export interface ToyCore extends Core {
  readonly calls: Call[];
  /** Replaced by a test to answer otherwise. */
  answer: (call: Call) => Promise<Answer> | Answer;
}

export function replying(reply: Reply | undefined): Answer {
  return { reply, issued: undefined, mountType: "kv" };
}

/** At first a small key-value store below "secret/". */
export function toyCore(): ToyCore {
  const kept = new Map<string, Call["data"]>();
  const core: ToyCore = {
    calls: [],
    answer: (call) => serve(kept, call),
    handle: async (call) => {
      core.calls.push(call);
      return core.answer(call);
    },
  };
  return core;
}

function serve(kept: Map<string, Call["data"]>, call: Call): Answer {
  if (call.operation === "update") kept.set(call.path, call.data);
  if (call.operation === "delete") kept.delete(call.path);
  if (call.operation === "list") {
    const keys = [...kept.keys()].filter((key) => key.startsWith(call.path)).map((key) => key.slice(call.path.length));
    if (keys.length === 0) throw new Fault("not-found", "", { errors: [] });
    return replying({ data: { keys } });
  }
  if (call.operation !== "read") return replying(undefined);
  const data = kept.get(call.path);
  if (data === undefined) throw new Fault("not-found", "", { errors: [] });
  return replying({ data });
}
