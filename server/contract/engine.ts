/**
 * What a secrets engine or an auth method is: a type, a help text and a table of routes. Nothing runs on
 * import and `create` has no side effects, so one table gives dispatch, field checks, 405s, OpenAPI,
 * path-help, completion, the audit's list of sensitive fields, the reference and a test of every route.
 */
import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import type { Secret } from "../../lib/secret.ts";
import type { WireWrap } from "../../lib/wire/envelope.ts";
import type { Encodable, EncodableRecord, Json, JsonMap, RawJson } from "../../lib/wire/json.ts";
import type { Call, Operation } from "./call.ts";
import type { Subject } from "./identity.ts";
import type { LeaseEntry, LeaseInfo, SecretLease } from "./leases.ts";
import type { Storage } from "./storage.ts";
import type { LoginGrant, TokenEntry } from "./token.ts";

export type { Operation } from "./call.ts";

/** One field of a request: enough to check it, to show it in help, and to write it in OpenAPI. */
export interface Field {
  /**
   * "duration": seconds or a Go duration on the wire, integer milliseconds inside. "strings": a list, or one
   * string with commas. "texts": an object of strings, or a list of "k=v". "map": an object. "json": anything.
   */
  readonly type: "string" | "int" | "bool" | "duration" | "strings" | "texts" | "map" | "json";
  readonly about: string;
  /** In the path, or in the body of a write; a read, list or delete is served without it. */
  readonly required?: boolean;
  /** Its numbers and booleans are HMACed in the audit like its strings, its value is never echoed, the UI masks it. */
  readonly sensitive?: boolean;
  /** Only these strings are taken. */
  readonly oneOf?: readonly string[];
  /** Shown in help and OpenAPI; the handler applies it. */
  readonly default?: string | number | boolean;
  readonly deprecated?: boolean;
}

export type Fields = Readonly<Record<string, Field>>;

interface TypeOf {
  string: string;
  int: number;
  bool: boolean;
  duration: number;
  strings: readonly string[];
  texts: ReadonlyMap<string, string>;
  map: JsonMap;
  json: Json;
}

/** The checked values of `F`: a required field is always there, any other may be `undefined`. */
export type Values<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends { readonly required: true }
    ? TypeOf[F[K]["type"]]
    : TypeOf[F[K]["type"]] | undefined;
};

/** Where an engine is mounted, as of this request: a tune is seen by the next one. */
export interface Mount {
  /** With its trailing slash: "secret/", "auth/aws/", "sys/". */
  readonly path: string;
  readonly kind: "secret" | "auth";
  readonly type: string;
  readonly uuid: string;
  readonly accessor: string;
  readonly description: string;
  readonly options: ReadonlyMap<string, string>;
  /** Milliseconds: the mount's own, else the server's `default_lease_ttl` and `max_lease_ttl`. */
  readonly defaultTtl: number;
  readonly maxTtl: number;
  readonly tune: MountTune;
  /** Without it none is set. */
  readonly flags?: MountFlags;
}

/** What was asked for when it was mounted and means nothing here; shown again. */
export interface MountFlags {
  readonly local: boolean;
  readonly sealWrap: boolean;
  readonly externalEntropyAccess: boolean;
}

/** What was set on the mount itself; durations in milliseconds, 0 = the server's default. */
export interface MountTune {
  readonly defaultLeaseTtl: number;
  readonly maxLeaseTtl: number;
  readonly listingVisibility: "" | "hidden" | "unauth";
  readonly tokenType: "" | "default-service" | "default-batch" | "service" | "batch";
  readonly auditNonHmacRequestKeys: readonly string[];
  readonly auditNonHmacResponseKeys: readonly string[];
  readonly passthroughRequestHeaders: readonly string[];
  readonly allowedResponseHeaders: readonly string[];
  readonly delegatedAuthAccessors: readonly string[];
  /** Kept and shown. */
  readonly identityTokenKey: string;
  readonly forceNoCache: boolean;
  /** undefined = what holds for the method's type. */
  readonly userLockout: UserLockout | undefined;
}

