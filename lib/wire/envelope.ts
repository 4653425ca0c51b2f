/**
 * The envelope around every reply of Vault's API, and the error body, for both sides. The order of the members is
 * that of Vault's `logical.HTTPResponse`, `HTTPAuth` and `HTTPWrapInfo`.
 */
import { Secret } from "../secret.ts";
import { type Encodable, isJsonList, isJsonMap, type Json, type JsonMap, JsonNumber, stringifyJson } from "./json.ts";

/** A token as a reply shows it. Durations are milliseconds; the wire has whole seconds. */
export interface WireAuth {
  /** undefined where the reply keeps the string to itself. */
  readonly clientToken: Secret | undefined;
  readonly accessor: string;
  /** All of them; `tokenPolicies` are those without the identity's. */
  readonly policies: readonly string[];
  readonly tokenPolicies: readonly string[];
  readonly identityPolicies: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly leaseDuration: number;
  readonly renewable: boolean;
  readonly entityId: string;
  readonly tokenType: string;
  readonly orphan: boolean;
  /** 0 = without limit. */
  readonly numUses: number;
}

/** What stands in for the reply when X-Vault-Wrap-TTL asked for it. */
export interface WireWrap {
  readonly token: Secret;
  readonly accessor: string;
  /** Milliseconds. */
  readonly ttl: number;
  /** Wall-clock milliseconds. */
  readonly creationTime: number;
  readonly creationPath: string;
  /** Of the token inside, when the wrapped reply made one. */
  readonly wrappedAccessor?: string;
}

export interface Envelope {
  readonly requestId: string;
  readonly leaseId: string;
  readonly renewable: boolean;
  /** Milliseconds. */
  readonly leaseDuration: number;
  readonly data: Encodable | undefined;
  readonly wrap: WireWrap | undefined;
  readonly warnings: readonly string[];
  readonly auth: WireAuth | undefined;
  readonly mountType: string;
}

/** The names that are the envelope's own at the top level. */
const OWN: ReadonlySet<string> = new Set([
  "request_id",
  "lease_id",
  "renewable",
  "lease_duration",
  "data",
  "wrap_info",
  "warnings",
  "auth",
  "mount_type",
]);

/**
 * @param beside members repeated at the top level (sys/mounts, sys/policy, …); those with a name of the envelope's are left out
 * @returns JSON with the line end that Vault's replies have
 */
export function envelopeText(envelope: Envelope, beside?: Iterable<readonly [string, Encodable | undefined]>): string {
  const { data, wrap, warnings, auth } = envelope;
  const seconds = Math.floor(envelope.leaseDuration / 1000);
  return `{${beside === undefined ? "" : topLevel(beside)}"request_id":${JSON.stringify(envelope.requestId)},"lease_id":${
    envelope.leaseId === "" ? '""' : JSON.stringify(envelope.leaseId)
  },"renewable":${String(envelope.renewable)},"lease_duration":${String(seconds)},"data":${
    data === undefined ? "null" : stringifyJson(data)
  },"wrap_info":${wrap === undefined ? "null" : wrapText(wrap)},"warnings":${
    warnings.length === 0 ? "null" : stringifyJson(warnings)
  },"auth":${auth === undefined ? "null" : authText(auth)},"mount_type":${JSON.stringify(envelope.mountType)}}\n`;
}

function topLevel(members: Iterable<readonly [string, Encodable | undefined]>): string {
  let out = "";
  for (const [name, value] of members) {
    if (value !== undefined && !OWN.has(name)) out += `${JSON.stringify(name)}:${stringifyJson(value)},`;
  }
  return out;
}

