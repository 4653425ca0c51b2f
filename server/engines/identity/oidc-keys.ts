/** `oidc/key`: the keys that identity tokens are signed with, and their rotation. Source: Vault's API page "/identity/oidc", "Create a named key". */
import type { Clock } from "../../../lib/clock.ts";
import type { Doorbell } from "../../../lib/doorbell.ts";
import { Fault } from "../../../lib/fault.ts";
import type { Log } from "../../../lib/log.ts";
import type { Random } from "../../../lib/random.ts";
import { type Context, mustStillBe, type Route, route } from "../../contract/engine.ts";
import { nothingHere } from "../../contract/record.ts";
import type { Reader, Storage, Transaction } from "../../contract/storage.ts";
import {
  ALGORITHMS,
  type Algorithm,
  encodeKey,
  KEYS,
  type NamedKey,
  named,
  namesIn,
  ROLES,
  readKey,
  readRole,
} from "./oidc-record.ts";
import { newRingKey, retire, rotated, withoutExpired } from "./oidc-ring.ts";
import { listed } from "./shown.ts";

export const DEFAULT_KEY = "default";
const DAY = 24 * 3_600_000;
const SHORTEST_PERIOD = 60_000;
/** After a rotation that failed. */
const AGAIN = 60_000;
const MOST_KEYS = 1_000;

export interface KeyTools {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Rung when a rotation may be due earlier than it was. */
  readonly bell: Doorbell;
}

const NAME = { type: "string", about: "The key's name", required: true } as const;
const TTL = {
  type: "duration",
  about: "How long a key is published after it has been rotated; at most 10 times rotation_period",
} as const;
const FIELDS = {
  name: NAME,
  rotation_period: { type: "duration", about: "After which a new key signs; at least 1m", default: "24h" },
  verification_ttl: { ...TTL, default: "24h" },
  allowed_client_ids: { type: "strings", about: "Roles whose client_id may use it; * for all" },
  algorithm: { type: "string", about: "Of the signatures", oneOf: ALGORITHMS, default: "RS256" },
} as const;

interface Given {
  readonly name: string;
  readonly rotation_period: number | undefined;
  readonly verification_ttl: number | undefined;
  readonly allowed_client_ids: readonly string[] | undefined;
  readonly algorithm: string | undefined;
}

export function keyRoutes(tools: KeyTools): readonly Route[] {
  return [
    route({
      path: "oidc/key",
      about: "The named keys",
      fields: {},
      on: {
        list: { about: "Lists the keys' names", run: async (_, { storage }) => listed(await namesIn(storage, KEYS)) },
      },
    }),
    keyRoute(tools),
    rotateRoute(tools),
  ];
}

function keyRoute(tools: KeyTools): Route {
  const write = {
    about: "Makes the key, or changes what is given; another algorithm makes new keys",
    run: (values: Given, context: Context) => put(tools, values, context),
  };
  return route({
    path: "oidc/key/:name",
    about: "One named key",
    fields: FIELDS,
    exists: async ({ name }, { storage }) => (await readKey(storage, name ?? "")) !== undefined,
    on: {
      read: {
        about: "Reads the key's settings",
        run: async ({ name }, { storage }) => {
          const key = await readKey(storage, name);
          if (key === undefined) throw nothingHere();
          return {
            data: {
              rotation_period: key.rotationPeriod / 1000,
              verification_ttl: key.verificationTtl / 1000,
              algorithm: key.algorithm,
              allowed_client_ids: key.allowedClients,
            },
          };
        },
      },
      create: write,
      update: write,
      delete: { about: "Deletes the key: what it has signed is valid no more", run: ({ name }, c) => remove(name, c) },
    },
  });
}

