/** A token store over a store in memory, with a clock moved by hand: for the tests of tokens and leases. */
import { systemRandom } from "../../lib/random.ts";
import type { Store } from "../../server/contract/storage.ts";
import type { NewToken, Tokens } from "../../server/contract/tokens.ts";
import { memoryStore } from "../../server/storage/memory.ts";
import { type TokenStoreParts, tokenStore } from "../../server/token/store.ts";
import { type FakeClock, fakeClock } from "./clock.ts";

/** What a test changes is what it is about. */
const NEW_TOKEN: NewToken = {
  id: undefined,
  type: "service",
  policies: ["default"],
  path: "auth/token/create",
  displayName: "token",
  metadata: new Map(),
  ttl: 3_600_000,
  explicitMaxTtl: 0,
  maxTtl: 0,
  period: 0,
  renewable: true,
  numUses: 0,
  parent: "",
  boundCidrs: [],
  entityId: "",
  role: "",
  internal: new Map(),
};

/** What a store of tokens holds without any token. */
export const KEPT_KEYS = ["sys/token/batch", "sys/token/indexed", "sys/token/salt"];

export interface TestTokens {
  readonly tokens: Tokens;
  readonly store: Store;
  readonly clock: FakeClock;
  readonly logged: readonly string[];
  readonly make: (over?: Partial<NewToken>) => ReturnType<Tokens["create"]>;
  /** Starts the sweep, until `signal` aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export async function testTokens(over: Partial<TokenStoreParts> & { clock?: FakeClock } = {}): Promise<TestTokens> {
  const store = (over.storage as Store | undefined) ?? memoryStore();
  const clock = over.clock ?? fakeClock(1_000_000);
  const logged: string[] = [];
  const tokens = tokenStore({
    random: systemRandom(),
    log: (_level, message) => void logged.push(message),
    ...over,
    storage: store,
    clock,
  });
  await tokens.open();
  const make: TestTokens["make"] = (wanted = {}) => tokens.create({ ...NEW_TOKEN, ...wanted });
  return { tokens, store, clock, logged, make, run: (signal) => tokens.expire(signal) };
}

export async function everyKey(store: Pick<Store, "list">, folder = ""): Promise<readonly string[]> {
  const out: string[] = [];
  for (const name of await store.list(folder)) {
    if (name.endsWith("/")) out.push(...(await everyKey(store, folder + name)));
    else out.push(folder + name);
  }
  return out;
}
