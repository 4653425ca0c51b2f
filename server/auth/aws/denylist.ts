/**
 * `roletag-denylist`: tags that no login may use any more. An entry goes by the tag's nonce, so that no other spelling of
 * the same tag gets past it. Source: Vault API, AWS auth method, "Place role tags in deny list".
 */
import { Fault } from "../../../lib/fault.ts";
import { formatTime } from "../../../lib/time-text.ts";
import { type Context, type Route, route } from "../../contract/engine.ts";
import { deleteRecord, nothingHere, numberIn, putRecord, readRecord, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import { readRole } from "./role.ts";
import { isGenuine, type RoleTag, readTag } from "./role-tag.ts";
import type { AwsState } from "./state.ts";

export const DENYLIST = "roletag-denylist/";

export interface Denied {
  /** The tag's whole value. */
  readonly tag: string;
  /** Wall-clock milliseconds. */
  readonly creationTime: number;
  /** When tidy may remove it. */
  readonly expirationTime: number;
}

export function deniedKey(nonce: string): string {
  return DENYLIST + Buffer.from(nonce, "base64").toString("base64url");
}

export async function readDenied(reader: Reader, key: string): Promise<Denied | undefined> {
  const record = await readRecord(reader, key);
  if (record === undefined) return undefined;
  return {
    tag: textIn(record, "tag"),
    creationTime: numberIn(record, "creationTime"),
    expirationTime: numberIn(record, "expirationTime"),
  };
}

/** Under Vault's present name and the one it had before. */
export function denylistRoutes(state: AwsState): readonly Route[] {
  return ["roletag-denylist", "roletag-blacklist"].flatMap((path) => [tagsRoute(path), tagRoute(state, path)]);
}

function tagsRoute(path: string): Route {
  return route({
    path,
    about: "The tags that are denied",
    fields: {},
    on: {
      list: {
        about: "Lists their values",
        run: async (_, { storage }) => {
          const keys: string[] = [];
          for (const name of await storage.list(DENYLIST)) {
            const denied = await readDenied(storage, DENYLIST + name);
            if (denied !== undefined) keys.push(denied.tag);
          }
          if (keys.length === 0) throw nothingHere();
          return { data: { keys: keys.sort() } };
        },
      },
    },
  });
}

function tagRoute(state: AwsState, path: string): Route {
  return route({
    path: `${path}/*role_tag`,
    about: "A tag that no login may use any more",
    fields: { role_tag: { type: "string", about: "Value of the tag, best in base64: it may hold slashes" } },
    on: {
      read: {
        about: "Reads when it was denied and when tidy may forget it",
        run: async ({ role_tag: sent }, { storage }) => {
          const denied = await readDenied(storage, deniedKey(tagIn(sent).tag.nonce));
          if (denied === undefined) throw nothingHere();
          return {
            data: {
              creation_time: formatTime(denied.creationTime),
              expiration_time: formatTime(denied.expirationTime),
            },
          };
        },
      },
      update: {
        about: "Denies the tag",
        run: async ({ role_tag: sent }, context) => {
          await deny(state, tagIn(sent), context);
          return undefined;
        },
      },
      delete: {
        about: "Takes the tag off the list",
        run: async ({ role_tag: sent }, { storage }) => {
          await deleteRecord(storage, deniedKey(tagIn(sent).tag.nonce));
          return undefined;
        },
      },
    },
  });
}

interface Sent {
  readonly value: string;
  readonly tag: RoleTag;
}

/** Base64 of a tag first, else the tag itself. @throws Fault "invalid" for what is neither */
function tagIn(sent: string | undefined): Sent {
  const text = sent ?? "";
  for (const value of [Buffer.from(text, "base64").toString("utf8"), text]) {
    const tag = readTag(value);
    if (tag !== undefined) return { value, tag };
  }
  throw new Fault("invalid", "role_tag must be the value of a tag as role/:role/tag gives it, or base64 of one");
}

async function deny(state: AwsState, { value, tag }: Sent, { storage, mount }: Context): Promise<void> {
  const role = await readRole(storage, tag.role);
  if (role?.hmacKey === undefined || !isGenuine(value, role.hmacKey)) {
    throw new Fault("invalid", "failed to verify the role tag: no role of this server has made it");
  }
  const now = state.env.clock.now();
  const longest = Math.max(tag.maxTtl, role.token.maxTtl, mount.maxTtl);
  await putRecord(storage, deniedKey(tag.nonce), { tag: value, creationTime: now, expirationTime: now + longest });
}