async function put(tools: KeyTools, values: Given, context: Context): Promise<undefined> {
  const { storage, call } = context;
  const known = await readKey(storage, values.name);
  const algorithm = (values.algorithm as Algorithm | undefined) ?? known?.algorithm ?? "RS256";
  checkPeriods(settingsOf(values, known));
  const fresh = known?.algorithm === algorithm ? undefined : await freshKeys(tools, algorithm);
  await storage.transact(async (tx) => {
    const before = await readKey(tx, values.name);
    mustStillBe(call, before !== undefined);
    if (before === undefined && (await tx.list(KEYS)).length >= MOST_KEYS) {
      throw new Fault("invalid", `there are ${String(MOST_KEYS)} keys already: delete one first`);
    }
    const settings = settingsOf(values, before);
    checkPeriods(settings);
    await checkRoles(tx, values.name, settings.verificationTtl);
    tx.put(named(KEYS, values.name), encodeKey(changed(before, { ...settings, algorithm }, fresh, tools.clock.now())));
  });
  tools.bell.ring();
  return undefined;
}

type Settings = Pick<NamedKey, "rotationPeriod" | "verificationTtl" | "allowedClients">;

function settingsOf(values: Given, known: Settings | undefined): Settings {
  return {
    rotationPeriod: values.rotation_period ?? known?.rotationPeriod ?? DAY,
    verificationTtl: values.verification_ttl ?? known?.verificationTtl ?? DAY,
    allowedClients: values.allowed_client_ids ?? known?.allowedClients ?? [],
  };
}

function checkPeriods({ rotationPeriod, verificationTtl }: Settings): void {
  if (rotationPeriod < SHORTEST_PERIOD) throw new Fault("invalid", "rotation_period must be at least one minute");
  if (verificationTtl > 10 * rotationPeriod) {
    throw new Fault("invalid", "verification_ttl cannot be longer than 10x rotation_period");
  }
}

/** A token must not outlive the key it can be checked with. */
async function checkRoles(tx: Transaction, name: string, verificationTtl: number): Promise<void> {
  for (const roleName of await namesIn(tx, ROLES)) {
    const role = await readRole(tx, roleName);
    if (role?.key === name && role.ttl > verificationTtl) {
      throw new Fault(
        "invalid",
        `unable to update key ${JSON.stringify(name)} because it is currently referenced by one or more roles with a token ttl greater than ${String(verificationTtl / 1000)} seconds`,
      );
    }
  }
}

type Fresh = Pick<NamedKey, "signing" | "next">;

async function freshKeys({ random }: KeyTools, algorithm: Algorithm): Promise<Fresh> {
  const [signing, next] = await Promise.all([newRingKey(algorithm, random), newRingKey(algorithm, random)]);
  return { signing, next };
}

function changed(
  before: NamedKey | undefined,
  settings: Settings & Pick<NamedKey, "algorithm">,
  fresh: Fresh | undefined,
  now: number,
): NamedKey {
  const due = now + settings.rotationPeriod;
  if (fresh === undefined) {
    // The algorithm has changed between the first look and this one.
    if (before?.algorithm !== settings.algorithm) throw new Fault("conflict", "the key was changed at the same time");
    return { ...before, ...settings, nextRotation: Math.min(before.nextRotation, due) };
  }
  const old = before === undefined ? [] : retire(before, [before.signing, before.next], now, settings.verificationTtl);
  return { ...settings, ...fresh, old, nextRotation: due };
}

async function remove(name: string, { storage }: Context): Promise<undefined> {
  if (name === DEFAULT_KEY) throw new Fault("invalid", `deletion of key "${DEFAULT_KEY}" not allowed`);
  await storage.transact(async (tx) => {
    const users: string[] = [];
    for (const roleName of await namesIn(tx, ROLES)) {
      if ((await readRole(tx, roleName))?.key === name) users.push(roleName);
    }
    if (users.length > 0) {
      throw new Fault(
        "invalid",
        `unable to delete key ${JSON.stringify(name)} because it is currently referenced by these roles: ${users.join(", ")}`,
      );
    }
    tx.delete(named(KEYS, name));
  });
  return undefined;
}

