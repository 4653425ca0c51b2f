/**
 * What happens to every request, in this order: gate -> quotas -> token -> route -> create or update -> policy -> audit
 * request -> dispatch -> login, lease, wrap -> audit response. Refusals at token and policy are audited with their
 * error. The request entry is written before the handler runs, the response entry before anything of the answer leaves.
 */
import { Fault, toFault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Answer, Core } from "../contract/answer.ts";
import type { Audit, AuditRecord } from "../contract/audit.ts";
import type { Call } from "../contract/call.ts";
import { type Fields, type Mount, Overtaken, type Values } from "../contract/engine.ts";
import { type Quotas, type RateHeaders, Throttled } from "../contract/guards.ts";
import type { Identity } from "../contract/identity.ts";
import type { InFlight } from "../contract/in-flight.ts";
import type { TokenEntry } from "../contract/token.ts";
import { type AdmitParts, admit, decide } from "./admit.ts";
import { type DispatchParts, dispatch, type Outcome } from "./dispatch.ts";
import { checkFields } from "./fields.ts";
import { JoinedNames } from "./joined.ts";
import { contextOf, type Pass } from "./pass.ts";
import type { Router } from "./router.ts";

export interface PipelineParts extends Omit<AdmitParts, "identity" | "joined">, Omit<DispatchParts, "identity"> {
  readonly identity: Identity;
  readonly router: Router;
  readonly quotas: Quotas;
  readonly inFlight?: Pick<InFlight, "identify">;
  readonly audit: Audit;
  readonly log: Log;
  /** True from the end of an unseal to the beginning of a seal. */
  readonly isOpen: () => boolean;
}

/** So often a write is asked about anew when others create and delete the same path all the time. */
const TURNS = 16;

const OWN: ReadonlySet<string> = new Set(["sys/", "identity/"]);

export class Pipeline implements Core {
  readonly #parts: PipelineParts & Pick<AdmitParts, "joined">;

  constructor(parts: PipelineParts) {
    this.#parts = { ...parts, joined: new JoinedNames() };
  }

  async handle(call: Call): Promise<Answer> {
    const pass = this.#route(call);
    const { slot, route } = pass;
    if (!this.#parts.isOpen() && route?.whenSealed !== true) throw new Fault("sealed", "Vault is sealed");
    slot?.enter();
    try {
      return await this.#answered(pass);
    } finally {
      slot?.leave();
      if (pass.used) await this.#spent(pass.token);
    }
  }

  async #answered(pass: Pass): Promise<Answer> {
    if (pass.route?.neverAudited === true) return answer(pass, await dispatch(this.#parts, pass));
    const headers = await this.#ration(pass);
    await this.#admit(pass);
    if (pass.subject !== undefined) this.#parts.inFlight?.identify(pass.call.id, pass.subject.id);
    const answered = await this.#audited(pass);
    if (headers === undefined || headers.size === 0) return answered;
    return { ...answered, headers: new Map([...(answered.headers ?? []), ...headers]) };
  }

  /** Which mount, which route, which values: nothing is decided or told about them yet. */
  #route(call: Call): Pass {
    const routed = this.#parts.router.find(call.path);
    const match = routed?.slot.match(routed.rest, call.operation === "list");
    const checked = match === undefined ? undefined : checkFields(match.route, match.params, call.data, call.operation);
    const unknown = { token: undefined, subject: undefined, used: false, granting: undefined };
    return { call, slot: routed?.slot, route: match?.route, checked, ...unknown };
  }

  /** Costs nothing where no quota holds. @throws Throttled once it has been audited, where that is asked for */
  #ration(pass: Pass): Promise<RateHeaders> | undefined {
    const { call, slot, route, checked } = pass;
    const admitted = this.#parts.quotas.admit(call, slot?.mount, async () => {
      if (slot === undefined || checked === undefined) return undefined;
      return route?.roleOf?.(checked.values as Partial<Values<Fields>>, contextOf(pass, slot));
    });
    return admitted?.catch(async (error: unknown) => {
      if (error instanceof Throttled && error.audited) await this.#parts.audit.request(recordOf(pass, error.message));
      throw error;
    });
  }

  /** Token and policy, as far as the route asks for them. @throws Fault: the refusal once it has been audited */
  async #admit(pass: Pass): Promise<void> {
    try {
      await admit(this.#parts, pass);
    } catch (error) {
      const fault = toFault(error);
      const record = recordOf(pass, fault.message);
      await this.#parts.audit.request(record);
      await this.#parts.audit.response({ ...record, reply: undefined, issued: undefined });
      throw fault;
    }
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
      const { reply, issued, wrap, lease } = outcome;
      await audit.response({ ...recordOf(pass, undefined), reply, issued, wrap, lease });
    } catch (error) {
      await this.#takeBack(outcome);
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
        return await dispatch(this.#parts, pass);
      } catch (error) {
        if (!(error instanceof Overtaken) || pass.token === undefined || turn === TURNS) throw error;
        pass.call = { ...pass.call, operation: error.operation };
        await decide(this.#parts, pass, pass.token);
      }
    }
  }

  /** A token nobody was told of must not go on living; the same with a wrapped reply nobody can open. */
  async #takeBack({ reply, issued, wrap }: Outcome): Promise<void> {
    const { tokens } = this.#parts;
    const failed = (error: unknown): void => {
      this.#parts.log("error", "a token whose reply could not be audited was not revoked", { error: toFault(error) });
    };
    if (reply?.login !== undefined && issued !== undefined) await tokens.revoke(issued.entry.id).catch(failed);
    if (wrap === undefined) return;
    const wrapping = await tokens.find(wrap.token).catch(() => undefined);
    if (wrapping !== undefined) await tokens.revoke(wrapping.id).catch(failed);
  }

  async #spent(token: TokenEntry | undefined): Promise<void> {
    if (token === undefined) return;
    await this.#parts.tokens.spent(token).catch((error: unknown) => {
      this.#parts.log("error", "a token without uses left was not revoked", { error: toFault(error) });
    });
  }
}

function answer({ slot }: Pass, { reply, issued, wrap, lease }: Outcome): Answer {
  const headers = wrap === undefined && reply?.headers !== undefined ? sendable(reply.headers, slot?.mount) : undefined;
  return {
    reply,
    issued,
    mountType: slot?.mount.type ?? "",
    ...(headers === undefined ? undefined : { headers }),
    ...(wrap === undefined ? undefined : { wrap }),
    ...(lease === undefined ? undefined : { lease }),
  };
}

/** The server's own engines send what they will; any other what `allowed_response_headers` of its mount names. */
function sendable(headers: ReadonlyMap<string, string>, mount: Mount | undefined): ReadonlyMap<string, string> {
  if (mount === undefined || OWN.has(mount.path)) return headers;
  const allowed = new Set(mount.tune.allowedResponseHeaders.map((name) => name.toLowerCase()));
  return new Map([...headers].filter(([name]) => allowed.has(name)));
}

function recordOf({ call, slot, route, token, subject, granting }: Pass, error: string | undefined): AuditRecord {
  return { call, mount: slot?.mount, route, token, subject, granting, error };
}
