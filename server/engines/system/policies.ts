/**
 * sys/policy (the older form) and sys/policies/acl. Source: Vault's API pages of these names; versions, check-and-set, PATCH
 * and the detailed lists: OpenBao's API page "/sys/policies".
 */
import { Fault } from "../../../lib/fault.ts";
import { formatTime } from "../../../lib/time-text.ts";
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import { type Fields, type Reply, type Route, route, type Values } from "../../contract/engine.ts";
import type { PolicyInfo } from "../../contract/policy.ts";
import { nothingHere } from "../../contract/record.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "policies">;

export function policyRoutes(ports: Ports): readonly Route[] {
  return [
    legacyList(ports),
    legacyPolicy(ports),
    aclList(ports),
    aclPolicy(ports),
    detailedList(ports),
    detailed(ports),
  ];
}

const NAME = { type: "string", about: "The policy's name", required: true } as const;
const TEXT = { type: "string", about: "The rules, in HCL or JSON, or their base64" } as const;
const TERMS = {
  cas: { type: "int", about: "The version that must be there, -1 for none" },
  cas_required: { type: "bool", about: "The next write must bring cas" },
  expiration: { type: "string", about: "Not served: policies do not expire" },
  ttl: { type: "string", about: "Not served: policies do not expire" },
  allow_slashes_in_identity_templates: { type: "bool", about: "Not served: a value with a slash gives nothing" },
  allow_wildcards_in_identity_templates: { type: "bool", about: "Not served: a value with a wildcard gives nothing" },
} as const satisfies Fields;

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
    fields: { name: NAME, policy: TEXT, rules: { ...TEXT, deprecated: true }, ...TERMS },
    on: {
      read: {
        about: "Reads the policy",
        run: async ({ name }) => {
          const info = await existing(policies, name);
          return { data: { name: name.toLowerCase(), rules: info.text, ...told(info) }, alsoBare: true };
        },
      },
      list: { about: "Lists the policies below a prefix", run: ({ name }) => listBelow(policies, name, false) },
      update: {
        about: "Writes the policy",
        run: ({ name, policy, rules, ...terms }) => write(policies, name, policy ?? rules, terms),
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
    fields: { name: NAME, policy: TEXT, ...TERMS },
    on: {
      read: { about: "Reads the policy", run: ({ name }) => shown(policies, name) },
      list: { about: "Lists the policies below a prefix", run: ({ name }) => listBelow(policies, name, false) },
      update: { about: "Writes the policy", run: ({ name, policy, ...terms }) => write(policies, name, policy, terms) },
      patch: {
        about: "Changes what is given of a policy that is there",
        run: async ({ name, policy, ...terms }) => {
          const { casRequired } = await existing(policies, name);
          checkServed(terms);
          const cas_required = terms.cas_required ?? casRequired;
          await policies.write(name, textOf(policy ?? ""), { cas: terms.cas, casRequired: cas_required });
          return undefined;
        },
      },
      delete: { about: "Deletes the policy", run: ({ name }) => remove(policies, name) },
    },
  });
}

function detailedList({ policies }: Ports): Route {
  const handler = { about: "Lists the policies with their versions", run: () => listBelow(policies, "", true) };
  return route({
    path: "policies/detailed/acl",
    about: "The policies with their versions",
    fields: {},
    on: { list: handler, read: handler },
  });
}

function detailed({ policies }: Ports): Route {
  return route({
    path: "policies/detailed/acl/*name",
    about: "One policy with its version, or those below a prefix",
    fields: { name: NAME },
    on: {
      read: { about: "Reads the policy", run: ({ name }) => shown(policies, name) },
      list: { about: "Lists the policies below a prefix", run: ({ name }) => listBelow(policies, name, true) },
    },
  });
}

async function shown(policies: Ports["policies"], name: string): Promise<Reply> {
  const info = await existing(policies, name);
  return { data: { name: name.toLowerCase(), policy: info.text, ...told(info) } };
}

/** What is not known of an older record is left out. */
function told({ version, modified, casRequired }: PolicyInfo): EncodableRecord {
  return { version, modified: modified === 0 ? undefined : formatTime(modified), cas_required: casRequired };
}

/** One level below `folder` ("" = all names as they are). */
async function listBelow(policies: Ports["policies"], folder: string, withInfo: boolean): Promise<Reply> {
  const prefix = folder === "" || folder.endsWith("/") ? folder.toLowerCase() : `${folder.toLowerCase()}/`;
  const names = (await policies.list()).filter((name) => name.startsWith(prefix));
  const below = names.map((name) => name.slice(prefix.length));
  const keys = prefix === "" ? below : [...new Set(below.map((name) => name.replace(/\/.*/, "/")))];
  if (keys.length === 0) throw nothingHere();
  if (!withInfo) return { data: { keys } };
  const known = keys.filter((key) => below.includes(key));
  const infos = await Promise.all(
    known.map(async (key) => {
      const info = await policies.describe(prefix + key);
      return [key, info === undefined ? {} : { name: prefix + key, policy: info.text, ...told(info) }] as const;
    }),
  );
  return { data: { keys, key_info: new Map(infos) } };
}

async function existing(policies: Ports["policies"], name: string): Promise<PolicyInfo> {
  const info = await policies.describe(name);
  if (info === undefined) throw new Fault("not-found", "no policy of this name", { errors: [] });
  return info;
}

async function write(
  policies: Ports["policies"],
  name: string,
  text: string | undefined,
  terms: Values<typeof TERMS>,
): Promise<undefined> {
  if (text === undefined || text.trim() === "") {
    throw new Fault("invalid", "'policy' parameter not supplied or empty");
  }
  checkServed(terms);
  await policies.write(name, textOf(text), { cas: terms.cas, casRequired: terms.cas_required });
  return undefined;
}

/** What would change who gets what is refused, never ignored. */
function checkServed(terms: Values<typeof TERMS>): void {
  if ((terms.expiration ?? "") !== "" || (terms.ttl ?? "") !== "") {
    throw new Fault(
      "invalid",
      "expiration and ttl are not served here: leave them out, delete the policy when it is due",
    );
  }
  if (terms.allow_slashes_in_identity_templates === true || terms.allow_wildcards_in_identity_templates === true) {
    throw new Fault("invalid", "allow_…_in_identity_templates is not served here: such a value always gives nothing");
  }
}

async function remove(policies: Ports["policies"], name: string): Promise<undefined> {
  await policies.remove(name);
  return undefined;
}

/** A policy may come as base64; rules in clear always hold a character that base64 has not. */
function textOf(given: string): string {
  const packed = given !== "" && /^[A-Za-z0-9+/]+={0,2}$/.test(given) && given.length % 4 === 0;
  return packed ? Buffer.from(given, "base64").toString("utf8") : given;
}
