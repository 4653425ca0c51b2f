/**
 * Makes a token: its string, its record, and the keys by which it is found, in one transaction. In the same transaction
 * it is counted where its role may have so many only: the counter goes up with a record and down with its deletion.
 */
import { hash } from "node:crypto";
import { Fault } from "../../lib/fault.ts";
import type { Random } from "../../lib/random.ts";
import { type Secret } from "../../lib/secret.ts";
import { makeToken, randomText } from "../../lib/token-string.ts";
import type { Storage } from "../contract/storage.ts";
import type { TokenEntry } from "../contract/token.ts";
import type { NewToken } from "../contract/tokens.ts";
import { newLeaseId } from "../lease/names.ts";
import type { BatchTokens } from "./batch.ts";
import type { Names } from "./names.ts";
import { childRoot, count, idKey, isLive, NOTHING, putNew, readRecord } from "./record.ts";

const ACCESSOR_LENGTH = 24;
/** Every look-up walks up to the top, so a tree may not grow without bound downwards. */
const DEEPEST = 256;
/** When one of a role's tokens will end nobody knows: it may be revoked at any time. */
const TRY_AGAIN = 30_000;

export interface MintParts {
  readonly storage: Storage;
  readonly random: Random;
  readonly names: Names;
  readonly now: number;
}

/** See `Tokens.create`. */
export async function mint(
  wanted: NewToken,
  { storage, random, names, now }: MintParts,
): Promise<{ readonly token: Secret; readonly entry: TokenEntry }> {
  const policies = sanitizePolicies(wanted.policies);
  if (wanted.ttl === 0 && !policies.includes("root")) {
    throw new Fault("internal", "only root tokens may live for ever");
  }
  const token = wanted.id ?? makeToken(random);
  const accessor = randomText(random, ACCESSOR_LENGTH);
  const leaseId = wanted.ttl === 0 ? "" : newLeaseId(wanted.path, "h", random);
  const entry = entryOf(wanted, { id: names.token(token), accessor, leaseId, policies, now });
  const accessorHash = names.accessor(accessor);
  const counted = counterOf(wanted);
  await storage.transact(async (tx) => {
    const parent = entry.parent === "" ? undefined : await readRecord(tx, entry.parent);
    if (entry.parent !== "" && (parent === undefined || !isLive(parent, now))) {
      throw new Fault("denied", "parent token lookup failed: no parent found");
    }
    const depth = parent === undefined ? 0 : parent.depth + 1;
    if (depth > DEEPEST) throw new Fault("invalid", `token tree is deeper than ${String(DEEPEST)}: create an orphan`);
    if ((await tx.get(idKey(entry.id))) !== undefined) {
      throw new Fault("invalid", "cannot create a token with a duplicate ID");
    }
    if (counted !== undefined && (await count(tx, counted.counted, 1)) > counted.most) throw tooMany(counted.most);
    putNew(tx, { entry, state: "live", accessorHash, depth, ...(counted && { counted: counted.counted }) });
    if (entry.parent !== "") tx.put(childRoot(entry.parent) + entry.id, NOTHING);
  });
  return { token, entry };
}

/** See `Tokens.create`: nothing is stored. */
export function mintBatch(
  wanted: NewToken,
  { random, names, now }: MintParts,
  batch: BatchTokens,
): { readonly token: Secret; readonly entry: TokenEntry } {
  const policies = sanitizePolicies(wanted.policies);
  const refuse = (what: string): Fault => new Fault("invalid", `batch tokens cannot ${what}: use a service token`);
  if (policies.includes("root")) throw new Fault("invalid", "batch tokens cannot be root tokens");
  if (wanted.numUses !== 0) throw refuse("have a limited number of uses");
  if (wanted.most !== undefined && wanted.most !== 0) throw refuse("be counted for token_max_count");
  if (wanted.id !== undefined) throw refuse("have a chosen id");
  if (wanted.ttl === 0) throw new Fault("internal", "batch tokens have an end");
  const bare = { ...wanted, renewable: false, maxTtl: 0, explicitMaxTtl: 0, period: 0, internal: new Map() };
  const entry = entryOf(bare, { id: "", accessor: "", leaseId: "", policies, now });
  const token = batch.seal({ entry, mount: wanted.mount ?? "" }, random);
  return { token, entry: { ...entry, id: names.token(token) } };
}

function counterOf({
  most = 0,
  role,
  path,
  countedBy = `${role}\0${path}`,
}: NewToken): { readonly counted: string; readonly most: number } | undefined {
  return most === 0 ? undefined : { counted: hash("sha256", countedBy, "hex"), most };
}

function tooMany(most: number): Fault {
  const message = `this role may have ${String(most)} live tokens at a time and has as many: revoke one, or wait until one ends`;
  return new Fault("throttled", message, { retryAfter: TRY_AGAIN });
}

interface Made {
  readonly id: string;
  readonly accessor: string;
  readonly leaseId: string;
  readonly policies: readonly string[];
  readonly now: number;
}

function entryOf(wanted: NewToken, { id, accessor, leaseId, policies, now }: Made): TokenEntry {
  return {
    id,
    accessor,
    type: wanted.type,
    policies,
    path: wanted.path,
    displayName: wanted.displayName,
    metadata: wanted.metadata,
    creationTime: now,
    lastRenewalTime: 0,
    expireTime: wanted.ttl === 0 ? 0 : now + wanted.ttl,
    creationTtl: wanted.ttl,
    explicitMaxTtl: wanted.explicitMaxTtl,
    period: wanted.period,
    renewable: wanted.renewable,
    maxTtl: wanted.maxTtl,
    numUses: wanted.numUses,
    orphan: wanted.parent === "",
    parent: wanted.parent,
    boundCidrs: wanted.boundCidrs,
    entityId: wanted.entityId,
    role: wanted.role,
    leaseId,
    internal: wanted.internal,
  };
}

/** Lower case, without blanks around, sorted, each once; root stands alone. Source: Vault's `policyutil.SanitizePolicies`. */
function sanitizePolicies(policies: readonly string[]): readonly string[] {
  const names = new Set(policies.map((name) => name.trim().toLowerCase()).filter((name) => name !== ""));
  return names.has("root") ? ["root"] : [...names].sort();
}
