/** The real server behind the same commands: everything but sockets, over a store in memory, a clock moved by hand. */
import { toFault } from "../../lib/fault.ts";
import { systemRandom } from "../../lib/random.ts";
import { Secret } from "../../lib/secret.ts";
import { isJsonMap, type Json, type JsonMap, parseJsonMap, stringifyJson } from "../../lib/wire/json.ts";
import { compose } from "../../server/compose.ts";
import type { Call, Operation } from "../../server/contract/call.ts";
import type { Store } from "../../server/contract/storage.ts";
import type { RunningCore } from "../../server/core/core.ts";
import { answerText } from "../../server/core/envelope.ts";
import { memoryStore } from "../../server/storage/memory.ts";
import { type FakeClock, fakeClock } from "../fakes/clock.ts";
import { type Command, doFor, type Of, type Table } from "./commands.ts";
import { DONE, shown, type Told } from "./reply.ts";
import { DEFAULT_TTL } from "./tokens.ts";

export const START = Date.UTC(2026, 0, 1);

interface Handle {
  readonly token: string;
  readonly accessor: string;
}

interface Sent {
  readonly operation: Operation;
  readonly path: string;
  readonly token?: string | undefined;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly wrapTtl?: number;
}

interface Got {
  readonly status: number;
  readonly body: JsonMap;
}

