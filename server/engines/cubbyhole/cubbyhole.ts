/**
 * The engine at cubbyhole/: each token has a place of its own there, gone when the token is. No policy of another token,
 * root's included, reaches into it. Source: Vault's pages "Cubbyhole secrets engine" and its API.
 */
import { Fault } from "../../../lib/fault.ts";
import { decodeStored, encodeStored } from "../../../lib/stored.ts";
import { RawJson, stringifyJson } from "../../../lib/wire/json.ts";
import type { Cubbyholes } from "../../contract/cubbyhole.ts";
import { type Context, type EngineKind, mustStillBe, type Reply, type Route, route } from "../../contract/engine.ts";
import type { Storage } from "../../contract/storage.ts";

const FORMAT = 1;
/** Of secrets: what lies beside them is the server's own. */
const ROOT = "secret/";

export function cubbyholeKind(cubbyholes: Cubbyholes): EngineKind {
  return {
    type: "cubbyhole",
    about: "Secrets of one token, which no other token can reach and which end with it",
    kind: "secret",
    create: () => ({ routes: [secretRoute(cubbyholes)] }),
  };
}

function secretRoute(cubbyholes: Cubbyholes): Route {
  const own = (context: Context): Storage => cubbyholes.of(ownerOf(context));
  const write = async (path: string | undefined, context: Context): Promise<undefined> => {
    const key = ROOT + writablePath(path);
    const { data } = context.call;
    if (data.size === 0) throw new Fault("invalid", "missing data fields");
    const bytes = encodeStored(FORMAT, stringifyJson(data));
    await own(context).transact(async (tx) => {
      mustStillBe(context.call, (await tx.get(key)) !== undefined);
      tx.put(key, bytes);
    });
    return undefined;
  };
  return route({
    path: "*path",
    about: "A secret of the token, or a folder of them",
    fields: { path: { type: "string", about: "Where the secret lies, below the mount" } },
    openBody: true,
    exists: async ({ path }, context) => (await stored(own(context), path)) !== undefined,
    on: {
      read: { about: "Reads the secret", run: ({ path }, context) => read(own(context), path) },
      list: { about: "Lists one level of names", run: ({ path }, context) => list(own(context), path) },
      create: { about: "Writes the secret", run: ({ path }, context) => write(path, context) },
      update: { about: "Replaces the secret", run: ({ path }, context) => write(path, context) },
      delete: {
        about: "Deletes the secret",
        run: async ({ path }, context) => {
          const key = ROOT + writablePath(path);
          await own(context).transact((tx) => {
            tx.delete(key);
            return Promise.resolve();
          });
          return undefined;
        },
      },
    },
  });
}

/** A batch token is nowhere stored, so nothing could end with it: refused in Vault's words. */
function ownerOf({ token }: Context): string {
  if (token === undefined) throw new Fault("denied", "permission denied");
  if (token.type !== "service") {
    throw new Fault("invalid", 'cubbyhole operations are only supported by "service" type tokens');
  }
  return token.id;
}

async function read(storage: Storage, path: string | undefined): Promise<Reply> {
  const bytes = await stored(storage, path);
  if (bytes === undefined) throw nothingHere();
  return { data: new RawJson(decodeStored(FORMAT, bytes, "secret")) };
}

/** A folder, or the whole, is no secret. */
async function stored(storage: Storage, path = ""): Promise<Uint8Array | undefined> {
  return path === "" || path.endsWith("/") ? undefined : storage.get(ROOT + path);
}

async function list(storage: Storage, path = ""): Promise<Reply> {
  const folder = path === "" || path.endsWith("/") ? path : `${path}/`;
  const keys = await storage.list(ROOT + folder);
  if (keys.length === 0) throw nothingHere();
  return { data: { keys } };
}

function writablePath(path: string | undefined): string {
  if (path === undefined || path === "") throw new Fault("invalid", "missing path");
  if (path.endsWith("/")) throw new Fault("invalid", "cannot write to a path ending in '/'");
  return path;
}

function nothingHere(): Fault {
  return new Fault("not-found", "no value found", { errors: [] });
}
