/** sys/policies/password: how passwords are made. Source: Vault's API page of this name; `lib/password-policy.ts` reads and makes. */
import { Fault } from "../../../lib/fault.ts";
import { generatePassword, parsePasswordPolicy } from "../../../lib/password-policy.ts";
import type { Random } from "../../../lib/random.ts";
import { type Route, route } from "../../contract/engine.ts";
import { nothingHere, readRecord, recordBytes } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";

const FOLDER = "password-policy/";
const NAME = { type: "string", about: "The policy's name", required: true } as const;

export function passwordPolicyRoutes(random: Random): readonly Route[] {
  return [listRoute(), generateRoute(random), policyRoute(random)];
}

function listRoute(): Route {
  return route({
    path: "policies/password",
    about: "The password policies",
    fields: {},
    on: {
      list: {
        about: "Lists them",
        run: async (_values, { storage }) => {
          const keys = (await storage.list(FOLDER)).map((key) => decodeURIComponent(key)).sort();
          if (keys.length === 0) throw nothingHere();
          return { data: { keys } };
        },
      },
    },
  });
}

function policyRoute(random: Random): Route {
  return route({
    path: "policies/password/*name",
    about: "One password policy",
    fields: { name: NAME, policy: { type: "string", about: "Length and rules, in HCL or JSON, or their base64" } },
    on: {
      read: {
        about: "Reads it",
        run: async ({ name }, { storage }) => ({ data: { policy: await textOf(storage, name) } }),
      },
      update: {
        about: "Writes it, once a few passwords could be made by it",
        run: async ({ name, policy }, { storage }) => {
          const text = plain(policy ?? "");
          const parsed = parsePasswordPolicy(text);
          for (let i = 0; i < 10; i += 1) generatePassword(parsed, (size) => random.bytes(size));
          await storage.transact((tx) => {
            tx.put(keyOf(name), recordBytes({ policy: text }));
            return Promise.resolve();
          });
          return undefined;
        },
      },
      delete: {
        about: "Deletes it",
        run: async ({ name }, { storage }) => {
          await storage.transact((tx) => {
            tx.delete(keyOf(name));
            return Promise.resolve();
          });
          return undefined;
        },
      },
    },
  });
}

function generateRoute(random: Random): Route {
  return route({
    path: "policies/password/*name/generate",
    about: "A password made by one policy",
    fields: { name: NAME },
    on: {
      read: {
        about: "Makes one",
        run: async ({ name }, { storage }) => {
          const parsed = parsePasswordPolicy(await textOf(storage, name));
          return { data: { password: generatePassword(parsed, (size) => random.bytes(size)) } };
        },
      },
    },
  });
}

async function textOf(storage: Reader, name: string): Promise<string> {
  const text = (await readRecord(storage, keyOf(name)))?.get("policy");
  if (typeof text !== "string") throw nothingHere();
  return text;
}

/** @throws Fault "invalid" for a name whose key would be too long */
function keyOf(name: string): string {
  const key = encodeURIComponent(name);
  if (key.length > 512) throw new Fault("invalid", 'field "name" is too long: at most 512 bytes');
  return FOLDER + key;
}

/** A policy in clear always holds a character that base64 has not. */
function plain(text: string): string {
  if (text.trim() === "") throw new Fault("invalid", "missing policy");
  const packed = text.trim();
  const isPacked = packed.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(packed);
  return isPacked ? Buffer.from(packed, "base64").toString("utf8") : text;
}