function rotateRoute(tools: KeyTools): Route {
  return route({
    path: "oidc/key/:name/rotate",
    about: "The key's rotation",
    fields: { name: NAME, verification_ttl: { ...TTL, about: "How long the key of now stays published, this time" } },
    on: {
      update: {
        about: "Signs with the next key from now on",
        run: async ({ name, verification_ttl: ttl }, { storage }) => {
          await rotate(tools, storage, name, { ttl });
          tools.bell.ring();
          return undefined;
        },
      },
    },
  });
}

/** @param due only when it is due by now */
async function rotate(
  { clock, random }: KeyTools,
  storage: Storage,
  name: string,
  { ttl, due = false }: { readonly ttl?: number | undefined; readonly due?: boolean },
): Promise<void> {
  const key = await readKey(storage, name);
  if (key === undefined) throw new Fault("invalid", `no named key found at ${JSON.stringify(name)}`);
  const fresh = await newRingKey(key.algorithm, random);
  await storage.transact(async (tx) => {
    const before = await readKey(tx, name);
    if (before?.algorithm !== fresh.algorithm) throw new Fault("conflict", "the key was changed at the same time");
    const now = clock.now();
    if (due && before.nextRotation > now) return;
    tx.put(named(KEYS, name), encodeKey(rotated(before, fresh, now, ttl)));
  });
}

/** Makes the key that roles use which name none. */
export async function ensureDefaultKey(tools: KeyTools, storage: Storage): Promise<void> {
  if ((await readKey(storage, DEFAULT_KEY)) !== undefined) return;
  const fresh = await freshKeys(tools, "RS256");
  const settings = { rotationPeriod: DAY, verificationTtl: DAY, allowedClients: ["*"], algorithm: "RS256" as const };
  await storage.transact(async (tx) => {
    if ((await readKey(tx, DEFAULT_KEY)) !== undefined) return;
    tx.put(named(KEYS, DEFAULT_KEY), encodeKey(changed(undefined, settings, fresh, tools.clock.now())));
  });
  tools.bell.ring();
}

/** Rotates what is due and forgets what has expired, until `signal` aborts. */
export async function rotateByItself(tools: KeyTools, storage: Storage, signal: AbortSignal): Promise<void> {
  for (;;) {
    let next = Number.POSITIVE_INFINITY;
    for (const name of await namesIn(storage, KEYS)) {
      const due = await tend(tools, storage, name).catch((error: unknown) => {
        const cause = error instanceof Error ? error : undefined;
        tools.log("warn", "a signing key of identity tokens was not rotated, it is tried again", {
          name,
          error: cause,
        });
        return tools.clock.now() + AGAIN;
      });
      next = Math.min(next, due);
    }
    await tools.bell.wait(tools.clock, Math.max(1, next - tools.clock.now()), signal);
  }
}

/** @returns when there is something to do about it again */
async function tend(tools: KeyTools, storage: Storage, name: string): Promise<number> {
  const now = tools.clock.now();
  const key = await readKey(storage, name);
  if (key === undefined) return Number.POSITIVE_INFINITY;
  if (key.nextRotation <= now) await rotate(tools, storage, name, { due: true });
  else if (withoutExpired(key, now) !== key) await forgetExpired(tools, storage, name);
  return dueOf(await readKey(storage, name));
}

async function forgetExpired({ clock }: KeyTools, storage: Storage, name: string): Promise<void> {
  await storage.transact(async (tx) => {
    const key = await readKey(tx, name);
    if (key !== undefined) tx.put(named(KEYS, name), encodeKey(withoutExpired(key, clock.now())));
  });
}

function dueOf(key: NamedKey | undefined): number {
  if (key === undefined) return Number.POSITIVE_INFINITY;
  return Math.min(key.nextRotation, ...key.old.map(({ expireTime }) => expireTime));
}

/** All keys that some role signs with. */
export async function keysInUse(reader: Reader): Promise<readonly NamedKey[]> {
  const names = new Set<string>();
  for (const roleName of await namesIn(reader, ROLES)) {
    const role = await readRole(reader, roleName);
    if (role !== undefined) names.add(role.key);
  }
  const keys = await Promise.all([...names].sort().map((name) => readKey(reader, name)));
  return keys.filter((key) => key !== undefined);
}
