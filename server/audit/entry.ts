/**
 * One device's entries as lines of JSON in Vault's schema, newline included. What repeats is made once: the
 * token's part hangs on its TokenEntry, the request's on its Call, the data of a cached reply on its `cacheKey`, so a
 * cached read costs two short joins and no HMAC. Source of the fields: Vault, "Audit devices" page; OpenBao 2.6
 * `audit/format.go`. Left out as there: whatever is empty.
 */
import type { Clock } from "../../lib/clock.ts";
import type { Random } from "../../lib/random.ts";
import type { WireWrap } from "../../lib/wire/envelope.ts";
import { type Encodable, RawJson } from "../../lib/wire/json.ts";
import type { Issued } from "../contract/answer.ts";
import type { AuditRecord, AuditResponse } from "../contract/audit.ts";
import type { AuditHeaders } from "../contract/audit-headers.ts";
import type { Call } from "../contract/call.ts";
import type { Mount, Reply, Route } from "../contract/engine.ts";
import type { Subject } from "../contract/identity.ts";
import type { TokenEntry } from "../contract/token.ts";
import type { Hasher } from "./hasher.ts";
import { type Data, maskData } from "./mask.ts";
import { member, membersText, seconds, textMember } from "./text.ts";

export interface EntryOptions {
  readonly hasher: Hasher;
  readonly clock: Clock;
  /** Accessors as HMACs; Vault's `hmac_accessor`, default true. */
  readonly hmacAccessor: boolean;
  /** Of a LIST's reply only how many keys there were; Vault's `elide_list_responses`. */
  readonly elideLists: boolean;
  /** Which request headers are shown; undefined = none. */
  readonly headers: AuditHeaders | undefined;
}

interface MaskedReply {
  readonly text: string;
  readonly route: Route | undefined;
  readonly exempt: readonly string[];
}

/** What is written of a token in every entry it stands behind. */
interface MaskedToken {
  readonly subject: Subject | undefined;
  readonly auth: string;
  readonly token: string;
  readonly accessor: string;
}

interface ShownToken {
  /** As an HMAC; "" where it is not known. */
  readonly token: string;
  /** What is secret in it as HMACs already. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly identityPolicies: readonly string[];
}

const NOTHING_EXEMPT: readonly string[] = [];
const NOTHING: readonly string[] = [];

export class Entries {
  readonly #options: EntryOptions;
  readonly #tokens = new WeakMap<TokenEntry, MaskedToken>();
  readonly #requests = new WeakMap<Call, { readonly of: AuditRecord; readonly text: string }>();
  readonly #replies = new WeakMap<object, MaskedReply>();
  /** The millisecond of the last entry and its text: under load many share it. */
  #at = Number.NaN;
  #time = "";

  constructor(options: EntryOptions) {
    this.#options = options;
  }

  request(record: AuditRecord): string {
    return `${this.#head("request")}${this.#shared(record)}}\n`;
  }

  response(record: AuditResponse): string {
    return `${this.#head("response")}${this.#shared(record)},"response":${this.#reply(record)}}\n`;
  }

  /** What a device is tried with before it is kept, as Vault's. */
  test(random: Random): string {
    const id = JSON.stringify(random.uuid());
    const request = `{"id":${id},"operation":"update","namespace":{"id":"root"},"path":"sys/audit/test"}`;
    return `${this.#head("request")},"auth":{"token_type":"default"},"request":${request}}\n`;
  }