export class Rig {
  readonly #store: Store = memoryStore();
  readonly #clock: FakeClock = fakeClock(START);
  readonly #tokens: Handle[] = [];
  readonly #wraps: string[] = [];
  #key = "";
  readonly #table: Table<Promise<Told>> = {
    policy: async (command) => {
      const data = { policy: policyText(command) };
      return this.#ask({ operation: "update", path: `sys/policies/acl/${command.name}`, token: this.#root, data });
    },
    "drop policy": ({ name }) =>
      this.#ask({ operation: "delete", path: `sys/policies/acl/${name}`, token: this.#root }),
    token: (wanted) => this.#create(wanted),
    lookup: ({ by }) =>
      this.#ask({ operation: "read", path: "auth/token/lookup-self", token: this.#token(by) }, (data) =>
        picked(data, ["policies", "ttl", "orphan", "renewable"]),
      ),
    renew: (wanted) => this.#renew(wanted),
    revoke: (wanted) => this.#revoke(wanted),
    capabilities: ({ by, path }) =>
      this.#ask(
        { operation: "update", path: "sys/capabilities-self", token: this.#token(by), data: { path } },
        (data) => picked(data, ["capabilities"]),
      ),
    wrap: (wanted) => this.#wrap(wanted),
    unwrap: ({ of }) => this.#unwrap(of),
    time: ({ ms }) => {
      this.#clock.jump(ms);
      return Promise.resolve(DONE);
    },
    restart: async () => {
      await this.#core.close();
      this.#core = this.#compose();
      await this.#core.operator.unseal(new Secret(this.#key));
      return DONE;
    },
    "v1 write": ({ by, path, value }) => this.#kv("update", `old/${path}`, by, { value }),
    "v1 read": ({ by, path }) => this.#kv("read", `old/${path}`, by),
    "v1 delete": ({ by, path }) => this.#kv("delete", `old/${path}`, by),
    "v1 list": ({ by, path }) => this.#kv("list", `old/${path}/`, by),
    "v2 write": ({ by, path, value, cas }) =>
      this.#kv("update", `kv/data/${path}`, by, { data: { value }, ...(cas !== undefined && { options: { cas } }) }),
    "v2 patch": ({ by, path, key, value }) => this.#kv("patch", `kv/data/${path}`, by, { data: { [key]: value } }),
    "v2 read": ({ by, path, version }) =>
      this.#ask({ operation: "read", path: `kv/data/${path}`, token: this.#token(by), data: { version } }, (data) => ({
        data: plain(data.get("data")),
        version: plain(mapAt(data, "metadata").get("version")),
      })),
    "v2 delete": ({ by, path }) => this.#kv("delete", `kv/data/${path}`, by),
    "v2 erase": ({ by, path }) => this.#kv("delete", `kv/metadata/${path}`, by),
    "v2 list": ({ by, path }) => this.#kv("list", `kv/metadata/${path}/`, by),
    "v2 versions": ({ by, how, path, version }) => this.#kv("update", `kv/${how}/${path}`, by, { versions: [version] }),
  };
  #core: RunningCore;
  #calls = 0;

  private constructor() {
    this.#core = this.#compose();
  }

  static async open(): Promise<Rig> {
    const rig = new Rig();
    const made = await rig.#core.operator.init(1, 1);
    rig.#key = made.shares[0]?.toString("hex") ?? "";
    await rig.#core.operator.unseal(new Secret(rig.#key));
    const token = made.rootToken.reveal();
    rig.#tokens.push({ token, accessor: "" });
    await rig.#send({ operation: "update", path: "sys/mounts/old", token, data: { type: "kv" } });
    await rig.#send({
      operation: "update",
      path: "sys/mounts/kv",
      token,
      data: { type: "kv", options: { version: "2" } },
    });
    return rig;
  }

  async close(): Promise<void> {
    await this.#core.close();
    await this.#store.close();
  }

  /** @returns what can be compared with the model's word; a status that the model never says is a disagreement */
  async tell(command: Command): Promise<Told> {
    return doFor(this.#table, command);
  }

  #compose(): RunningCore {
    return compose({
      clock: this.#clock,
      random: systemRandom(),
      log: () => undefined,
      store: this.#store,
      storageType: "inmem",
      declared: [],
      kinds: [],
      defaultLeaseTtl: DEFAULT_TTL,
      maxLeaseTtl: DEFAULT_TTL,
    }).core;
  }

  #token(index: number): string {
    return this.#tokens[index % this.#tokens.length]?.token ?? "";
  }

  get #root(): string {
    return this.#tokens[0]?.token ?? "";
  }

  async #ask(sent: Sent, members: (data: JsonMap) => unknown = plain): Promise<Told> {
    return toldOf(await this.#send(sent), members);
  }

  /** A write is told by its version alone: the rest of its reply is times. */
  #kv(operation: Operation, path: string, by: number, data?: Sent["data"]): Promise<Told> {
    const writes = operation === "update" || operation === "patch";
    return this.#ask({ operation, path, token: this.#token(by), ...(data !== undefined && { data }) }, (reply) =>
      writes ? picked(reply, ["version"]) : plain(reply),
    );
  }

  async #renew({ by, of, increment: ms }: Of<"renew">): Promise<Told> {
    const [token, target] = [this.#token(by), this.#token(of)];
    const increment = `${ms}ms`;
    const got = await this.#send({
      operation: "update",
      path: token === target ? "auth/token/renew-self" : "auth/token/renew",
      token,
      data: token === target ? { increment } : { token: target, increment },
    });
    return toldOf(got, () => ({ ttl: plain(mapAt(got.body, "auth").get("lease_duration")) }));
  }

  async #create(wanted: Of<"token">): Promise<Told> {
    const got = await this.#send({
      operation: "update",
      path: wanted.orphan ? "auth/token/create-orphan" : "auth/token/create",
      token: this.#token(wanted.by),
      data: {
        policies: wanted.policies,
        ttl: `${wanted.ttl}ms`,
        explicit_max_ttl: `${wanted.explicitMaxTtl}ms`,
        period: `${wanted.period}ms`,
        num_uses: wanted.numUses,
        renewable: wanted.renewable,
        no_default_policy: wanted.noDefault,
      },
    });
    if (got.status !== 200) return { status: got.status };
    const auth = mapAt(got.body, "auth");
    this.#tokens.push({ token: textAt(auth, "client_token"), accessor: textAt(auth, "accessor") });
    return shown({ policies: plain(auth.get("policies")), ttl: plain(auth.get("lease_duration")) });
  }

  async #wrap({ by, path, ttl }: Of<"wrap">): Promise<Told> {
    const got = await this.#send({ operation: "read", path: `old/${path}`, token: this.#token(by), wrapTtl: ttl });
    if (got.status !== 200) return { status: got.status };
    this.#wraps.push(textAt(mapAt(got.body, "wrap_info"), "token"));
    return shown({});
  }

  async #unwrap(of: number): Promise<Told> {
    if (this.#wraps.length === 0) return DONE;
    const token = this.#wraps[of % this.#wraps.length];
    const got = await this.#send({ operation: "update", path: "sys/wrapping/unwrap", token });
    return got.status === 200 ? shown(plain(got.body.get("data"))) : { status: got.status };
  }

  async #revoke({ how, of }: Of<"revoke">): Promise<Told> {
    const target = this.#tokens[of % this.#tokens.length];
    if (target === undefined || target === this.#tokens[0]) return DONE;
    const calls = {
      self: { path: "auth/token/revoke-self", token: target.token, data: {} },
      tree: { path: "auth/token/revoke", token: this.#root, data: { token: target.token } },
      orphan: { path: "auth/token/revoke-orphan", token: this.#root, data: { token: target.token } },
      accessor: { path: "auth/token/revoke-accessor", token: this.#root, data: { accessor: target.accessor } },
    };
    const got = await this.#send({ operation: "update", ...calls[how] });
    return got.status === 200 ? shown({}) : { status: got.status };
  }

  async #send({ operation, path, token, data = {}, wrapTtl }: Sent): Promise<Got> {
    const call: Call = {
      id: `call-${(this.#calls += 1)}`,
      operation,
      path,
      data: parseJsonMap(JSON.stringify(data)),
      token: token === undefined ? undefined : new Secret(token),
      wrapTtl,
      remote: { address: "127.0.0.1", port: 1 },
      headers: new Map(),
    };
    try {
      const answer = await this.#core.handle(call);
      const text = answerText(call.id, answer);
      return {
        status: answer.reply?.status ?? (text === "" ? 204 : 200),
        body: parseJsonMap(text === "" ? "{}" : text),
      };
    } catch (error) {
      const fault = toFault(error);
      if (fault.kind === "internal") throw new Error(`${operation} ${path}`, { cause: error });
      return { status: fault.status, body: new Map() };
    }
  }
}

function policyText({ rules }: Of<"policy">): string {
  return rules
    .map(({ path, capabilities }) => `path "${path}" { capabilities = ${JSON.stringify(capabilities)} }`)
    .join("\n");
}

/** The members of a reply that the model speaks of; nothing of one that is none. */
function toldOf({ status, body }: Got, members: (data: JsonMap) => unknown): Told {
  return status === 200 ? shown(members(mapAt(body, "data"))) : { status };
}

function picked(map: JsonMap, names: readonly string[]): unknown {
  return Object.fromEntries(names.map((name) => [name, plain(map.get(name))]));
}

function mapAt(map: JsonMap, name: string): JsonMap {
  const value = map.get(name);
  return isJsonMap(value) ? value : new Map<string, Json>();
}

function textAt(map: JsonMap, name: string): string {
  const value = map.get(name);
  return typeof value === "string" ? value : "";
}

function plain(value: Json | undefined): unknown {
  return value === undefined ? undefined : JSON.parse(stringifyJson(value));
}
