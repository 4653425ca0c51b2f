/**
 * `config/rotate-root`: gives the server a new access key and ends the old one. At every moment one key that works is
 * stored: the new one is tried before it is stored, the old one ends only after that.
 * Source: Vault API, AWS auth method, "Rotate root credentials"; IAM user guide, "Rotate access keys".
 */
import { Fault, toFault } from "../../../lib/fault.ts";
import type { AccessKey, AwsAccess } from "../../contract/ec2.ts";
import { type Context, type Reply, type Route, route } from "../../contract/engine.ts";
import { deleteRecord, readRecord, recordBytes, textIn } from "../../contract/record.ts";
import { CLIENT_KEY, clientBytes, readClientConfig } from "./config-client.ts";
import { ownAccess } from "./config-sts.ts";
import type { AwsState } from "./state.ts";

/** IAM is eventually consistent: milliseconds between two tries of the new key, and how many. */
const WAIT = 2000;
const TRIES = 15;

/** The key that was stored before the present one, until it is deleted. */
const RETIRED = "rotate-root/retired";

export function rotateRootRoute(state: AwsState): Route {
  return route({
    path: "config/rotate-root",
    about: "The server's own access key",
    fields: {},
    on: {
      update: {
        about: "Makes a new key for the same user, stores it and deletes the old one",
        run: (_, context) => state.turns.take("config/rotate-root", () => rotate(state, context)),
      },
    },
  });
}

async function rotate(state: AwsState, { storage }: Context): Promise<Reply> {
  const { iam } = state.ports;
  const old = await ownAccess(storage, "us-east-1");
  if (old.accessKey === "") {
    throw new Fault("invalid", "cannot call config/rotate-root without access_key and secret_key in config/client");
  }
  await dropRetired(state, storage, old);
  const made = await iam.createAccessKey(old).catch((error: unknown) => {
    throw tooManyKeys(error);
  });
  try {
    await tryOut(state, old, made);
    await store(storage, old.accessKey, made);
  } catch (error) {
    // Only a key that is surely not stored may go: a write can have landed although it was not acknowledged.
    const stored = (await readClientConfig(storage)).accessKey;
    if (stored !== made.accessKey) await drop(state, old, made.accessKey);
    throw error;
  }
  state.ports.forget();
  const warning = await drop(state, old, old.accessKey);
  if (warning === undefined) await deleteRecord(storage, RETIRED);
  const data = { access_key: made.accessKey };
  return warning === undefined ? { data } : { data, warnings: [warning] };
}

/** What an earlier rotation could not delete, or a crash left: IAM has room for two keys only. */
async function dropRetired(state: AwsState, storage: Context["storage"], current: AwsAccess): Promise<void> {
  const record = await readRecord(storage, RETIRED);
  const retired = record === undefined ? "" : textIn(record, "accessKey");
  if (retired === "" || retired === current.accessKey) return;
  await state.ports.iam.deleteAccessKey(current, retired);
}

/** Of the same account, so that nothing but the key changes. */
async function tryOut(state: AwsState, old: AwsAccess, made: AccessKey): Promise<void> {
  const account = await state.ports.ec2.callerAccount(old);
  for (let left = TRIES; ; left -= 1) {
    const found = await state.ports.ec2.callerAccount({ ...old, ...made }).catch((error: unknown) => toFault(error));
    if (found === account) return;
    if (left <= 1) {
      throw new Fault("unavailable", "AWS does not take the new key: the old one stays in use", {
        cause: found instanceof Fault ? found : undefined,
        retryAfter: WAIT,
      });
    }
    await state.env.clock.sleep(WAIT, new AbortController().signal);
  }
}

/** @throws Fault "conflict" when others have changed the key meanwhile */
function store(storage: Context["storage"], oldKey: string, made: AccessKey): Promise<void> {
  return storage.transact(async (tx) => {
    const config = await readClientConfig(tx);
    if (config.accessKey !== oldKey) {
      throw new Fault("conflict", "config/client was written at the same time: what was written there stays");
    }
    tx.put(CLIENT_KEY, clientBytes({ ...config, accessKey: made.accessKey, secretKey: made.secretKey }));
    tx.put(RETIRED, recordBytes({ accessKey: oldKey }));
  });
}

/** With the old key, which works until it is gone itself. @returns what the operator has to do when AWS does not do it */
async function drop(state: AwsState, old: AwsAccess, accessKey: string): Promise<string | undefined> {
  try {
    await state.ports.iam.deleteAccessKey(old, accessKey);
    return undefined;
  } catch (error) {
    const fault = toFault(error);
    state.env.log("warn", "access key could not be deleted: delete it in IAM", {
      access_key: accessKey,
      error: fault,
    });
    return `the key ${accessKey} is no longer used but could not be deleted (${fault.message}): delete it in IAM`;
  }
}

function tooManyKeys(error: unknown): Fault {
  const fault = toFault(error);
  if (!fault.message.includes("LimitExceeded")) return fault;
  return new Fault("invalid", "the user has two access keys, IAM's limit: delete the one that is not in use first", {
    cause: error,
  });
}
