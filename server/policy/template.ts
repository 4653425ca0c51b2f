/**
 * Paths with identity in them ("kv/data/{{identity.entity.name}}/*"), read when the policy is written;
 * `fill.ts` fills them in for one subject. Source: Vault's page "ACL policy path templating".
 */
import type { Subject, SubjectAlias, SubjectGroup } from "../contract/identity.ts";

/** A place to be filled in; the text of the rule stands between them. */
export type Part = string | Selector;

/** @returns undefined when the subject has no such thing */
export type Selector = (subject: Subject) => string | undefined;

/** What is wrong with a template, for the writer of the policy. */
export class TemplateError extends Error {}

/** @returns undefined for a path without a template. @throws TemplateError */
export function parseTemplate(path: string): readonly Part[] | undefined {
  if (!path.includes("{{") && !path.includes("}}")) return undefined;
  const parts: Part[] = [];
  let rest = path;
  for (;;) {
    const [open, close] = [rest.indexOf("{{"), rest.indexOf("}}")];
    if (open === -1 && close === -1) break;
    if (open === -1 || close < open) throw new TemplateError('"{{" and "}}" do not come in pairs');
    parts.push(rest.slice(0, open), selectorOf(rest.slice(open + 2, close).trim()));
    rest = rest.slice(close + 2);
  }
  return [...parts, rest].filter((part) => part !== "");
}

const KNOWN =
  "identity.entity.id, .name, .metadata.KEY, .aliases.ACCESSOR.id, .name, .metadata.KEY, .custom_metadata.KEY, " +
  "identity.groups.ids.ID.name, .metadata.KEY, identity.groups.names.NAME.id, .metadata.KEY";

function selectorOf(text: string): Selector {
  const entity = /^identity\.entity\.(?:(id|name)|metadata\.(.+))$/.exec(text);
  if (entity !== null) return (subject) => pick(subject, entity[1], entity[2]);
  const alias = /^identity\.entity\.aliases\.([^.]+)\.(?:(id|name)|metadata\.(.+)|custom_metadata\.(.+))$/.exec(text);
  if (alias !== null) {
    const [, accessor, word, key, custom] = alias;
    return ({ aliases }) =>
      pickAlias(
        aliases.find(({ mountAccessor }) => mountAccessor === accessor),
        [word, key, custom],
      );
  }
  const selector = groupSelector(text);
  if (selector === undefined) throw new TemplateError(`unknown template "{{${text.slice(0, 64)}}}"; known: ${KNOWN}`);
  return selector;
}

/** A name may have dots in it: what follows the first ".metadata." is a key, else the last word is "id" or "name". */
function groupSelector(text: string): Selector | undefined {
  const found =
    /^identity\.groups\.(ids|names)\.(.+?)\.metadata\.(.+)$/.exec(text) ??
    /^identity\.groups\.(ids|names)\.(.+)\.(id|name)$/.exec(text);
  if (found === null) return undefined;
  const [, by, which = "", last] = found;
  const word = text.endsWith(`.${which}.${String(last)}`) ? last : undefined;
  const key = word === undefined ? last : undefined;
  const wanted = which.toLowerCase();
  const isIt = ({ id, name }: SubjectGroup): boolean => (by === "ids" ? id === which : name.toLowerCase() === wanted);
  return ({ groups }) => pick(groups.find(isIt), word, key);
}

interface Named {
  readonly id: string;
  readonly name: string;
  readonly metadata: ReadonlyMap<string, string>;
}

function pick(thing: Named | undefined, word: string | undefined, key: string | undefined): string | undefined {
  if (word === undefined) return thing?.metadata.get(key ?? "");
  return word === "id" ? thing?.id : thing?.name;
}

function pickAlias(
  alias: SubjectAlias | undefined,
  [word, key, custom]: readonly (string | undefined)[],
): string | undefined {
  return custom === undefined ? pick(alias, word, key) : alias?.customMetadata.get(custom);
}
