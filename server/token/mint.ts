/** Makes a token: its string, its record, and the keys by which it is found, in one transaction. */
import { Fault } from "../../lib/fault.ts";
import type { Random } from "../../lib/random.ts";
import { type Secret } from "../../lib/secret.ts";
import { makeToken, randomText } from "../../lib/token-string.ts";
import type { Storage } from "../contract/storage.ts";
import type { TokenEntry } from "../contract/token.ts";
import type { NewToken } from "../contract/tokens.ts";
import type { Names } from "./names.ts";
import { accessorKey, childRoot, encodeText, idKey, isLive, NOTHING, putRecord, readRecord } from "./record.ts";

const ACCESSOR_LENGTH = 24;
/** Every look-up walks up to the top, so a tree may not grow without bound downwards. */
const DEEPEST = 256;

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
  if (wanted.type !== "service") throw new Fault("invalid", "batch tokens are not supported; use type=service");
  const policies = sanitizePolicies(wanted.policies);
  if (wanted.ttl === 0 && !policies.includes("root")) {
    throw new Fault("internal", "only root tokens may live for ever");
  }
  const token = wanted.id ?? makeToken(random);
  const accessor = randomText(random, ACCESSOR_LENGTH);
  const leaseName = randomText(random, ACCESSOR_LENGTH);
  const entry = entryOf(wanted, { id: names.token(token), accessor, leaseName, policies, now });
  const accessorHash = names.accessor(accessor);
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
    putRecord(tx, { entry, state: "live", accessorHash, depth });
    tx.put(accessorKey(accessorHash), encodeText(entry.id));
    if (entry.parent !== "") tx.put(childRoot(entry.parent) + entry.id, NOTHING);
  });
  return { token, entry };
}

interface Made {
  readonly id: string;
  readonly accessor: string;
  readonly leaseName: string;
  readonly policies: readonly string[];
  readonly now: number;
}

function entryOf(wanted: NewToken, { id, accessor, leaseName, policies, now }: Made): TokenEntry {
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
    leaseId: `${wanted.path}/h${leaseName}`,
    internal: wanted.internal,
  };
}

/** Lower case, without blanks around, sorted, each once; root stands alone. Source: Vault's `policyutil.SanitizePolicies`. */
function sanitizePolicies(policies: readonly string[]): readonly string[] {
  const names = new Set(policies.map((name) => name.trim().toLowerCase()).filter((name) => name !== ""));
  return names.has("root") ? ["root"] : [...names].sort();
}
