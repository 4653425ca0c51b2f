/**
 * Batch tokens: nothing of them is stored, all that they are is sealed into their string:
 *
 *   "hvb." base64url( version 0x01 | salt (16 bytes) | nonce (12) | ciphertext | tag (16) )
 *
 * AES-256-GCM under HMAC-SHA256(key of this store, salt), so that no number of tokens uses up a key; the additional data
 * is the prefix with version and salt. Only the one spelling that was handed out is taken: base64url is decoded and
 * encoded again, and compared. Source: Vault's page "Batch tokens"; NIST SP 800-38D.
 */
import { createCipheriv, createDecipheriv, createHmac } from "node:crypto";
import { Fault } from "../../lib/fault.ts";
import { Lru } from "../../lib/lru.ts";
import type { Random } from "../../lib/random.ts";
import { Secret } from "../../lib/secret.ts";
import type { Storage } from "../contract/storage.ts";
import type { TokenEntry } from "../contract/token.ts";
import { BATCH_KEY } from "./record.ts";

const PREFIX = "hvb.";
const FORMAT = 1;
const VERSION = 1;
const KEY = 32;
const SALT = 16;
const NONCE = 12;
const TAG = 16;
const HEAD = 1 + SALT + NONCE;
/** Characters: fits a header with room to spare. */
const LONGEST = 8192;
/** Characters of strings whose content is kept as it was unsealed: some 10,000 tokens of the usual size. */
const KEPT = 5 * 1024 * 1024;

/** Short names: the string travels with every request. */
interface Payload {
  /** Policies. */
  readonly p: readonly string[];
  readonly path: string;
  readonly dn: string;
  readonly meta: readonly (readonly [string, string])[];
  /** Made and ending, wall-clock milliseconds. */
  readonly ct: number;
  readonly end: number;
  readonly ttl: number;
  readonly parent: string;
  readonly cidrs: readonly string[];
  readonly entity: string;
  readonly role: string;
  /** See `NewToken.mount`. */
  readonly mount: string;
}

/** What a string holds. */
export interface Unsealed {
  readonly entry: TokenEntry;
  /** "" for one that no login has made. */
  readonly mount: string;
}

export class BatchTokens {
  #key: Buffer | undefined;
  /** By id: what a string holds never changes, and nothing of its end, its parent or its mount is decided here. */
  readonly #opened: Lru<Unsealed>;

  /** @param most the sum of characters of the strings that are remembered */
  constructor(most = KEPT) {
    this.#opened = new Lru(most);
  }

  /** Reads the key, makes it the first time. */
  async open(storage: Storage, random: Random): Promise<void> {
    const stored = await storage.transact(async (tx) => {
      const before = await tx.get(BATCH_KEY);
      if (before !== undefined) return before;
      const made = Buffer.concat([Buffer.of(FORMAT), random.bytes(KEY)]);
      tx.put(BATCH_KEY, made);
      return made;
    });
    if (stored[0] !== FORMAT || stored.length !== KEY + 1) {
      throw new Fault("internal", "stored key of batch tokens has a format that this release does not read");
    }
    this.#key = Buffer.from(stored.subarray(1));
  }

  forget(): void {
    this.#opened.clear();
    this.#key?.fill(0);
    this.#key = undefined;
  }

  /** @throws Fault "invalid" when the string would be too long for a header */
  seal({ entry, mount }: { readonly entry: Omit<TokenEntry, "id">; readonly mount: string }, random: Random): Secret {
    const payload: Payload = {
      p: entry.policies,
      path: entry.path,
      dn: entry.displayName,
      meta: [...entry.metadata],
      ct: entry.creationTime,
      end: entry.expireTime,
      ttl: entry.creationTtl,
      parent: entry.parent,
      cidrs: entry.boundCidrs,
      entity: entry.entityId,
      role: entry.role,
      mount,
    };
    const head = Buffer.concat([Buffer.of(VERSION), random.bytes(SALT), random.bytes(NONCE)]);
    const cipher = createCipheriv("aes-256-gcm", this.#keyFor(head), head.subarray(1 + SALT));
    cipher.setAAD(additional(head));
    const body = Buffer.concat([cipher.update(JSON.stringify(payload), "utf8"), cipher.final()]);
    const text = PREFIX + Buffer.concat([head, body, cipher.getAuthTag()]).toString("base64url");
    if (text.length > LONGEST) {
      throw new Fault(
        "invalid",
        "batch token would be too long: give it fewer policies and less metadata, or use a service token",
      );
    }
    return new Secret(text);
  }

  /**
   * @param id the HMAC of this string
   * @returns undefined unless this store has sealed exactly this string; says nothing of its end, its parent or its mount
   */
  unseal(token: Secret, id: string): Unsealed | undefined {
    const known = this.#opened.get(id);
    if (known !== undefined) return known;
    const text = token.reveal();
    const clear = this.#decrypt(text);
    if (clear === undefined) return undefined;
    const payload = JSON.parse(clear) as Payload;
    const opened = { entry: entryOf(payload, id), mount: payload.mount };
    this.#opened.set(id, opened, text.length);
    return opened;
  }

  #decrypt(text: string): string | undefined {
    const bytes = bytesOf(text);
    if (bytes === undefined) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", this.#keyFor(bytes), bytes.subarray(1 + SALT, HEAD), {
      authTagLength: TAG,
    });
    decipher.setAAD(additional(bytes));
    decipher.setAuthTag(bytes.subarray(-TAG));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(HEAD, -TAG)), decipher.final()]).toString("utf8");
    } catch {
      return undefined;
    }
  }

  #keyFor(head: Buffer): Buffer {
    if (this.#key === undefined) throw new Fault("sealed", "Vault is sealed");
    return createHmac("sha256", this.#key)
      .update(head.subarray(1, 1 + SALT))
      .digest();
  }
}

/** A string of this form was never a service token's: `auth/token/create` refuses to choose one. */
export function isBatch(token: Secret): boolean {
  return token.reveal().startsWith(PREFIX);
}

function additional(head: Buffer): Buffer {
  return Buffer.concat([Buffer.from(PREFIX), head.subarray(0, 1 + SALT)]);
}

function bytesOf(text: string): Buffer | undefined {
  if (!text.startsWith(PREFIX) || text.length > LONGEST) return undefined;
  const bytes = Buffer.from(text.slice(PREFIX.length), "base64url");
  if (bytes.length <= HEAD + TAG || bytes[0] !== VERSION) return undefined;
  return bytes.toString("base64url") === text.slice(PREFIX.length) ? bytes : undefined;
}

function entryOf(payload: Payload, id: string): TokenEntry {
  return {
    id,
    accessor: "",
    type: "batch",
    policies: payload.p,
    path: payload.path,
    displayName: payload.dn,
    metadata: new Map(payload.meta),
    creationTime: payload.ct,
    lastRenewalTime: 0,
    expireTime: payload.end,
    creationTtl: payload.ttl,
    explicitMaxTtl: 0,
    period: 0,
    renewable: false,
    maxTtl: 0,
    numUses: 0,
    orphan: payload.parent === "",
    parent: payload.parent,
    boundCidrs: payload.cidrs,
    entityId: payload.entity,
    role: payload.role,
    leaseId: "",
    internal: new Map(),
  };
}
