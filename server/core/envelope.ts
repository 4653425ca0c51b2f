/** An `Answer` as the text of a reply: what http sends, and what a wrapping token holds. */
import type { Secret } from "../../lib/secret.ts";
import { type Envelope, envelopeText, type WireAuth } from "../../lib/wire/envelope.ts";
import { type Encodable, parseJsonMap, RawJson, stringifyJson } from "../../lib/wire/json.ts";
import type { Answer, Issued } from "../contract/answer.ts";
import type { Reply } from "../contract/engine.ts";
import type { LeaseInfo } from "../contract/leases.ts";

/** @returns the body, "" for a 204 */
export function answerText(requestId: string, answer: Answer): string {
  const { reply, issued, wrap } = answer;
  if (wrap !== undefined) {
    return envelopeText({ ...EMPTY, requestId, wrap, warnings: reply?.warnings ?? EMPTY.warnings });
  }
  if (reply === undefined && issued === undefined) return "";
  return bareText(reply) ?? wholeText(requestId, answer);
}

function bareText(reply: Reply | undefined): string | undefined {
  if (reply?.text !== undefined) return reply.text.body;
  return reply?.bare === undefined ? undefined : `${stringifyJson(reply.bare)}\n`;
}

function wholeText(requestId: string, { reply, issued, mountType, lease }: Answer): string {
  const envelope: Envelope = {
    ...EMPTY,
    requestId,
    mountType,
    ...(reply === undefined ? undefined : shownOf(reply)),
    ...(lease === undefined ? undefined : leaseOf(lease)),
    auth: issued === undefined ? undefined : authOf(issued),
  };
  return envelopeText(envelope, reply?.alsoBare === true ? membersOf(reply.data) : undefined);
}

const EMPTY: Envelope = {
  requestId: "",
  leaseId: "",
  renewable: false,
  leaseDuration: 0,
  data: undefined,
  wrap: undefined,
  warnings: [],
  auth: undefined,
  mountType: "",
};

function shownOf(reply: Reply): Pick<Envelope, "data" | "warnings" | "leaseDuration"> {
  return { data: reply.data, warnings: reply.warnings ?? EMPTY.warnings, leaseDuration: reply.leaseDuration ?? 0 };
}

function leaseOf(lease: LeaseInfo): Pick<Envelope, "leaseId" | "renewable" | "leaseDuration"> {
  const from = Math.max(lease.issueTime, lease.lastRenewal);
  return { leaseId: lease.id, renewable: lease.renewable, leaseDuration: Math.max(0, lease.expireTime - from) };
}

function membersOf(data: Reply["data"]): Iterable<readonly [string, Encodable | undefined]> {
  if (data === undefined) return [];
  if (data instanceof RawJson) return parseJsonMap(data.text);
  return data instanceof Map ? (data as ReadonlyMap<string, Encodable>) : Object.entries(data);
}

function authOf({ clientToken, entry, onceMetadata = NOTHING_MORE, identityPolicies = [] }: Issued): WireAuth {
  return {
    clientToken,
    accessor: entry.accessor,
    policies:
      identityPolicies.length === 0 ? entry.policies : [...new Set([...entry.policies, ...identityPolicies])].sort(),
    tokenPolicies: entry.policies,
    identityPolicies,
    metadata: new Map([...entry.metadata, ...[...onceMetadata].map(revealed)]),
    leaseDuration: lifetimeOf(entry),
    renewable: entry.renewable,
    entityId: entry.entityId,
    tokenType: entry.type,
    orphan: entry.orphan,
    numUses: entry.numUses,
  };
}

/** Milliseconds as granted; a second at least for a token that ends, since clients take 0 for "never". */
function lifetimeOf({ expireTime, creationTime, lastRenewalTime }: Issued["entry"]): number {
  if (expireTime === 0) return 0;
  return Math.max(1000, expireTime - Math.max(creationTime, lastRenewalTime));
}

const NOTHING_MORE: NonNullable<Issued["onceMetadata"]> = new Map();

function revealed([name, value]: readonly [string, Secret]): readonly [string, string] {
  return [name, value.reveal()];
}
