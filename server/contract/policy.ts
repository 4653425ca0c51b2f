/** Policies as the pipeline and the system engine ask about them; `server/policy` answers. */
import type { JsonMap } from "../../lib/wire/json.ts";
import type { Call, Operation } from "./call.ts";
import type { Subject } from "./identity.ts";
import type { TokenEntry } from "./token.ts";

export type Capability = "root" | "sudo" | "create" | "read" | "update" | "patch" | "delete" | "list" | "deny";

export interface Question {
  readonly operation: Operation;
  /** As `Call.path`. */
  readonly path: string;
  /** The request's parameters, for allowed_, denied_ and required_parameters; undefined to ask about the path alone. */
  readonly data: JsonMap | undefined;
  /** Milliseconds; undefined when no wrapping is asked for. */
  readonly wrapTtl: number | undefined;
}

export interface Decision {
  readonly allowed: boolean;
  /** The deciding rule also gives sudo (root always does). */
  readonly sudo: boolean;
  /** The policies whose rules for the deciding path allowed it; empty when refused. For the audit. */
  readonly granting: readonly string[];
}

/** The joined rules of one set of policies; pure and synchronous. */
export interface Acl {
  decide(question: Question): Decision;
  /** One for each path string, "deny" for a denied one; none for root. */
  rules(): readonly { readonly path: string; readonly capabilities: readonly Capability[] }[];
  /** As sys/capabilities answers: sorted by name, ["deny"] when nothing matches, ["root"] for root. */
  capabilities(path: string): readonly Capability[];
  /**
   * Whether any rule for `prefix` itself or for something below it gives more than "deny": which mounts
   * sys/internal/ui/mounts shows. @param prefix ends in "/"
   */
  grantsBelow(prefix: string): boolean;
}

/** A policy as it is stored. */
export interface PolicyInfo {
  readonly text: string;
  /** Counts writes; 0 for one that was written before they were counted. */
  readonly version: number;
  /** Wall-clock milliseconds, 0 = not known. */
  readonly modified: number;
  readonly casRequired: boolean;
}

export interface WriteTerms {
  /** The version that must be there, -1 = none at all. */
  readonly cas?: number | undefined;
  /** Every write from now on must bring `cas`; false when it is left out. */
  readonly casRequired?: boolean | undefined;
}

/** One stanza that has a say in a decision. */
export interface ExplainedRule {
  readonly policy: string;
  /** In the policy's text, from 1. */
  readonly line: number;
  readonly column: number;
  /** As written, templates too. */
  readonly path: string;
  /** With templates filled in. */
  readonly matches: string;
  readonly capabilities: readonly Capability[];
  /** Constraints of parameters or of wrapping stand beside them. */
  readonly constrained: boolean;
}

export interface Explanation {
  readonly decision: Decision;
  readonly reason: "root" | "allowed" | "no rule" | "denied" | "capability" | "parameters" | "wrapping";
  /** Those for the deciding path; empty for root and when nothing matches. */
  readonly rules: readonly ExplainedRule[];
  /** Other rules that match too, but are weaker, the strongest first. */
  readonly weaker: readonly ExplainedRule[];
}

export interface Policies {
  /**
   * The compiled rules of these names together; cached until a policy (or the subject) changes. An unknown name gives
   * nothing. Templated paths ("secret/data/{{identity.entity.name}}/*") are filled in from `subject`; a path whose
   * template cannot be filled, or would be filled with a metacharacter, gives nothing.
   */
  acl(names: readonly string[], subject?: Subject): Promise<Acl>;
  /** @returns the text as it was written; undefined when there is none of this name ("root" has an empty text). */
  read(name: string): Promise<string | undefined>;
  /** undefined when there is none of this name; "root" has no text and no version. */
  describe(name: string): Promise<PolicyInfo | undefined>;
  /**
   * Why the rules of these names decide as they do: the text of every policy is read anew.
   * @param names as for `acl`
   */
  explain(names: readonly string[], subject: Subject | undefined, question: Question): Promise<Explanation>;
  /**
   * @param text "" keeps the text that is there
   * @throws Fault "invalid" with line and column when the text is no policy; on "root", or a bad name; when `terms` do not hold
   */
  write(name: string, text: string, terms?: WriteTerms): Promise<void>;
  /** Deleting what is not there is no error. @throws Fault "invalid" on "root" and "default" */
  remove(name: string): Promise<void>;
  /** Names in order, "root" last as in Vault. */
  list(): Promise<readonly string[]>;
  /** Writes the "default" policy unless there is one: at init. */
  seed(): Promise<void>;
  /** Drops everything cached: at seal. */
  forget(): void;
}

/** A token's own policies with those of its entity and groups: each once, in order. */
export function policiesOf(token: TokenEntry, subject: Subject | undefined): readonly string[] {
  const more = subject?.policies ?? [];
  return more.length === 0 ? token.policies : [...new Set([...token.policies, ...more])].sort();
}

interface Caller {
  readonly call: Call;
  readonly token: TokenEntry | undefined;
  readonly subject: Subject | undefined;
}

/** For handlers that give more to callers with sudo: whether the policies of this one give it, root always, nobody never. */
export async function hasSudo(policies: Pick<Policies, "acl">, { call, token, subject }: Caller): Promise<boolean> {
  if (token === undefined) return false;
  const acl = await policies.acl(policiesOf(token, subject), subject);
  const { operation, path, data, wrapTtl } = call;
  const { allowed, sudo } = acl.decide({ operation, path, data, wrapTtl });
  return allowed && sudo;
}