/** `user_lockout_config`. Milliseconds. */
export interface UserLockout {
  /** Failed logins in a row before a name is locked; 0 = the default. */
  readonly threshold: number;
  readonly duration: number;
  /** After so long without a failure the count starts over. */
  readonly counterReset: number;
  readonly disabled: boolean;
}

/** What a handler is given beside its checked values. */
export interface Context {
  /** The mount's own storage, decrypted, its prefix applied. */
  readonly storage: Storage;
  readonly call: Call;
  readonly mount: Mount;
  /** The token behind the call; `undefined` on login routes, and on unauthenticated ones unless a valid token came along. */
  readonly token: TokenEntry | undefined;
  /** The entity behind that token; `undefined` without a token, and for tokens that belong to nobody. */
  readonly subject: Subject | undefined;
}

/** What an engine's background work, renewals and revocations are given. */
export type Place = Omit<Context, "call" | "token" | "subject">;

/** `undefined` instead of a reply, or one with nothing to show, means 204. */
export interface Reply {
  /** A `RawJson` must hold an object. */
  readonly data?: EncodableRecord | ReadonlyMap<string, Encodable> | RawJson;
  /** An empty list is as good as none. */
  readonly warnings?: readonly string[];
  /** A login: the core makes the token and puts it into `auth`. */
  readonly login?: LoginGrant;
  /** A token that was created (with its string) or renewed (without): shown in `auth`. A lookup answers in `data`. */
  readonly auth?: {
    readonly entry: TokenEntry;
    readonly clientToken: Secret | undefined;
    /** Those of its entity and groups, shown beside its own. */
    readonly identityPolicies?: readonly string[];
  };
  /** Milliseconds, shown as the envelope's `lease_duration` without a lease: KV v1's hint when to read again. */
  readonly leaseDuration?: number;
  /** A secret with a lease: shown as `lease_id`, `renewable`, `lease_duration`. */
  readonly lease?: SecretLease;
  /** A lease that was renewed: shown likewise. */
  readonly renewed?: LeaseInfo;
  /** Of what `data` gives out, a secret id: where the reply is wrapped, it is told in the place of a token's accessor. */
  readonly wrappedAccessor?: string;
  /** A wrapping token that the handler has made itself: sys/wrapping/rewrap. Only this is shown. */
  readonly wrap?: WireWrap;
  /**
   * The body as it is: sys/metrics for Prometheus, what was in a wrapping token. Never wrapped. `data` beside it is what
   * the audit shows.
   */
  readonly text?: { readonly contentType: string; readonly body: string };
  /** Beside those of every reply, names in lower case. */
  readonly headers?: ReadonlyMap<string, string>;
  /** Instead of 200. */
  readonly status?: number;
  /** Bare members at the top level instead of under `data`: sys/seal-status, sys/health and their like. */
  readonly bare?: EncodableRecord;
  /** Beside `data`, repeated at the top level, as Vault does on sys/mounts, sys/policy and others. */
  readonly alsoBare?: boolean;
  /** A cached reply's audit: HMACs of the string leaves already made; see `server/audit`. */
  readonly cacheKey?: object;
  /** Runs once the response entry has been written or could not be: sys/seal closes the audit with everything else. */
  readonly afterwards?: () => Promise<void>;
}

export interface Handler<F extends Fields> {
  readonly about: string;
  readonly run: (values: Values<F>, context: Context) => Promise<Reply | undefined>;
}

