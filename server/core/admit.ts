/** Who asks, and whether that may be: token, entity, create or update, policy. */
import { cidrHas, parseCidr } from "../../lib/cidr.ts";
import { Fault } from "../../lib/fault.ts";
import type { Call } from "../contract/call.ts";
import type { Fields, Values } from "../contract/engine.ts";
import type { Identity } from "../contract/identity.ts";
import type { Policies } from "../contract/policy.ts";
import type { TokenEntry } from "../contract/token.ts";
import type { Tokens } from "../contract/tokens.ts";
import { isWrapping } from "../contract/wrapping.ts";
import { handlerFor, takesWrites } from "./handler.ts";
import type { JoinedNames } from "./joined.ts";
import { admitOpener } from "./opening.ts";
import { contextOf, type Pass } from "./pass.ts";

export interface AdmitParts {
  readonly tokens: Tokens;
  readonly policies: Policies;
  readonly identity: Pick<Identity, "subject">;
  readonly joined: JoinedNames;
}

/** Token and policy, as far as the route asks for them. @throws Fault "denied" */
export async function admit(parts: AdmitParts, pass: Pass): Promise<void> {
  const { route } = pass;
  if (route?.login === true) return;
  if (route?.unauthenticated === true) {
    const found = await tokenOf(parts, pass.call);
    if (found !== undefined && (await knowSubject(parts, pass, found))) pass.token = found;
    return;
  }
  const found = await tokenOf(parts, pass.call);
  if (opens(pass) && (await admitOpener(parts.tokens, pass, found))) return;
  await authenticate(parts, pass, found);
  if (pass.token === undefined) throw denied();
  await createOrUpdate(pass);
  await decide(parts, pass, pass.token);
}

/** What will be answered 405 or 400 takes no wrapping token's one use. */
function opens({ route, checked, call }: Pass): boolean {
  if (route?.opensWrapping !== true || checked?.fault !== undefined) return false;
  return handlerFor(route, call.operation) !== undefined;
}

/** Whether the policies of the token and its entity allow the call. @throws Fault "denied" */
export async function decide({ policies, joined }: AdmitParts, pass: Pass, token: TokenEntry): Promise<void> {
  const { subject } = pass;
  const names = subject === undefined ? token.policies : joined.of(token.policies, subject.policies);
  const acl = await policies.acl(names, subject);
  const { operation, path, data, wrapTtl } = pass.call;
  const decision = acl.decide({ operation, path, data, wrapTtl });
  pass.granting = decision.granting;
  if (!decision.allowed || (pass.route?.sudo === true && !decision.sudo)) throw denied();
}

async function tokenOf({ tokens }: AdmitParts, { token, remote }: Call): Promise<TokenEntry | undefined> {
  const found = token === undefined ? undefined : await tokens.find(token);
  return found !== undefined && isNear(found, remote.address) ? found : undefined;
}

/** Takes one of the token's uses. A wrapping token is good for nothing else, and keeps its use for what it is good for. */
async function authenticate(parts: AdmitParts, pass: Pass, found: TokenEntry | undefined): Promise<void> {
  if (found === undefined || isWrapping(found) || !(await knowSubject(parts, pass, found))) throw denied();
  if (found.numUses === 0) {
    pass.token = found;
    return;
  }
  pass.token = await parts.tokens.use(found);
  if (pass.token === undefined) throw denied();
  pass.used = true;
}

/** @returns false when the token belongs to an entity that is gone or disabled: it is worth nothing then */
async function knowSubject({ identity }: AdmitParts, pass: Pass, { entityId }: TokenEntry): Promise<boolean> {
  if (entityId === "") return true;
  pass.subject = await identity.subject(entityId);
  return pass.subject?.disabled === false;
}

/** Tells a create from an update before the policy is asked, so that a create-only token cannot overwrite. */
async function createOrUpdate(pass: Pass): Promise<void> {
  const { slot, route, checked } = pass;
  if (pass.call.operation !== "update" || slot === undefined || checked === undefined) return;
  if (route?.exists === undefined || !takesWrites(route)) return;
  try {
    const there = await route.exists(checked.values as Partial<Values<Fields>>, contextOf(pass, slot));
    if (!there) pass.call = { ...pass.call, operation: "create" };
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "invalid") throw error;
    pass.checked = { ...checked, fault: checked.fault ?? error };
  }
}

function isNear(token: TokenEntry, address: string): boolean {
  return token.boundCidrs.length === 0 || token.boundCidrs.some((cidr) => cidrHas(parseCidr(cidr), address));
}

function denied(): Fault {
  return new Fault("denied", "permission denied");
}
