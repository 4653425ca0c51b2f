/**
 * Trust on first use. The first login of an instance leaves its nonce in the access list, every later one has to
 * show it; `judge` decides, `claim` decides again inside the transaction that writes.
 * Source: Vault docs, AWS auth method, "Client nonce"; what is stricter than there is said at the line.
 */
import { Fault } from "../../../lib/fault.ts";
import type { Random } from "../../../lib/random.ts";
import { Secret } from "../../../lib/secret.ts";
import type { Storage } from "../../contract/storage.ts";
import { type Entry, entryBytes, entryKey, type InstanceName, readEntry } from "./access-list.ts";
import { deniedKey } from "./denylist.ts";
import type { Role } from "./role.ts";
import type { RoleTag } from "./role-tag.ts";
import { readUnlock, type Unlock, unlockKey } from "./unlock-record.ts";

/** Vault's stand-in for "never again"; as a nonce it is always refused. */
const NEVER_AGAIN = new Secret("reauthentication-disabled-nonce");
const LONGEST_NONCE = 128;

export interface Attempt {
  readonly name: InstanceName;
  readonly role: Role;
  /** undefined = none was sent. */
  readonly nonce: Secret | undefined;
  /** Sent, but empty: this login is to be the last. */
  readonly lastOne: boolean;
  readonly pendingTime: string;
  readonly pendingMs: number;
}

/** "migrated": stopped and started since, on a role that allows it. "unlocked": an operator freed it. */
export type Verdict = "first" | "known" | "migrated" | "unlocked";

export class NonceFault extends Fault {}

/** @throws Fault "invalid" for a nonce of more than 128 characters */
export function readNonce(sent: string | undefined): Pick<Attempt, "nonce" | "lastOne"> {
  if ((sent ?? "").length > LONGEST_NONCE) {
    throw new Fault("invalid", "client nonce exceeding the limit of 128 characters");
  }
  if (sent === undefined || sent === "") return { nonce: undefined, lastOne: sent === "" };
  return { nonce: new Secret(sent), lastOne: false };
}

/** @throws NonceFault in Vault's words */
export function judge(entry: Entry | undefined, unlock: Unlock | undefined, attempt: Attempt, now: number): Verdict {
  if (attempt.nonce?.equals(NEVER_AGAIN) === true) throw refused("reauthentication is disabled");
  if (entry === undefined) return "first";
  const verdict = judgeNonce(entry, isOpen(unlock, attempt.name, now), attempt);
  if (attempt.pendingMs < entry.pendingMs) {
    throw refused("instance meta-data is older than the one used for previous login");
  }
  return verdict;
}

function judgeNonce(entry: Entry, open: boolean, attempt: Attempt): Verdict {
  const same = attempt.nonce !== undefined && entry.nonce?.equals(attempt.nonce) === true;
  if (same && !entry.disallow) return "known";
  if (open) return "unlocked";
  if (entry.disallow || attempt.lastOne) throw refused("reauthentication is disabled");
  if (!attempt.role.allowInstanceMigration) throw refused("client nonce mismatch");
  if (attempt.pendingMs > entry.pendingMs) return "migrated";
  throw refused("client nonce mismatch and instance meta-data incorrect");
}

function isOpen(unlock: Unlock | undefined, name: InstanceName, now: number): boolean {
  if (unlock === undefined || now >= unlock.until) return false;
  const fits = (scope: string, actual: string): boolean => scope === "" || scope === actual;
  return fits(unlock.accountId, name.accountId) && fits(unlock.region, name.region);
}

function refused(message: string): NonceFault {
  return new NonceFault("invalid", message);
}

export interface ClaimTerms {
  readonly random: Random;
  /** Wall-clock milliseconds. */
  readonly now: number;
  /** When tidy may look at the entry. */
  readonly expirationTime: number;
  /** Of the last start as EC2 tells it. */
  readonly launchTime: number;
  /** The tag that the role wants, found right but for the deny list. */
  readonly tag: RoleTag | undefined;
}

export interface Claimed {
  readonly verdict: Verdict;
  /** Made here, to be told to the client this once. */
  readonly madeNonce: Secret | undefined;
  readonly tag: RoleTag | undefined;
}

/**
 * Reads, judges and writes the entry in one transaction: of any number of first logins at once exactly one wins.
 * @throws NonceFault, with nothing written
 */
export async function claim(storage: Storage, attempt: Attempt, terms: ClaimTerms): Promise<Claimed> {
  // Before the transaction, which may run more than once.
  const made = new Secret(terms.random.uuid());
  return storage.transact(async (tx) => {
    const entry = await readEntry(tx, attempt.name);
    const unlock = await readUnlock(tx, attempt.name.instanceId);
    const verdict = judge(entry, unlock, attempt, terms.now);
    const open = isOpen(unlock, attempt.name, terms.now);
    if (verdict === "first" && !open) checkWindow(attempt, terms);
    if (terms.tag !== undefined && (await tx.get(deniedKey(terms.tag.nonce))) !== undefined) {
      throw new Fault("invalid", "role tag is denylisted");
    }
    // One login, whichever it is: an unlock left open behind the instance's own login would let a thief in.
    if (open) tx.delete(unlockKey(attempt.name.instanceId));
    // The new nonce is stored on migration too (upstream keeps the old one and locks the instance out).
    const nonce = verdict === "known" ? entry?.nonce : (attempt.nonce ?? made);
    const next = nextEntry(entry, attempt, terms, nonce);
    tx.put(entryKey(attempt.name), entryBytes(next));
    return { verdict, madeNonce: next.nonce === made ? made : undefined, tag: terms.tag };
  });
}

/** Role and creation stay those of the first login; that reauthentication is disabled is never lifted. */
function nextEntry(
  entry: Entry | undefined,
  { name, role, lastOne, pendingTime, pendingMs }: Attempt,
  { now, expirationTime, tag }: ClaimTerms,
  nonce: Secret | undefined,
): Entry {
  const disallow =
    (entry?.disallow ?? false) || role.disallowReauthentication || lastOne || tag?.disallowReauthentication === true;
  return {
    ...name,
    role: entry?.role ?? role.name,
    creationTime: entry?.creationTime ?? now,
    nonce: disallow ? undefined : nonce,
    disallow,
    pendingTime,
    pendingMs,
    lastUpdatedTime: now,
    expirationTime,
  };
}

/** A first login long after launch is more likely a thief's than the instance's: unless an operator has freed it. */
function checkWindow({ role }: Attempt, { now, launchTime }: ClaimTerms): void {
  if (role.firstLoginWindow === 0 || now <= launchTime + role.firstLoginWindow) return;
  throw refused("the time for a first login after launch is over: an operator can free the instance with unlock");
}
