/** The handler of a request, and what follows from its reply: a login's token, a secret's lease, the wrapping around it. */
import { Fault } from "../../lib/fault.ts";
import type { WireWrap } from "../../lib/wire/envelope.ts";
import type { Issued } from "../contract/answer.ts";
import type { Fields, Handler, Reply, Values } from "../contract/engine.ts";
import type { Lockout } from "../contract/guards.ts";
import type { LeaseInfo, Leases } from "../contract/leases.ts";
import type { Wrapping } from "../contract/wrapping.ts";
import { answerText } from "./envelope.ts";
import type { Checked } from "./fields.ts";
import { handlerFor } from "./handler.ts";
import { type LoginParts, logIn } from "./login.ts";
import { contextOf, type Pass } from "./pass.ts";
import type { Slot } from "./router.ts";

export interface DispatchParts extends LoginParts {
  readonly leases: Pick<Leases, "register">;
  readonly wrapping: Pick<Wrapping, "wrap">;
  readonly lockout: Lockout;
}

export interface Outcome {
  /** What a 204 has none of. Also under a wrapping: the audit shows its HMACs. */
  readonly reply: Reply | undefined;
  readonly issued: Issued | undefined;
  readonly lease: LeaseInfo | undefined;
  /** Shown instead of the reply. */
  readonly wrap: WireWrap | undefined;
  readonly afterwards: Reply["afterwards"];
}

interface Ready {
  readonly slot: Slot;
  readonly handler: Handler<Fields>;
  readonly checked: Checked;
}

const NO_CONTENT: Outcome = {
  reply: undefined,
  issued: undefined,
  lease: undefined,
  wrap: undefined,
  afterwards: undefined,
};
const NO_WARNINGS: readonly string[] = [];

/** 404 and 405 come here, after token and policy; then what is wrong with the fields; then the handler. */
export async function dispatch(parts: DispatchParts, pass: Pass): Promise<Outcome> {
  const ready = getReady(pass);
  const reply = await run(parts, pass, ready);
  mustBeThere(ready);
  if (reply === undefined) return NO_CONTENT;
  const outcome = await concluded(parts, pass, ready, reply);
  try {
    mustBeThere(ready);
    return await wrapped(parts, pass, ready, outcome);
  } catch (error) {
    // The token of a login that fails after all is nobody's.
    if (reply.login !== undefined && outcome.issued !== undefined) await parts.tokens.revoke(outcome.issued.entry.id);
    throw error;
  }
}

/** @throws Fault "unavailable" when a disable has not waited for this request any longer */
function mustBeThere({ slot }: Ready): void {
  if (slot.gone) throw new Fault("unavailable", "the mount has been disabled while the request was under way");
}

/** @throws Fault "not-found", "unsupported"; "invalid" for the first field that is wrong */
function getReady({ slot, route, checked, call }: Pass): Ready {
  if (slot === undefined) throw noRoute(call.path);
  if (route === undefined || checked === undefined) throw new Fault("not-found", "unsupported path");
  const handler = handlerFor(route, call.operation);
  if (handler === undefined) throw new Fault("unsupported", "unsupported operation");
  if (checked.fault !== undefined) throw checked.fault;
  return { slot, handler, checked };
}

/** A login is counted: a name whose credentials were wrong too often is refused before they are looked at. */
async function run(
  { lockout }: DispatchParts,
  pass: Pass,
  { slot, handler, checked }: Ready,
): Promise<Reply | undefined> {
  const context = contextOf(pass, slot);
  const values = checked.values as Values<Fields>;
  const alias = pass.route?.login === true ? await pass.route.aliasOf?.(values, context) : undefined;
  if (alias === undefined) return handler.run(values, context);
  return lockout.guard(slot.mount, alias, () => handler.run(values, context));
}

/** The token of a login, the lease of a secret, the warnings. */
async function concluded(parts: DispatchParts, pass: Pass, { slot, checked }: Ready, reply: Reply): Promise<Outcome> {
  const { login, auth, afterwards, wrap } = reply;
  if (login !== undefined) {
    const { issued, warnings } = await logIn(parts, slot.mount, pass.call.path, login);
    return { ...NO_CONTENT, reply: warned(reply, warnings, checked), issued, afterwards };
  }
  const issued = auth;
  const lease = await leaseOf(parts, pass, reply);
  const shown = showsNothing(reply) ? undefined : warned(reply, NO_WARNINGS, checked);
  return { reply: shown, issued, lease, wrap, afterwards };
}

async function leaseOf({ leases }: DispatchParts, { call, token }: Pass, reply: Reply): Promise<LeaseInfo | undefined> {
  if (reply.lease === undefined) return reply.renewed;
  if (token === undefined) throw new Fault("internal", "a secret with a lease needs a token that it ends with");
  return leases.register(call.path, token, reply.lease);
}

/**
 * With X-Vault-Wrap-TTL whatever has something to show goes into a token that opens once. Replies without an envelope do
 * not, as in Vault: they belong to routes below the API's own layer, such as sys/health and sys/rekey. Nor do those to who
 * has no token and gets none: nobody unknown may fill the storage with wrapping tokens.
 */
async function wrapped(parts: DispatchParts, pass: Pass, { slot }: Ready, outcome: Outcome): Promise<Outcome> {
  const { reply, issued, lease } = outcome;
  const { wrapTtl: ttl, id, path } = pass.call;
  if (ttl === undefined || !canWrap(outcome) || (pass.token === undefined && issued === undefined)) return outcome;
  const mountType = slot.mount.type;
  const text = answerText(id, { reply, issued, mountType, ...(lease === undefined ? undefined : { lease }) });
  return {
    ...outcome,
    wrap: await parts.wrapping.wrap({
      text,
      status: reply?.status ?? 200,
      ttl,
      path,
      wrappedAccessor: issued?.entry.accessor ?? reply?.wrappedAccessor,
    }),
  };
}

function canWrap({ reply, issued, wrap }: Outcome): boolean {
  if (wrap !== undefined || (reply === undefined && issued === undefined)) return false;
  return reply?.text === undefined && reply?.bare === undefined;
}

/** As Vault's framework: members nobody takes are told of, where there is a reply to tell it in. */
function warned(reply: Reply, more: readonly string[], { ignored }: Checked): Reply {
  if (more.length === 0 && ignored.length === 0) return reply;
  const unknown =
    ignored.length === 0 ? [] : [`Endpoint ignored these unrecognized parameters: [${ignored.join(" ")}]`];
  return { ...reply, warnings: [...(reply.warnings ?? []), ...more, ...unknown] };
}

function showsNothing({ data, bare, status, warnings = [], leaseDuration, text, headers, renewed }: Reply): boolean {
  if (warnings.length > 0) return false;
  return [renewed, data, bare, status, leaseDuration, text, headers].every((member) => member === undefined);
}

function noRoute(path: string): Fault {
  return new Fault("not-found", `no handler for route ${JSON.stringify(path)}. route entry not found.`);
}
