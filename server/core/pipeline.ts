/**
 * What happens to every request, in this order: gate -> token -> route -> create or update -> policy -> audit request
 * -> dispatch -> login -> audit response. Refusals at token and policy are audited with their error. The request entry
 * is written before the handler runs, the response entry before anything of the answer leaves.
 */
import { cidrHas, parseCidr } from "../../lib/cidr.ts";
import { Fault, toFault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Answer, Core, Issued } from "../contract/answer.ts";
import type { Audit, AuditRecord } from "../contract/audit.ts";
import type { Call } from "../contract/call.ts";
import { type Context, type Fields, Overtaken, type Reply, type Route, type Values } from "../contract/engine.ts";
import type { Policies } from "../contract/policy.ts";
import type { TokenEntry } from "../contract/token.ts";
import type { Tokens } from "../contract/tokens.ts";
import { handlerFor, takesWrites } from "./dispatch.ts";
import { type Checked, checkFields } from "./fields.ts";
import { logIn } from "./login.ts";
import type { Router, Slot } from "./router.ts";

export interface PipelineParts {
  readonly router: Router;
  readonly tokens: Tokens;
  readonly policies: Policies;
  readonly audit: Audit;
  readonly log: Log;
  /** True from the end of an unseal to the beginning of a seal. */
  readonly isOpen: () => boolean;
}

/** What is known of a request so far. */
interface Pass {
  call: Call;
  readonly slot: Slot | undefined;
  readonly route: Route | undefined;
  checked: Checked | undefined;
  token: TokenEntry | undefined;
  /** The token has a limited number of uses and this request has taken one. */
  used: boolean;
  granting: readonly string[] | undefined;
}

interface Outcome {
  readonly reply: Reply | undefined;
  readonly issued: Issued | undefined;
  readonly afterwards: Reply["afterwards"];
}

const NO_CONTENT: Outcome = { reply: undefined, issued: undefined, afterwards: undefined };
const NO_WARNINGS: readonly string[] = [];
/** So often a write is asked about anew when others create and delete the same path all the time. */
const TURNS = 16;

export class Pipeline implements Core {
  readonly #parts: PipelineParts;

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  async handle(call: Call): Promise<Answer> {
    const pass = this.#route(call);
    const { slot, route } = pass;
    if (!this.#parts.isOpen() && route?.whenSealed !== true) throw new Fault("sealed", "Vault is sealed");
    slot?.enter();
    try {
      if (route?.neverAudited === true) return answer(pass, await this.#dispatch(pass));
      await this.#admit(pass);
      return await this.#audited(pass);
    } finally {
      slot?.leave();
      if (pass.used) await this.#spent(pass.token);
    }
  }

  /** Which mount, which route, which values: nothing is decided or told about them yet. */
  #route(call: Call): Pass {
    const routed = this.#parts.router.find(call.path);
    const match = routed?.slot.match(routed.rest, call.operation === "list");
    const checked = match === undefined ? undefined : checkFields(match.route, match.params, call.data, call.operation);
    const unknown = { token: undefined, used: false, granting: undefined };
    return { call, slot: routed?.slot, route: match?.route, checked, ...unknown };
  }

  /** Token and policy, as far as the route asks for them. @throws Fault: the refusal once it has been audited */
  async #admit(pass: Pass): Promise<void> {
    const { route } = pass;
    if (route?.login === true) return;
    try {
      if (route?.unauthenticated === true) {
        pass.token = await this.#tokenOf(pass.call);
      } else {
        await this.#authenticate(pass);
        await this.#authorize(pass);
      }
    } catch (error) {
      const fault = toFault(error);
      const record = recordOf(pass, fault.message);
      await this.#parts.audit.request(record);
      await this.#parts.audit.response({ ...record, reply: undefined, issued: undefined });
      throw fault;
    }
  }