  #head(type: string): string {
    const now = this.#options.clock.now();
    if (now !== this.#at) {
      this.#at = now;
      this.#time = new Date(now).toISOString();
    }
    return `{"time":"${this.#time}","type":"${type}"`;
  }

  /** The members that both entries of a request have. */
  #shared(record: AuditRecord): string {
    const error = record.error === undefined ? "" : `,"error":${JSON.stringify(record.error)}`;
    return `,"auth":${this.#auth(record)},"request":${this.#request(record)}${error}`;
  }

  #auth(record: AuditRecord | AuditResponse): string {
    const caller = record.token;
    const made = "issued" in record ? record.issued : undefined;
    let body = "";
    if (caller !== undefined) body = this.#caller(caller, record).auth;
    else if (made !== undefined) body = this.#issued(made);
    const results = record.granting === undefined ? "" : policyResults(record.granting);
    return `{${body}${body === "" || results === "" ? "" : ","}${results}}`;
  }

  #caller(entry: TokenEntry, { call, subject }: AuditRecord): MaskedToken {
    const known = this.#tokens.get(entry);
    if (known !== undefined && known.subject === subject) return known;
    const token = this.#sent(call);
    const auth = this.#token(entry, {
      token,
      metadata: entry.metadata,
      identityPolicies: subject?.policies ?? NOTHING,
    });
    const made = { subject, auth, token, accessor: this.#accessor(entry.accessor) };
    if (token !== "") this.#tokens.set(entry, made);
    return made;
  }

  #sent(call: Call): string {
    return call.token === undefined ? "" : this.#options.hasher.hashSecret(call.token);
  }

  #issued(issued: Issued): string {
    const { clientToken, entry, onceMetadata = [], identityPolicies = NOTHING } = issued;
    const { hasher } = this.#options;
    const once = [...onceMetadata].map(([name, value]) => [name, hasher.hashSecret(value)] as const);
    return this.#token(entry, {
      token: clientToken === undefined ? "" : hasher.hashSecret(clientToken),
      metadata: once.length === 0 ? entry.metadata : new Map([...entry.metadata, ...once]),
      identityPolicies,
    });
  }

  #token(entry: TokenEntry, { token, metadata, identityPolicies }: ShownToken): string {
    const uses = Math.max(0, entry.numUses);
    return membersText([
      textMember("client_token", token),
      textMember("accessor", this.#accessor(entry.accessor)),
      textMember("display_name", entry.displayName),
      member("policies", joinedPolicies(entry.policies, identityPolicies)),
      member("token_policies", entry.policies),
      listMember("identity_policies", identityPolicies),
      entry.policies.includes("default") || entry.policies.includes("root") ? "" : `"no_default_policy":true`,
      metadata.size === 0 ? "" : member("metadata", metadata),
      entry.numUses === 0 ? "" : member("num_uses", uses),
      entry.numUses === 0 ? "" : member("remaining_uses", uses),
      textMember("entity_id", entry.entityId),
      textMember("token_type", entry.type),
      seconds("token_ttl", entry.creationTtl),
      textMember("token_issue_time", new Date(entry.creationTime).toISOString()),
    ]);
  }

  #accessor(accessor: string): string {
    return accessor !== "" && this.#options.hmacAccessor ? this.#options.hasher.hash(accessor) : accessor;
  }

  /** Without data it is sooner written twice than remembered: a WeakMap entry a request costs the garbage collector more. */
  #request(record: AuditRecord): string {
    if (record.call.data.size === 0) return this.#requestText(record);
    const known = this.#requests.get(record.call);
    if (known !== undefined && sameParts(known.of, record)) return known.text;
    const text = this.#requestText(record);
    this.#requests.set(record.call, { of: record, text });
    return text;
  }

  #requestText(record: AuditRecord): string {
    const { call, mount, route, token } = record;
    const exempt = mount?.tune.auditNonHmacRequestKeys ?? NOTHING_EXEMPT;
    const caller = token === undefined ? { token: this.#sent(call), accessor: "" } : this.#caller(token, record);
    return `{${membersText([
      textMember("id", call.id),
      textMember("client_id", token?.entityId ?? ""),
      textMember("operation", call.operation),
      mountText(mount),
      textMember("client_token", caller.token),
      textMember("client_token_accessor", caller.accessor),
      `"namespace":{"id":"root"}`,
      `"path":${JSON.stringify(call.path)}`,
      call.data.size === 0 ? "" : `"data":${maskData(this.#options.hasher, call.data, route, exempt)}`,
      textMember("remote_address", call.remote.address),
      call.remote.port === 0 ? "" : member("remote_port", call.remote.port),
      call.wrapTtl === undefined ? "" : seconds("wrap_ttl", call.wrapTtl),
      this.#headers(call),
    ])}}`;
  }

  /** Those that were asked for, each with its values as a list, as Vault's. */
  #headers({ headers }: Call): string {
    const wanted = this.#options.headers?.wanted();
    if (wanted === undefined || wanted.size === 0) return "";
    const { hasher } = this.#options;
    const shown = [...wanted].flatMap(([name, { hmac }]) => {
      const value = headers.get(name);
      return value === undefined
        ? []
        : [`${JSON.stringify(name)}:[${JSON.stringify(hmac ? hasher.hash(value) : value)}]`];
    });
    return shown.length === 0 ? "" : `"headers":{${shown.join(",")}}`;
  }

  #reply(record: AuditResponse): string {
    const { reply, mount, wrap, lease } = record;
    const issued = record.issued ?? reply?.auth;
    const data = reply?.data ?? reply?.bare;
    return `{${membersText([
      issued === undefined ? "" : `"auth":{${this.#issued(issued)}}`,
      mountText(mount),
      lease === undefined ? "" : `"secret":{"lease_id":${JSON.stringify(lease.id)}}`,
      data === undefined ? "" : `"data":${this.#replyData(record, data, reply?.cacheKey)}`,
      listMember("warnings", reply?.warnings),
      wrap === undefined ? "" : `"wrap_info":{${this.#wrap(wrap)}}`,
    ])}}`;
  }

  #wrap({ token, accessor, ttl, creationTime, creationPath, wrappedAccessor = "" }: WireWrap): string {
    return membersText([
      seconds("ttl", ttl),
      textMember("token", this.#options.hasher.hashSecret(token)),
      textMember("accessor", this.#accessor(accessor)),
      textMember("creation_time", new Date(creationTime).toISOString()),
      textMember("creation_path", creationPath),
      textMember("wrapped_accessor", this.#accessor(wrappedAccessor)),
    ]);
  }

  #replyData(record: AuditResponse, data: Data, cacheKey: Reply["cacheKey"]): string {
    const exempt = record.mount?.tune.auditNonHmacResponseKeys ?? NOTHING_EXEMPT;
    const { hasher, elideLists } = this.#options;
    if (elideLists && record.call.operation === "list") {
      return maskData(hasher, elided(data), record.route, [...exempt, "keys", "key_info"]);
    }
    if (cacheKey === undefined) return maskData(hasher, data, record.route, exempt);
    const known = this.#replies.get(cacheKey);
    if (known !== undefined && known.route === record.route && sameNames(known.exempt, exempt)) return known.text;
    const text = maskData(hasher, data, record.route, exempt);
    this.#replies.set(cacheKey, { text, route: record.route, exempt });
    return text;
  }
}

/** Left out when empty. */
function listMember(name: string, list: readonly string[] = NOTHING): string {
  return list.length === 0 ? "" : member(name, list);
}

function joinedPolicies(own: readonly string[], more: readonly string[]): readonly string[] {
  return more.length === 0 ? own : [...new Set([...own, ...more])].sort();
}

/** `keys` and `key_info` as their sizes. */
function elided(data: Data): Data {
  if (data instanceof RawJson) return data;
  const entries = data instanceof Map ? [...(data as ReadonlyMap<string, Encodable>)] : Object.entries(data);
  return new Map(
    entries.flatMap(([name, value]: readonly [string, Encodable | undefined]) => {
      if (value === undefined) return [];
      return [[name, name === "keys" || name === "key_info" ? sizeOf(value) : value] as const];
    }),
  );
}

function sizeOf(value: Encodable): number {
  if (Array.isArray(value)) return value.length;
  if (value instanceof Map) return value.size;
  return typeof value === "object" && value !== null ? Object.keys(value).length : 0;
}

/** What the request's part of an entry is made of. */
function sameParts(one: AuditRecord, other: AuditRecord): boolean {
  return (
    one.mount === other.mount && one.route === other.route && one.token === other.token && one.subject === other.subject
  );
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === other.length && one.every((name, i) => name === other[i]));
}

/** Mounts and the lists of granting policies live as long as the mount table and the compiled rules: made once each. */
const mountTexts = new WeakMap<Mount, string>();
const policyTexts = new WeakMap<readonly string[], string>();

function mountText(mount: Mount | undefined): string {
  if (mount === undefined) return "";
  const known = mountTexts.get(mount);
  if (known !== undefined) return known;
  const text = membersText([
    textMember("mount_point", mount.path),
    textMember("mount_type", mount.type),
    textMember("mount_accessor", mount.accessor),
    textMember("mount_class", mount.kind),
  ]);
  mountTexts.set(mount, text);
  return text;
}

function policyResults(granting: readonly string[]): string {
  const known = policyTexts.get(granting);
  if (known !== undefined) return known;
  const policies = granting.map((name) => `{"name":${JSON.stringify(name)},"namespace_id":"root","type":"acl"}`);
  const list = policies.length === 0 ? "" : `,"granting_policies":[${policies.join(",")}]`;
  const text = `"policy_results":{"allowed":${String(policies.length > 0)}${list}}`;
  policyTexts.set(granting, text);
  return text;
}
