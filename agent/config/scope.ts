/**
 * `${env.X}` and `${instance.…}` in values of the configuration, so that one image serves many roles. `$${` stands for
 * a literal `${`. What is not known where it must be is an error; a template's `contents` is never touched.
 */
import type { Fault } from "../../lib/fault.ts";

export interface InstanceNames {
  readonly id: string;
  readonly accountId: string;
  readonly region: string;
  /** The tags that `Scope.tags` asked for. */
  readonly tags: ReadonlyMap<string, string>;
}

export interface Scope {
  /** undefined = only the syntax is checked. */
  readonly env: ReadonlyMap<string, string> | undefined;
  readonly instance: InstanceNames | undefined;
  /** Filled while reading: the tags that the configuration names. */
  readonly tags: Set<string>;
  /** Filled while reading: whether anything of the instance is named. */
  readonly wants: { instance: boolean };
}

export function newScope(env: ReadonlyMap<string, string> | undefined, instance: InstanceNames | undefined): Scope {
  return { env, instance, tags: new Set(), wants: { instance: false } };
}

const REFERENCE = /\$\$\{|\$\{([^}]*)\}?/g;
const KNOWN = "${env.NAME}, ${instance.tag.NAME}, ${instance.account_id}, ${instance.region} and ${instance.id}";
/** Whoever may set tags must not be able to climb out of a folder. */
const UNSAFE_TAG = /[\p{Cc}\\]|\$\{|(?:^|\/)\.{1,2}(?:\/|$)|^\/|\/$|\/\//u;

/**
 * @param fault makes the error, with file and line, from a message
 * @returns the text with everything known put in; a reference that the scope has nothing for stays as it is written
 */
export function expand(text: string, scope: Scope, fault: (message: string) => Fault): string {
  if (!text.includes("${")) return text;
  return text.replace(REFERENCE, (whole: string, name: string | undefined) => {
    if (whole === "$${") return "${";
    if (name === undefined || !whole.endsWith("}")) throw fault("${ is not closed: write $${ for a literal one");
    return lookUp(name, whole, scope, fault);
  });
}

/** Whether some reference was left as it is written. */
export function isUnresolved(text: string): boolean {
  return /\$\{(?:env|instance)\./.test(text);
}

function lookUp(name: string, whole: string, scope: Scope, fault: (message: string) => Fault): string {
  const variable = /^env\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(name)?.[1];
  if (variable !== undefined) return lookUpVariable(variable, whole, scope, fault);
  const tag = /^instance\.tag\.(.+)$/u.exec(name)?.[1];
  const known = tag !== undefined || ["instance.account_id", "instance.region", "instance.id"].includes(name);
  if (!known) throw fault(`${whole} is not known: there are ${KNOWN}; write $\${ for a literal \${`);
  scope.wants.instance = true;
  if (tag !== undefined) return lookUpTag(tag, whole, scope, fault);
  if (scope.instance === undefined) return whole;
  if (name === "instance.id") return scope.instance.id;
  return name === "instance.region" ? scope.instance.region : scope.instance.accountId;
}

function lookUpVariable(name: string, whole: string, { env }: Scope, fault: (message: string) => Fault): string {
  if (env === undefined) return whole;
  const value = env.get(name);
  if (value === undefined) throw fault(`${whole} is not set in the agent's environment`);
  if (isUnresolved(value)) throw fault(`${whole}: the variable's value holds a reference itself, which is not put in`);
  return value;
}

function lookUpTag(tag: string, whole: string, scope: Scope, fault: (message: string) => Fault): string {
  scope.tags.add(tag);
  if (scope.instance === undefined) return whole;
  const value = scope.instance.tags.get(tag);
  if (value === undefined || value === "") throw fault(`${whole}: this instance has no such tag`);
  if (UNSAFE_TAG.test(value)) throw fault(`${whole}: the tag's value is no safe part of a path`);
  return value;
}