  async #tokenOf({ token, remote }: Call): Promise<TokenEntry | undefined> {
    const found = token === undefined ? undefined : await this.#parts.tokens.find(token);
    return found !== undefined && isNear(found, remote.address) ? found : undefined;
  }

  /** Finds the token and takes one of its uses. */
  async #authenticate(pass: Pass): Promise<void> {
    const found = await this.#tokenOf(pass.call);
    if (found === undefined) throw denied();
    if (found.numUses === 0) {
      pass.token = found;
      return;
    }
    pass.token = await this.#parts.tokens.use(found);
    if (pass.token === undefined) throw denied();
    pass.used = true;
  }

  async #authorize(pass: Pass): Promise<void> {
    if (pass.token === undefined) throw denied();
    await createOrUpdate(pass);
    await this.#decide(pass, pass.token);
  }

  async #decide(pass: Pass, token: TokenEntry): Promise<void> {
    const acl = await this.#parts.policies.acl(token.policies);
    const { operation, path, data, wrapTtl } = pass.call;
    const decision = acl.decide({ operation, path, data, wrapTtl });
    pass.granting = decision.granting;
    if (!decision.allowed || (pass.route?.sudo === true && !decision.sudo)) throw denied();
  }

  /** The handler between its two audit entries. */
  async #audited(pass: Pass): Promise<Answer> {
    const { audit } = this.#parts;
    await audit.request(recordOf(pass, undefined));
    let outcome: Outcome;
    try {
      outcome = await this.#settle(pass);
    } catch (error) {
      const fault = toFault(error);
      await audit.response({ ...recordOf(pass, fault.message), reply: undefined, issued: undefined });
      throw fault;
    }
    try {
      const { reply, issued } = outcome;
      await audit.response({ ...recordOf(pass, undefined), reply, issued });
    } catch (error) {
      if (outcome.reply?.login !== undefined) await this.#takeBack(outcome.issued);
      throw error;
    } finally {
      await outcome.afterwards?.();
    }
    return answer(pass, outcome);
  }

  /** A write that is overtaken by another of the same path is decided anew: a create has become an update, or back. */
  async #settle(pass: Pass): Promise<Outcome> {
    for (let turn = 1; ; turn += 1) {
      try {
        return await this.#dispatch(pass);
      } catch (error) {
        if (!(error instanceof Overtaken) || pass.token === undefined || turn === TURNS) throw error;
        pass.call = { ...pass.call, operation: error.operation };
        await this.#decide(pass, pass.token);
      }
    }
  }

  /** 404 and 405 come here, after token and policy; then what is wrong with the fields; then the handler. */
  async #dispatch(pass: Pass): Promise<Outcome> {
    const { slot, route, checked, call } = pass;
    if (slot === undefined) throw noRoute(call.path);
    if (route === undefined || checked === undefined) throw new Fault("not-found", "unsupported path");
    const handler = handlerFor(route, call.operation);
    if (handler === undefined) throw new Fault("unsupported", "unsupported operation");
    if (call.wrapTtl !== undefined) throw noWrapping();
    if (checked.fault !== undefined) throw checked.fault;
    const reply = await handler.run(checked.values as Values<Fields>, contextOf(pass, slot));
    if (reply === undefined) return NO_CONTENT;
    const { login, auth, afterwards } = reply;
    if (login !== undefined) {
      const { issued, warnings } = await logIn(this.#parts.tokens, slot.mount, call.path, login);
      return { reply: warned(reply, warnings, checked), issued, afterwards };
    }
    const issued = auth === undefined ? undefined : { clientToken: auth.clientToken, entry: auth.entry };
    return { reply: showsNothing(reply) ? undefined : warned(reply, NO_WARNINGS, checked), issued, afterwards };
  }

  /** A token nobody was told of must not go on living. */
  async #takeBack(issued: Issued | undefined): Promise<void> {
    if (issued === undefined) return;
    await this.#parts.tokens.revoke(issued.entry.id).catch((error: unknown) => {
      this.#parts.log("error", "a token whose login could not be audited was not revoked", { error: toFault(error) });
    });
  }

  async #spent(token: TokenEntry | undefined): Promise<void> {
    if (token === undefined) return;
    await this.#parts.tokens.spent(token).catch((error: unknown) => {
      this.#parts.log("error", "a token without uses left was not revoked", { error: toFault(error) });
    });
  }
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

function answer(pass: Pass, { reply, issued }: Outcome): Answer {
  return { reply, issued, mountType: pass.slot?.mount.type ?? "" };
}

function contextOf({ call, token }: Pass, slot: Slot): Context {
  return { storage: slot.storage, call, mount: slot.mount, token };
}

function recordOf({ call, slot, route, token, granting }: Pass, error: string | undefined): AuditRecord {
  return { call, mount: slot?.mount, route, token, granting, error };
}

function isNear(token: TokenEntry, address: string): boolean {
  return token.boundCidrs.length === 0 || token.boundCidrs.some((cidr) => cidrHas(parseCidr(cidr), address));
}

/** As Vault's framework: members nobody takes are told of, where there is a reply to tell it in. */
function warned(reply: Reply, more: readonly string[], { ignored }: Checked): Reply {
  if (more.length === 0 && ignored.length === 0) return reply;
  const unknown =
    ignored.length === 0 ? [] : [`Endpoint ignored these unrecognized parameters: [${ignored.join(" ")}]`];
  return { ...reply, warnings: [...(reply.warnings ?? []), ...more, ...unknown] };
}

function showsNothing({ data, bare, status, warnings, leaseDuration }: Reply): boolean {
  return [data, bare, status, warnings, leaseDuration].every((member) => member === undefined);
}

function denied(): Fault {
  return new Fault("denied", "permission denied");
}

function noRoute(path: string): Fault {
  return new Fault("not-found", `no handler for route ${JSON.stringify(path)}. route entry not found.`);
}

function noWrapping(): Fault {
  return new Fault("invalid", "response wrapping is not served here: send the request without X-Vault-Wrap-TTL");
}
