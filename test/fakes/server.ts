/** The real server in this process: everything but main.ts, over a store in memory, listening on a free port of 127.0.0.1. */
import { type Clock, systemClock } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { systemRandom } from "../../lib/random.ts";
import { Secret } from "../../lib/secret.ts";
import { compose } from "../../server/compose.ts";
import type { AuditDeviceInfo } from "../../server/contract/audit.ts";
import type { EngineKind } from "../../server/contract/engine.ts";
import type { ListenerLimits } from "../../server/contract/listener.ts";
import type { ServerInfo } from "../../server/contract/server-info.ts";
import type { Store } from "../../server/contract/storage.ts";
import type { RunningCore } from "../../server/core/core.ts";
import { httpHandler } from "../../server/http/handler.ts";
import { listen } from "../../server/listen/listen.ts";
import { memoryStore } from "../../server/storage/memory.ts";

export interface TestServerOptions {
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly store?: Store;
  /** Beside token, system and kv: `awsAuth(…)` with fake clients. */
  readonly kinds?: readonly EngineKind[];
  readonly declared?: readonly AuditDeviceInfo[];
  readonly log?: Log;
  /** What is told of the process: host, levels, configuration. */
  readonly info?: Partial<ServerInfo>;
  /** Default true: init with one share, unseal. */
  readonly open?: boolean;
  readonly defaultLeaseTtl?: number;
  readonly maxLeaseTtl?: number;
  /** Of the listener. */
  readonly limits?: ListenerLimits;
}

export interface TestReply {
  readonly status: number;
  readonly headers: Headers;
  /** undefined for an empty body. */
  readonly body: Record<string, unknown> | undefined;
  readonly text: string;
}

export interface TestServer {
  /** "http://127.0.0.1:PORT". */
  readonly url: string;
  readonly core: RunningCore;
  readonly rootToken: string;
  /** In hex. */
  readonly keys: readonly string[];
  readonly store: Store;
  /** As the root token unless `token` says otherwise ("" = none); `path` below /v1/. */
  readonly request: (method: string, path: string, data?: unknown, token?: string) => Promise<TestReply>;
  close(): Promise<void>;
}

const DAY = 24 * 3_600_000;

/** Close it at the end: it holds a port. */
export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = options.clock ?? systemClock;
  const log: Log = options.log ?? (() => undefined);
  const random = systemRandom();
  const store = options.store ?? memoryStore();
  const { core, http } = compose({
    clock,
    random,
    log,
    store,
    storageType: "inmem",
    declared: options.declared ?? [],
    kinds: options.kinds ?? [],
    ...(options.info !== undefined && { info: options.info }),
    defaultLeaseTtl: options.defaultLeaseTtl ?? 32 * DAY,
    maxLeaseTtl: options.maxLeaseTtl ?? 32 * DAY,
  });
  const door = await listen(
    { kind: "tcp", host: "127.0.0.1", port: 0 },
    httpHandler(core, { ...http, log, random, clock, limits: options.limits ?? {} }),
    {
      log,
      clock,
    },
  );
  const { rootToken, keys } = options.open === false ? { rootToken: "", keys: [] } : await opened(core);
  return {
    url: door.address,
    core,
    rootToken,
    keys,
    store,
    request: (method, path, data, token = rootToken) => request(`${door.address}/v1/${path}`, { method, data, token }),
    async close() {
      await door.close(1000);
      await core.close();
      await store.close();
    },
  };
}

async function opened({ operator }: RunningCore): Promise<Pick<TestServer, "rootToken" | "keys">> {
  const { rootToken, shares } = await operator.init(1, 1);
  const keys = shares.map((share) => share.toString("hex"));
  for (const key of keys) await operator.unseal(new Secret(key));
  return { rootToken: rootToken.reveal(), keys };
}

async function request(
  url: string,
  { method, data, token }: { method: string; data: unknown; token: string },
): Promise<TestReply> {
  const reply = await fetch(url, {
    method,
    headers: token === "" ? {} : { "X-Vault-Token": token },
    ...(data !== undefined && { body: JSON.stringify(data) }),
    redirect: "manual",
  });
  const text = await reply.text();
  const body = text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>);
  return { status: reply.status, headers: reply.headers, body, text };
}
