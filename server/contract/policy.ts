/** Policies as the pipeline and the system engine ask about them; `server/policy` answers. */

import type { JsonMap } from "../../lib/wire/json.ts";
import type { Operation } from "./call.ts";
import type { Subject } from "./identity.ts";

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
  /** As sys/capabilities answers: sorted by name, ["deny"] when nothing matches, ["root"] for root. */
  capabilities(path: string): readonly Capability[];
  /**
   * Whether any rule for `prefix` itself or for something below it gives more than "deny": which mounts
   * sys/internal/ui/mounts shows. @param prefix ends in "/"
   */
  grantsBelow(prefix: string): boolean;
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
  /** @throws Fault "invalid" with line and column when the text is no policy; on "root", or a bad name */
  write(name: string, text: string): Promise<void>;
  /** Deleting what is not there is no error. @throws Fault "invalid" on "root" and "default" */
  remove(name: string): Promise<void>;
  /** Names in order, "root" last as in Vault. */
  list(): Promise<readonly string[]>;
  /** Writes the "default" policy unless there is one: at init. */
  seed(): Promise<void>;
  /** Drops everything cached: at seal. */
  forget(): void;
}