/** A path pattern ("role/:name", "data/*path", "mounts/*path/tune"), its fields, and what each operation does there. */
export interface Route<F extends Fields = Fields> {
  /**
   * ":name" takes one segment; "*name" the rest, which may be empty, up to the literal segments that follow it.
   * The first route that matches is taken. A LIST (its path ends in "/") also matches a pattern without the slash.
   */
  readonly path: string;
  readonly about: string;
  readonly fields: F;
  readonly on: Readonly<Partial<Record<Operation, Handler<F>>>>;
  /**
   * Tells create from update before the policy check, so that a create-only token cannot overwrite. The handler holds
   * what was told against its own transaction with `mustStillBe`. Without `exists` every write is an update.
   */
  readonly exists?: (values: Partial<Values<F>>, context: Context) => Promise<boolean>;
  /** Served without a token. */
  readonly unauthenticated?: boolean;
  /** A login: served without a token, answers with one. */
  readonly login?: boolean;
  /**
   * Of a login, before it is tried: the name it is for, as identity will spell it. The lockout counts by it. Without side
   * effects; `undefined` when the request names nobody.
   */
  readonly aliasOf?: (values: Partial<Values<F>>, context: Context) => Promise<string | undefined>;
  /** Of a login, before it is tried: the role it will go by, for quotas of one role. */
  readonly roleOf?: (values: Partial<Values<F>>, context: Context) => Promise<string | undefined>;
  /**
   * sys/wrapping/unwrap and rewrap: also served to a wrapping token in the header, whose one use is taken then. Their
   * field "token" names one otherwise; what is none is refused before the caller is looked at.
   */
  readonly opensWrapping?: boolean;
  /** The policy must give `sudo` beside the operation. */
  readonly sudo?: boolean;
  /** Served while sealed and before init. */
  readonly whenSealed?: boolean;
  /** Vault's list only: init, unseal, seal-status, health, leader. */
  readonly neverAudited?: boolean;
  /** Takes members that no field names: KV v1's body is the secret itself. */
  readonly openBody?: boolean;
}

/** What was to be created is there by now, or what was to be updated has gone: the core asks the policy anew. */
export class Overtaken extends Fault {
  readonly operation: "create" | "update";

  constructor(operation: "create" | "update") {
    super("conflict", "others wrote the same path at the same time: try again");
    this.operation = operation;
  }
}

/**
 * To be called in the transaction of a create or update whose route has `exists`.
 * @param there as the transaction sees it
 * @throws Overtaken when the policy was asked about the other of the two
 */
export function mustStillBe({ operation }: Pick<Call, "operation">, there: boolean): void {
  if (operation === "create" && there) throw new Overtaken("update");
  if (operation === "update" && !there) throw new Overtaken("create");
}

/** Ties the types of `fields` to those the handlers see, then forgets them so that routes fit one list. */
export function route<const F extends Fields>(r: Route<F>): Route {
  return r as unknown as Route;
}

/** What every engine is made with. */
export interface EngineEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** One mounted engine. */
export interface Engine {
  readonly routes: readonly Route[];
  /**
   * Auth methods: asked before a token from their login is renewed.
   * @throws Fault "denied" to refuse (the token then lives to its end), "unavailable" when it cannot be told now
   */
  readonly renew?: (token: TokenEntry, place: Place) => Promise<Renewal>;
  /** Secrets with a lease: asked before one is renewed; without it no lease of this engine can be. */
  readonly renewLease?: (lease: LeaseEntry, place: Place) => Promise<Renewal>;
  /** Undoes what a lease stands for. Repeatable. @throws what is to be tried again later */
  readonly revokeLease?: (lease: LeaseEntry, place: Place) => Promise<void>;
  /** Work that goes on beside requests while unsealed: tidy, rotation. Ends when `signal` aborts. */
  readonly run?: (place: Place, signal: AbortSignal) => Promise<void>;
  /** Drops everything decrypted; called at seal and when the mount goes. */
  readonly forget?: () => void;
}

/** What a renewal goes by now; milliseconds, 0 = the mount's. */
export interface Renewal {
  readonly ttl: number;
  readonly maxTtl: number;
  readonly period: number;
  /** Names of groups in the method's directory, as of now; see `LoginGrant.groupAliases`. */
  readonly groups?: readonly string[];
}

export interface EngineKind {
  readonly type: string;
  readonly about: string;
  readonly kind: "secret" | "auth";
  /** Called for each mount; without side effects. */
  readonly create: (env: EngineEnv) => Engine;
  /** Types of earlier versions whose data this one takes over by itself, in `Engine.run`: a tune may change them into this. */
  readonly upgradesFrom?: readonly string[];
}
