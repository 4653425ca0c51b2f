/** What a token may do with its entity's and groups' policies, as the pipeline reckons it. */
import type { Identity, Subject } from "../../contract/identity.ts";
import { type Acl, type Policies, policiesOf } from "../../contract/policy.ts";
import type { TokenEntry } from "../../contract/token.ts";

export interface Effective {
  /** Of the token, its entity and its groups: sorted, each once; none when the entity is gone or disabled. */
  readonly names: readonly string[];
  readonly subject: Subject | undefined;
}

interface Ports {
  readonly policies: Policies;
  readonly identity: Pick<Identity, "subject">;
}

export async function effectiveNames({ identity }: Pick<Ports, "identity">, token: TokenEntry): Promise<Effective> {
  const subject = token.entityId === "" ? undefined : await identity.subject(token.entityId);
  if (token.entityId !== "" && subject?.disabled !== false) return { names: [], subject: undefined };
  return { names: policiesOf(token, subject), subject };
}

export async function effectiveAcl(ports: Ports, token: TokenEntry): Promise<Acl> {
  const { names, subject } = await effectiveNames(ports, token);
  return ports.policies.acl(names, subject);
}
