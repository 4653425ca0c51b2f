/** `map/teams/:key` and `map/users/:key`: policies of teams and users. Source: Vault API, github, "Map GitHub teams", "Map GitHub users". */
import { Fault } from "../../../lib/fault.ts";
import { type Fields, type Reply, type Route, route } from "../../contract/engine.ts";
import { deleteRecord, listReply, nothingHere, putRecord, readRecord, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import { policyNames } from "../token-params.ts";

export type MapName = "teams" | "users";

/** Its policies are everyone's, as in Vault. */
const EVERYONE = "default";
/** Characters of a key. */
const LONGEST = 255;

export function mapRoutes(): readonly Route[] {
  return [...routesOf("teams", "Slug, name or id of the team"), ...routesOf("users", "Login of the user")];
}

/** The one place where these names are lower-cased. */
function keyOf(map: MapName, key: string): string {
  return `map/${map}/${key.toLowerCase()}`;
}

/** The policies of all these keys and of everyone. */
export async function mappedPolicies(
  reader: Reader,
  map: MapName,
  keys: readonly string[],
): Promise<readonly string[]> {
  const all = [...new Set([EVERYONE, ...keys].map((key) => key.toLowerCase()))].filter(isKey);
  const values = await Promise.all(all.map(async (key) => readRecord(reader, keyOf(map, key))));
  return policyNames(values.flatMap((record) => (record === undefined ? [] : textIn(record, "value").split(","))));
}

/** What may be a segment of a path. */
function isKey(key: string): boolean {
  return key !== "" && key.length <= LONGEST && Buffer.byteLength(key) <= 2 * LONGEST && !key.includes("/");
}

function routesOf(map: MapName, about: string): readonly Route[] {
  const list = ({ storage }: { readonly storage: Reader }): Promise<Reply> => listReply(storage, `map/${map}/`);
  const fields = {
    key: { type: "string", about, required: true },
    value: { type: "string", about: "Policies, with commas between them", default: "" },
  } as const satisfies Fields;
  return [
    route({
      path: `map/${map}`,
      about: `The ${map} with policies`,
      fields: {},
      on: {
        read: { about: "Lists their keys", run: (_, context) => list(context) },
        list: { about: "Lists their keys", run: (_, context) => list(context) },
      },
    }),
    route({
      path: `map/${map}/:key`,
      about: `Policies of one of the ${map}`,
      fields,
      on: {
        read: {
          about: "Reads the policies",
          run: async ({ key }, { storage }) => {
            const record = await readRecord(storage, keyOf(map, key));
            if (record === undefined) throw nothingHere();
            return { data: { key: textIn(record, "key"), value: textIn(record, "value") } };
          },
        },
        update: {
          about: "Sets the policies",
          run: async ({ key, value = "" }, { storage }) => {
            if (!isKey(key)) throw new Fault("invalid", `key may have at most ${String(LONGEST)} characters`);
            await putRecord(storage, keyOf(map, key), { key, value });
            return undefined;
          },
        },
        delete: {
          about: "Removes the policies",
          run: async ({ key }, { storage }) => {
            await deleteRecord(storage, keyOf(map, key));
            return undefined;
          },
        },
      },
    }),
  ];
}
