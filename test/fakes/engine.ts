/** One engine on a store in memory: calls go through the real matcher and field checks, as the core sends them. */

import { type Fault, toFault } from "../../lib/fault.ts";
import { systemRandom } from "../../lib/random.ts";
import { parseJsonMap, stringifyJson } from "../../lib/wire/json.ts";
import type { Operation } from "../../server/contract/call.ts";
import { type Context, type EngineKind, type Mount, Overtaken, type Reply } from "../../server/contract/engine.ts";
import type { Storage } from "../../server/contract/storage.ts";
import { checkFields } from "../../server/core/fields.ts";
import { handlerFor } from "../../server/core/handler.ts";
import { compileRoutes } from "../../server/core/matcher.ts";
import { memoryStore } from "../../server/storage/memory.ts";
import { type FakeClock, fakeClock } from "./clock.ts";

const START = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export interface TestEngine {
  readonly clock: FakeClock;
  readonly storage: Storage;
  readonly forget: () => void;
  /** @param body JSON text, so that numbers and keys are exactly as written */
  call(operation: Operation, path: string, body?: string): Promise<Reply | undefined>;
  refusal(operation: Operation, path: string, body?: string): Promise<Fault>;
  exists(path: string): Promise<boolean>;
}

export function testEngine(kind: EngineKind, mount: Partial<Mount> = {}): TestEngine {
  const clock = fakeClock(START);
  const storage = memoryStore();
  const engine = kind.create({ clock, random: systemRandom(), log: () => undefined });
  const matcher = compileRoutes(engine.routes);
  const at = (operation: Operation, path: string, body: string) => {
    const match = matcher(path, operation === "list");
    if (match === undefined) throw new Error(`no route for ${path}`);
    const data = parseJsonMap(body);
    const { values, fault } = checkFields(match.route, match.params, data);
    const context = {
      storage,
      mount: { path: "secret/", defaultTtl: 2_764_800_000, maxTtl: 2_764_800_000, ...mount },
      call: { operation, path: `secret/${path}`, data },
      token: undefined,
    } as unknown as Context;
    return { match, values: values as never, fault, context };
  };
  const call: TestEngine["call"] = async (operation, path, body = "{}") => {
    const asked = at(operation, path, body);
    if (asked.fault !== undefined) throw asked.fault;
    const creates = operation === "update" && (await asked.match.route.exists?.(asked.values, asked.context)) === false;
    const { match, values, context } = creates ? at("create", path, body) : asked;
    const handler = handlerFor(match.route, context.call.operation);
    if (handler === undefined) throw new Error(`no ${operation} on ${path}`);
    return handler.run(values, context).catch((error: unknown) => {
      if (error instanceof Overtaken) return call(operation, path, body);
      throw error;
    });
  };
  return {
    clock,
    storage,
    forget: () => engine.forget?.(),
    call,
    refusal: (operation, path, body) =>
      call(operation, path, body).then(() => {
        throw new Error(`${operation} ${path} was not refused`);
      }, toFault),
    exists: async (path) => {
      const { match, values, context } = at("update", path, "{}");
      return (await match.route.exists?.(values, context)) ?? true;
    },
  };
}

/** A reply's data as JSON text: byte for byte what goes out under "data". */
export function dataText(reply: Reply | undefined): string {
  return stringifyJson(reply?.data ?? null);
}

export function dataOf(reply: Reply | undefined): Record<string, unknown> {
  return JSON.parse(dataText(reply)) as Record<string, unknown>;
}
