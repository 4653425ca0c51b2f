/** `role/:role/tag` makes a tag. Source: Vault API, AWS auth method, "Create role tags". */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import { type Context, type Fields, type Reply, type Route, route, type Values } from "../../contract/engine.ts";
import { recordBytes } from "../../contract/record.ts";
import { policyNames } from "../token-params.ts";
import { ROLES, type Role, readRole, roleRecord } from "./role.ts";
import { type RoleTag, tagNonce, writeTag } from "./role-tag.ts";
import type { AwsState } from "./state.ts";

const FIELDS = {
  role: { type: "string", about: "Name of the role", required: true },
  instance_id: { type: "string", about: "Only this instance may log in with the tag; empty = any" },
  policies: { type: "strings", about: "Some of the role's policies; empty = all of them" },
  max_ttl: { type: "duration", about: "Longest lifetime of the tokens; 0 = the role's" },
  allow_instance_migration: { type: "bool", about: "Carried by the tag, without effect", default: false },
  disallow_reauthentication: { type: "bool", about: "Let the instance log in only once", default: false },
} as const satisfies Fields;

export function roleTagRoute(state: AwsState): Route {
  return route({
    path: "role/:role/tag",
    about: "Tags that narrow a role for one instance",
    fields: FIELDS,
    on: { update: { about: "Makes the value of a tag", run: (values, context) => makeTag(state, values, context) } },
  });
}

async function makeTag(state: AwsState, values: Values<typeof FIELDS>, { storage, mount }: Context): Promise<Reply> {
  const role = await readRole(storage, values.role);
  if (role === undefined) throw new Fault("invalid", `entry not found for role ${JSON.stringify(values.role)}`);
  if (role.roleTag === "") throw new Fault("invalid", "tag creation is not enabled for this role");
  const tag: RoleTag = {
    nonce: tagNonce(state.env.random),
    role: role.name,
    disallowReauthentication: values.disallow_reauthentication ?? false,
    allowInstanceMigration: values.allow_instance_migration ?? false,
    policies: policyNames(values.policies ?? []),
    instanceId: instanceId(values.instance_id ?? ""),
    maxTtl: Math.floor((values.max_ttl ?? 0) / 1000) * 1000,
  };
  if (tag.disallowReauthentication && tag.allowInstanceMigration) {
    throw new Fault("invalid", "cannot set both disallow_reauthentication and allow_instance_migration");
  }
  const key = role.hmacKey ?? (await newKey(state, role.name, storage));
  const data = { tag_key: role.roleTag, tag_value: writeTag(tag, key) };
  const warnings = notes(tag, role, mount.maxTtl);
  return warnings.length === 0 ? { data } : { data, warnings };
}

function instanceId(sent: string): string {
  if (sent === "" || /^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(sent)) return sent;
  throw new Fault("invalid", "instance_id must look like i-0123456789abcdef0");
}

/** For a role that an older release wrote. */
function newKey(state: AwsState, name: string, storage: Context["storage"]): Promise<Secret> {
  const made = new Secret(state.env.random.uuid());
  return storage.transact(async (tx) => {
    const role = await readRole(tx, name);
    if (role === undefined) throw new Fault("invalid", `entry not found for role ${JSON.stringify(name)}`);
    if (role.hmacKey !== undefined) return role.hmacKey;
    tx.put(ROLES + role.name, recordBytes(roleRecord({ ...role, hmacKey: made })));
    return made;
  });
}

function notes(tag: RoleTag, role: Role, mountMaxTtl: number): readonly string[] {
  const out: string[] = [];
  if (!tag.policies.every((name) => role.token.policies.includes(name))) {
    out.push(
      "Policies on the tag are not a subset of the policies on the role. Login will not be allowed with this tag",
    );
  }
  if (tag.maxTtl > mountMaxTtl) out.push("Given max TTL exceeds the maximum of the mount and is capped at login");
  if (role.token.maxTtl > 0 && tag.maxTtl > role.token.maxTtl) {
    out.push("Given max TTL exceeds that of the role and is capped at login");
  }
  if (tag.allowInstanceMigration && !role.allowInstanceMigration) {
    out.push("Role does not allow instance migration. The tag cannot allow it");
  }
  return out;
}
