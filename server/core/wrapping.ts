/**
 * Response wrapping over tokens and cubbyholes. Its rules:
 *
 * 1. A wrapping token is an orphan service token with one use, one policy that gives nothing, and an end of its own: what
 *    opens once is decided by `Tokens.use`, which counts exactly, however many ask.
 * 2. The reply and what is told about it lie in the token's cubbyhole, so they go with the token, used or not.
 *
 * Source: Vault's page "Response wrapping"; what a token and `wrap_info` hold: OpenBao's `wrapInCubbyhole`.
 */
import type { Clock } from "../../lib/clock.ts";
import { Fault, toFault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import { Secret } from "../../lib/secret.ts";
import { decodeStored, encodeStored } from "../../lib/stored.ts";
import type { WireWrap } from "../../lib/wire/envelope.ts";
import type { Cubbyholes } from "../contract/cubbyhole.ts";
import type { TokenEntry } from "../contract/token.ts";
import type { NewToken, Tokens } from "../contract/tokens.ts";
import {
  isWrapping,
  noWrappingToken,
  type Opener,
  WRAPPING_POLICY,
  type WrapInfo,
  type Wrapping,
  type WrapRequest,
} from "../contract/wrapping.ts";

export interface WrappingParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly tokens: Pick<Tokens, "create" | "find" | "use" | "spent" | "revoke">;
  readonly cubbyholes: Cubbyholes;
}

/** Beside the secrets that the token's owner may keep in a cubbyhole; a wrapping token can keep none. */
const RESPONSE = "wrapping/response";
const INFO = "wrapping/info";
/** Of the records at both keys. */
const FORMAT = 1;

export function responseWrapping(parts: WrappingParts): Wrapping {
  const open = async (from: Opener): Promise<Opened> => {
    const entry = from instanceof Secret ? await take(parts, from) : from;
    const storage = parts.cubbyholes.of(entry.id);
    const [text, info] = await Promise.all([storage.get(RESPONSE), readInfo(parts, entry)]);
    if (text === undefined) throw lost();
    return { entry, info, text: decodeStored(FORMAT, text, "wrapped reply") };
  };
  return {
    wrap: (request) => wrap(parts, request),
    lookup: async (token) => {
      const entry = await parts.tokens.find(token);
      if (entry === undefined || !isWrapping(entry)) throw noWrappingToken();
      return readInfo(parts, entry);
    },
    open: async (from) => {
      const { entry, info, text } = await open(from);
      if (from instanceof Secret) await spent(parts, entry);
      return { text, status: info.status };
    },
    rewrap: async (from) => {
      const { entry, info, text } = await open(from);
      const { creationTtl: ttl, creationPath: path, status } = info;
      const made = await wrap(parts, { text, status, ttl, path, wrappedAccessor: undefined });
      if (from instanceof Secret) await spent(parts, entry);
      return made;
    },
  };
}

type Kept = WrapInfo & Pick<WrapRequest, "status">;

interface Opened {
  readonly entry: TokenEntry;
  readonly info: Kept;
  readonly text: string;
}

async function wrap({ clock, tokens, cubbyholes }: WrappingParts, request: WrapRequest): Promise<WireWrap> {
  const { text, status, ttl, path, wrappedAccessor } = request;
  const { token, entry } = await tokens.create(wrappingToken(path, ttl));
  const info: Kept = { creationTtl: ttl, creationTime: clock.now(), creationPath: path, status };
  try {
    await cubbyholes.of(entry.id).transact((tx) => {
      tx.put(RESPONSE, encodeStored(FORMAT, text));
      tx.put(INFO, encodeStored(FORMAT, JSON.stringify(info)));
      return Promise.resolve();
    });
  } catch (error) {
    await tokens.revoke(entry.id);
    throw error;
  }
  return {
    token,
    accessor: entry.accessor,
    ttl,
    creationTime: info.creationTime,
    creationPath: path,
    ...(wrappedAccessor === undefined ? undefined : { wrappedAccessor }),
  };
}

function wrappingToken(path: string, ttl: number): NewToken {
  return {
    id: undefined,
    type: "service",
    policies: [WRAPPING_POLICY],
    // A LIST's path ends in a slash; the token's becomes a part of its lease id.
    path: path.replace(/\/$/, ""),
    displayName: "",
    metadata: new Map(),
    ttl,
    explicitMaxTtl: ttl,
    maxTtl: ttl,
    period: 0,
    renewable: false,
    numUses: 1,
    parent: "",
    boundCidrs: [],
    entityId: "",
    role: "",
    internal: new Map(),
  };
}

/** The one use, for who names the token in the body. */
async function take({ tokens }: WrappingParts, token: Secret): Promise<TokenEntry> {
  const found = await tokens.find(token);
  const taken = found !== undefined && isWrapping(found) ? await tokens.use(found) : undefined;
  if (taken === undefined) throw noWrappingToken();
  return taken;
}

/** What was in it has been read: that its rest is not deleted now must not keep it from who may have it. */
async function spent({ tokens, log }: WrappingParts, entry: TokenEntry): Promise<void> {
  await tokens.spent(entry).catch((error: unknown) => {
    log("error", "a wrapping token that was opened is not deleted yet", { error: toFault(error) });
  });
}

async function readInfo({ cubbyholes }: WrappingParts, { id }: TokenEntry): Promise<Kept> {
  const bytes = await cubbyholes.of(id).get(INFO);
  if (bytes === undefined) throw lost();
  return JSON.parse(decodeStored(FORMAT, bytes, "wrapping information")) as Kept;
}

/** Between the token's making and its content's there was a crash; nobody was told of it then. */
function lost(): Fault {
  return new Fault("invalid", "no information found in the wrapping token");
}
