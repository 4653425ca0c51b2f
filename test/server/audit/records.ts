/** Requests and replies to audit, in the small. */
import { Secret } from "../../../lib/secret.ts";
import { type Encodable, parseJsonMap, stringifyJson } from "../../../lib/wire/json.ts";
import type { AuditRecord, AuditResponse } from "../../../server/contract/audit.ts";
import type { Call } from "../../../server/contract/call.ts";
import type { Mount, Reply, Route } from "../../../server/contract/engine.ts";
import type { TokenEntry } from "../../../server/contract/token.ts";

export const TOKEN = "oks.Canary-token-0123456789";
export const ACCESSOR = "canary-accessor-0123456789";

export function entry(change: Partial<TokenEntry> = {}): TokenEntry {
  return {
    id: "hmac-of-the-token",
    accessor: ACCESSOR,
    type: "service",
    policies: ["app", "default"],
    path: "auth/aws/login",
    displayName: "aws-i-0abc",
    metadata: new Map([["instance_id", "i-0abc"]]),
    creationTime: Date.UTC(2026, 0, 2, 3, 4, 5),
    lastRenewalTime: 0,
    expireTime: 0,
    creationTtl: 3_600_000,
    explicitMaxTtl: 0,
    period: 0,
    renewable: true,
    maxTtl: 0,
    numUses: 0,
    orphan: true,
    parent: "",
    boundCidrs: [],
    entityId: "",
    role: "app",
    leaseId: "auth/aws/login/h1",
    internal: new Map(),
    ...change,
  };
}

export function mount(change: Partial<Mount> = {}, tune: Partial<Mount["tune"]> = {}): Mount {
  return {
    path: "secret/",
    kind: "secret",
    type: "kv",
    uuid: "u",
    accessor: "kv_12345678",
    description: "",
    options: new Map(),
    defaultTtl: 0,
    maxTtl: 0,
    tune: {
      defaultLeaseTtl: 0,
      maxLeaseTtl: 0,
      listingVisibility: "",
      tokenType: "",
      auditNonHmacRequestKeys: [],
      auditNonHmacResponseKeys: [],
      passthroughRequestHeaders: [],
      allowedResponseHeaders: [],
      delegatedAuthAccessors: [],
      identityTokenKey: "",
      forceNoCache: false,
      userLockout: undefined,
      ...tune,
    },
    ...change,
  };
}

export const ROUTE: Route = {
  path: "data/*path",
  about: "a secret",
  fields: {
    data: { type: "map", about: "the secret", sensitive: true },
    options: { type: "map", about: "cas" },
    note: { type: "string", about: "a note" },
  },
  on: {},
};

export function call(change: Partial<Omit<Call, "data">> = {}, data: Record<string, Encodable> = {}): Call {
  return {
    id: "6e1b5a39-6f6c-4a3d-9f37-0b8c53a3a1d2",
    operation: "update",
    path: "secret/data/app/db",
    data: parseJsonMap(stringifyJson(data)),
    token: new Secret(TOKEN),
    wrapTtl: undefined,
    remote: { address: "10.1.2.3", port: 40123 },
    headers: new Map(),
    ...change,
  };
}

export function record(change: Partial<AuditRecord> = {}): AuditRecord {
  return { call: call(), mount: mount(), route: ROUTE, token: entry(), granting: ["app"], error: undefined, ...change };
}

export function response(reply: Reply | undefined, change: Partial<AuditResponse> = {}): AuditResponse {
  return { ...record(), reply, issued: undefined, ...change };
}
