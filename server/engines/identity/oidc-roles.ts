/** `oidc/role`: which key signs, what the token says, for how long. Source: Vault's API page "/identity/oidc", "Create or update a role". */
import { Fault } from "../../../lib/fault.ts";
import type { Random } from "../../../lib/random.ts";
import { type Context, mustStillBe, type Route, route } from "../../contract/engine.ts";
import { nothingHere } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import { DEFAULT_KEY, ensureDefaultKey, type KeyTools } from "./oidc-keys.ts";
import { encodeRole, named, namesIn, ROLES, type Role, readKey, readRole } from "./oidc-record.ts";
import { compileClaims } from "./oidc-template.ts";
import { listed } from "./shown.ts";

const DAY = 24 * 3_600_000;
const MOST_ROLES = 10_000;
const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const FIELDS = {
  name: { type: "string", about: "The role's name", required: true },
  key: { type: "string", about: "The named key it signs with" },
  template: { type: "string", about: "Claims beside the usual ones: JSON with {{…}} for values, or its base64" },
  client_id: { type: "string", about: "The audience of its tokens; a random one without it" },
  ttl: { type: "duration", about: "Of its tokens; at most the key's verification_ttl", default: "24h" },
} as const;

interface Given {
  readonly name: string;
  readonly key: string | undefined;
  readonly template: string | undefined;
  readonly client_id: string | undefined;
  readonly ttl: number | undefined;
}

export function roleRoutes(tools: KeyTools): readonly Route[] {
  const write = {
    about: "Makes the role, or changes what is given",
    run: (values: Given, context: Context) => put(tools, values, context),
  };
  return [
    route({
      path: "oidc/role",
      about: "The roles",
      fields: {},
      on: {
        list: { about: "Lists the roles' names", run: async (_, { storage }) => listed(await namesIn(storage, ROLES)) },
      },
    }),
    route({
      path: "oidc/role/:name",
      about: "One role",
      fields: FIELDS,
      exists: async ({ name }, { storage }) => (await readRole(storage, name ?? "")) !== undefined,
      on: {
        read: {
          about: "Reads the role",
          run: async ({ name }, { storage }) => {
            const role = await readRole(storage, name);
            if (role === undefined) throw nothingHere();
            const { key, template, clientId, ttl } = role;
            return { data: { client_id: clientId, key, template, ttl: ttl / 1000 } };
          },
        },
        create: write,
        update: write,
        delete: {
          about: "Deletes the role",
          run: async ({ name }, { storage }) => {
            await storage.transact((tx) => {
              tx.delete(named(ROLES, name));
              return Promise.resolve();
            });
            return undefined;
          },
        },
      },
    }),
  ];
}

async function put(tools: KeyTools, values: Given, { storage, call }: Context): Promise<undefined> {
  const template = values.template === undefined ? undefined : decoded(values.template);
  if (template !== undefined && template !== "") compileClaims(template);
  if (values.key === DEFAULT_KEY) await ensureDefaultKey(tools, storage);
  await storage.transact(async (tx) => {
    const before = await readRole(tx, values.name);
    mustStillBe(call, before !== undefined);
    if (before === undefined && (await tx.list(ROLES)).length >= MOST_ROLES) {
      throw new Fault("invalid", `there are ${String(MOST_ROLES)} roles already: delete one first`);
    }
    const role = changed(before ?? BLANK, { ...values, template });
    await checkKey(tx, role);
    const clientId = role.clientId === "" ? randomId(tools.random) : role.clientId;
    tx.put(named(ROLES, values.name), encodeRole({ ...role, clientId }));
  });
  return undefined;
}

const BLANK: Role = { key: "", template: "", clientId: "", ttl: DAY };

function changed(before: Role, { key, template, client_id: clientId, ttl }: Given): Role {
  return {
    key: key ?? before.key,
    template: template ?? before.template,
    clientId: clientId ?? before.clientId,
    ttl: ttl ?? before.ttl,
  };
}

async function checkKey(reader: Reader, role: Role): Promise<void> {
  if (role.key === "") throw new Fault("invalid", "the key parameter is required");
  const key = await readKey(reader, role.key);
  if (key === undefined) throw new Fault("invalid", `cannot find key ${JSON.stringify(role.key)}`);
  if (role.ttl > key.verificationTtl) {
    throw new Fault(
      "invalid",
      "a role's token ttl cannot be longer than the verification_ttl of the key it references",
    );
  }
}

/** As Vault: what is base64 as a whole is decoded. JSON never is: it begins with a brace. */
function decoded(text: string): string {
  if (text === "" || text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return text;
  return Buffer.from(text, "base64").toString("utf8");
}

/** 26 letters and digits. Bytes past the last whole alphabet are thrown away, so that each is as likely as any other. */
function randomId(random: Random): string {
  let id = "";
  while (id.length < 26) {
    for (const byte of random.bytes(32)) if (byte < 248 && id.length < 26) id += LETTERS[byte % 62] ?? "";
  }
  return id;
}
