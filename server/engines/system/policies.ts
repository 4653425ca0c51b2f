/** sys/policy (the older form) and sys/policies/acl. Source: Vault's API pages of these names. */
import { Fault } from "../../../lib/fault.ts";
import { type Reply, type Route, route } from "../../contract/engine.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "policies">;

export function policyRoutes(ports: Ports): readonly Route[] {
  return [legacyList(ports), legacyPolicy(ports), aclList(ports), aclPolicy(ports)];
}

const NAME = { type: "string", about: "The policy's name", required: true } as const;
const TEXT = { type: "string", about: "The rules, in HCL or JSON, or their base64" } as const;

function legacyList({ policies }: Ports): Route {
  const run = async (): Promise<Reply> => {
    const keys = await policies.list();
    return { data: { keys, policies: keys }, alsoBare: true };
  };
  const handler = { about: "Lists the policies", run };
  return route({ path: "policy", about: "The policies", fields: {}, on: { read: handler, list: handler } });
}

function legacyPolicy({ policies }: Ports): Route {
  return route({
    path: "policy/*name",
    about: "One policy",
    fields: { name: NAME, policy: TEXT, rules: { ...TEXT, deprecated: true } },
    on: {
      read: {
        about: "Reads the policy",
        run: async ({ name }) => {
          const rules = await existing(policies, name);
          return { data: { name: name.toLowerCase(), rules }, alsoBare: true };
        },
      },
      update: {
        about: "Writes the policy",
        run: async ({ name, policy, rules }) => {
          await policies.write(name, textOf(policy ?? rules));
          return undefined;
        },
      },
      delete: { about: "Deletes the policy", run: ({ name }) => remove(policies, name) },
    },
  });
}

function aclList({ policies }: Ports): Route {
  const handler = {
    about: "Lists the policies",
    run: async (): Promise<Reply> => ({ data: { keys: await policies.list() } }),
  };
  return route({ path: "policies/acl", about: "The policies", fields: {}, on: { list: handler, read: handler } });
}

function aclPolicy({ policies }: Ports): Route {
  return route({
    path: "policies/acl/*name",
    about: "One policy",
    fields: { name: NAME, policy: TEXT },
    on: {
      read: {
        about: "Reads the policy",
        run: async ({ name }) => ({ data: { name: name.toLowerCase(), policy: await existing(policies, name) } }),
      },
      update: {
        about: "Writes the policy",
        run: async ({ name, policy }) => {
          await policies.write(name, textOf(policy));
          return undefined;
        },
      },
      delete: { about: "Deletes the policy", run: ({ name }) => remove(policies, name) },
    },
  });
}

async function existing(policies: Ports["policies"], name: string): Promise<string> {
  const text = await policies.read(name);
  if (text === undefined) throw new Fault("not-found", "no policy of this name", { errors: [] });
  return text;
}

async function remove(policies: Ports["policies"], name: string): Promise<undefined> {
  await policies.remove(name);
  return undefined;
}

/** A policy may come as base64; rules in clear always hold a character that base64 has not. */
function textOf(given: string | undefined): string {
  if (given === undefined || given.trim() === "") {
    throw new Fault("invalid", "'policy' parameter not supplied or empty");
  }
  const packed = /^[A-Za-z0-9+/]+={0,2}$/.test(given) && given.length % 4 === 0;
  return packed ? Buffer.from(given, "base64").toString("utf8") : given;
}