function authText(auth: WireAuth): string {
  return stringifyJson({
    client_token: auth.clientToken?.reveal() ?? "",
    accessor: auth.accessor,
    policies: auth.policies,
    token_policies: auth.tokenPolicies,
    identity_policies: auth.identityPolicies.length === 0 ? undefined : auth.identityPolicies,
    metadata: auth.metadata.size === 0 ? null : auth.metadata,
    lease_duration: Math.floor(auth.leaseDuration / 1000),
    renewable: auth.renewable,
    entity_id: auth.entityId,
    token_type: auth.tokenType,
    orphan: auth.orphan,
    mfa_requirement: null,
    num_uses: auth.numUses,
  });
}

function wrapText(wrap: WireWrap): string {
  return stringifyJson({
    token: wrap.token.reveal(),
    accessor: wrap.accessor,
    ttl: Math.floor(wrap.ttl / 1000),
    creation_time: new Date(wrap.creationTime).toISOString(),
    creation_path: wrap.creationPath,
    wrapped_accessor: wrap.wrappedAccessor,
  });
}

/** @returns `{"errors":[…]}`, with `warnings` when there are any */
export function errorText(errors: readonly string[], warnings: readonly string[] = []): string {
  return `${stringifyJson({ errors, warnings: warnings.length === 0 ? undefined : warnings })}\n`;
}

/** What a client takes out of a reply: members that are missing or of another type are as if they were empty. */
export interface ReadEnvelope extends Omit<Envelope, "data" | "wrap"> {
  readonly data: JsonMap | undefined;
  /** The wrapping token and how long it lives, milliseconds. */
  readonly wrap: Pick<WireWrap, "token" | "accessor" | "ttl" | "creationPath"> | undefined;
}

export function readEnvelope(body: JsonMap): ReadEnvelope {
  return {
    requestId: text(body.get("request_id")),
    leaseId: text(body.get("lease_id")),
    renewable: body.get("renewable") === true,
    leaseDuration: milliseconds(body.get("lease_duration")),
    data: mapOf(body.get("data")),
    wrap: readWrap(mapOf(body.get("wrap_info"))),
    warnings: texts(body.get("warnings")),
    auth: readAuth(mapOf(body.get("auth"))),
    mountType: text(body.get("mount_type")),
  };
}

function readAuth(auth: JsonMap | undefined): WireAuth | undefined {
  if (auth === undefined) return undefined;
  const clientToken = text(auth.get("client_token"));
  return {
    clientToken: clientToken === "" ? undefined : new Secret(clientToken),
    accessor: text(auth.get("accessor")),
    policies: texts(auth.get("policies")),
    tokenPolicies: texts(auth.get("token_policies")),
    identityPolicies: texts(auth.get("identity_policies")),
    metadata: new Map([...(mapOf(auth.get("metadata")) ?? [])].map(([name, value]) => [name, text(value)])),
    leaseDuration: milliseconds(auth.get("lease_duration")),
    renewable: auth.get("renewable") === true,
    entityId: text(auth.get("entity_id")),
    tokenType: text(auth.get("token_type")),
    orphan: auth.get("orphan") === true,
    numUses: milliseconds(auth.get("num_uses")) / 1000,
  };
}

function readWrap(wrap: JsonMap | undefined): ReadEnvelope["wrap"] {
  const token = text(wrap?.get("token"));
  if (wrap === undefined || token === "") return undefined;
  return {
    token: new Secret(token),
    accessor: text(wrap.get("accessor")),
    ttl: milliseconds(wrap.get("ttl")),
    creationPath: text(wrap.get("creation_path")),
  };
}

function mapOf(value: Json | undefined): JsonMap | undefined {
  return isJsonMap(value) ? value : undefined;
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function texts(value: Json | undefined): readonly string[] {
  return isJsonList(value) ? value.filter((one) => typeof one === "string") : [];
}

/** A number of seconds; 0 for what is none, or beyond any date. */
function milliseconds(value: Json | undefined): number {
  const seconds = value instanceof JsonNumber ? Number(value.text) : 0;
  return seconds > 0 && seconds < 2 ** 40 ? Math.floor(seconds * 1000) : 0;
}
