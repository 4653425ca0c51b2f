/** One mount of an auth method: calls go through the real matcher and field checks, over a store in memory. */
import type { Clock } from "../../lib/clock.ts";
import { type Fault, toFault } from "../../lib/fault.ts";
import type { LogFields } from "../../lib/log.ts";
import { systemRandom } from "../../lib/random.ts";
import { parseJsonMap } from "../../lib/wire/json.ts";
import type { Operation } from "../../server/contract/call.ts";
import type { Context, Engine, EngineKind, Mount, Renewal, Reply } from "../../server/contract/engine.ts";
import type { Storage } from "../../server/contract/storage.ts";
import type { LoginGrant, TokenEntry } from "../../server/contract/token.ts";
import { checkFields } from "../../server/core/fields.ts";
import { handlerFor } from "../../server/core/handler.ts";
import { compileRoutes } from "../../server/core/matcher.ts";
import { memoryStore } from "../../server/storage/memory.ts";
import { fakeClock } from "./clock.ts";

type Body = Readonly<Record<string, unknown>>;

export interface AuthMount {
  readonly engine: Engine;
  readonly storage: Storage;
  readonly mount: Mount;
  readonly logs: { readonly level: string; readonly message: string; readonly fields: LogFields }[];
  call(operation: Operation, path: string, body?: Body, address?: string): Promise<Reply | undefined>;
  /** The fault of a call that must fail. */
  refusal(operation: Operation, path: string, body?: Body, address?: string): Promise<Fault>;
  /** What a login gives. */
  grant(path: string, body: Body, address?: string): Promise<LoginGrant>;
  /** What the lockout would count a login by. */
  alias(path: string, body: Body): Promise<string | undefined>;
  /** Renews the token that the core would have made from a grant. */
  renew(grant: LoginGrant): Promise<Renewal | undefined>;
}

export function authMount(kind: EngineKind, options: { readonly clock?: Clock } = {}): AuthMount {
  const storage = memoryStore();
  const logs: AuthMount["logs"] = [];
  const log = (level: string, message: string, fields: LogFields = {}): void =>
    void logs.push({ level, message, fields });
  const engine = kind.create({ clock: options.clock ?? fakeClock(), random: systemRandom(), log });
  const mount = {
    path: `auth/${kind.type}/`,
    kind: "auth",
    type: kind.type,
    uuid: "mount-uuid",
    accessor: `auth_${kind.type}_1`,
    maxTtl: 2_764_800_000,
    defaultTtl: 2_764_800_000,
  } as unknown as Mount;
  const matcher = compileRoutes(engine.routes);
  const prepared = (operation: Operation, path: string, body: Body, address: string) => {
    const match = matcher(path, operation === "list");
    if (match === undefined) throw new Error(`no route for ${path}`);
    const data = parseJsonMap(JSON.stringify(body));
    const { values, fault } = checkFields(match.route, match.params, data, operation);
    const call = { operation, path, data, remote: { address, port: 1 } };
    const context = { storage, mount, token: undefined, subject: undefined, call } as unknown as Context;
    return { route: match.route, values: values as never, fault, context };
  };
  const test: AuthMount = {
    engine,
    storage,
    mount,
    logs,
    call: async (operation, path, body = {}, address = "10.0.0.5") => {
      const { route, values, fault, context } = prepared(operation, path, body, address);
      if (fault !== undefined) throw fault;
      const created = operation === "update" && (await route.exists?.(values, context)) === false;
      const handler = handlerFor(route, operation);
      if (handler === undefined) throw new Error(`no ${operation} on ${path}`);
      return handler.run(values, created ? prepared("create", path, body, address).context : context);
    },
    refusal: (...args) =>
      test.call(...args).then(() => {
        throw new Error(`${args[0]} ${args[1]} was not refused`);
      }, toFault),
    grant: async (path, body, address) => {
      const reply = await test.call("update", path, body, address);
      if (reply?.login === undefined) throw new Error("the login gave no grant");
      return reply.login;
    },
    alias: async (path, body) => {
      const { route, values, context } = prepared("update", path, body, "10.0.0.5");
      return route.aliasOf?.(values, context);
    },
    renew: async (grant) => {
      const policies = grant.noDefaultPolicy ? grant.policies : [...grant.policies, "default"];
      const { internal, metadata } = grant;
      return engine.renew?.({ internal, policies, metadata } as unknown as TokenEntry, { storage, mount });
    },
  };
  return test;
}
