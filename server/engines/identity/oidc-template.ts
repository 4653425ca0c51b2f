/**
 * The claims that a role adds to its tokens: JSON in which `{{…}}` stands for a value. The text is read as JSON with the
 * places marked, then the values are set into it: none of them can change its shape. Source: Vault's page "Identity
 * tokens", section "Token contents and templates".
 */
import { parseDuration } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import {
  type Encodable,
  isJsonList,
  isJsonMap,
  type Json,
  type JsonMap,
  parseJsonMap,
} from "../../../lib/wire/json.ts";
import type { Subject } from "../../contract/identity.ts";

/** Characters. */
const LONGEST = 65_536;

/** Claims that every token has, or that OpenID Connect gives a meaning of its own. */
const RESERVED: ReadonlySet<string> = new Set([
  "iat",
  "aud",
  "exp",
  "iss",
  "sub",
  "namespace",
  "nonce",
  "auth_time",
  "at_hash",
  "c_hash",
]);

interface Situation {
  readonly subject: Subject;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

type Value = (situation: Situation) => Encodable;

/** @returns the claims for one subject. @throws Fault "invalid" naming what is wrong with the template */
export function compileClaims(template: string): (situation: Situation) => ReadonlyMap<string, Encodable> {
  if (template.length > LONGEST) throw bad(`it is longer than ${String(LONGEST)} characters`);
  const values: Value[] = [];
  const marked = template.replace(/\{\{(.*?)\}\}/gs, (_, text: string) => {
    values.push(valueOf(text.trim()));
    return `"\\u0000${String(values.length - 1)}"`;
  });
  const claims = parsed(marked);
  for (const name of claims.keys()) {
    if (RESERVED.has(name)) {
      throw new Fault(
        "invalid",
        `top level key ${JSON.stringify(name)} not allowed. Restricted keys: ${[...RESERVED].join(", ")}`,
      );
    }
  }
  const fillers = compileMap(claims, values);
  return (situation) => fillers(situation);
}

function bad(why: string): Fault {
  return new Fault("invalid", `error parsing template: ${why}`);
}

function parsed(text: string): JsonMap {
  try {
    return parseJsonMap(text, { depth: 32, members: 1_000 });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault("invalid", `error parsing template JSON: ${error.message}`);
  }
}

function compileMap(map: JsonMap, values: readonly Value[]): (s: Situation) => ReadonlyMap<string, Encodable> {
  const members = [...map].map(([name, json]) => {
    if (name.includes("\u0000")) throw bad("a place to be filled in is a value, never a name");
    return [name, compile(json, values)] as const;
  });
  return (situation) => new Map(members.map(([name, value]) => [name, value(situation)]));
}

function compile(json: Json, values: readonly Value[]): Value {
  if (isJsonMap(json)) return compileMap(json, values);
  if (isJsonList(json)) {
    const items = json.map((item) => compile(item, values));
    return (situation) => items.map((item) => item(situation));
  }
  if (typeof json !== "string" || !json.includes("\u0000")) return () => json;
  const value = json.startsWith("\u0000") ? values[Number(json.slice(1))] : undefined;
  if (value === undefined) throw bad("a place to be filled in stands alone, without quotes");
  return value;
}

/** What is not there is "", as in Vault; an object or a list is empty. */
function valueOf(text: string): Value {
  const value = timeValue(text) ?? entityValue(text) ?? aliasValue(text) ?? groupValue(text);
  if (value === undefined) throw bad(`unknown parameter {{${text.slice(0, 64)}}}`);
  return value;
}

function timeValue(text: string): Value | undefined {
  if (text === "time.now") return ({ now }) => Math.floor(now / 1000);
  const [, sign, amount] = /^time\.now\.(plus|minus)\.(\S+)$/.exec(text) ?? [];
  if (amount === undefined) return undefined;
  try {
    const ms = parseDuration(amount) * (sign === "plus" ? 1 : -1);
    return ({ now }) => Math.floor((now + ms) / 1000);
  } catch {
    throw bad(`{{time.now.${String(sign)}.…}} takes a duration such as 5m`);
  }
}

function entityValue(text: string): Value | undefined {
  switch (text) {
    case "identity.entity.id":
      return ({ subject }) => subject.id;
    case "identity.entity.name":
      return ({ subject }) => subject.name;
    case "identity.entity.metadata":
      return ({ subject }) => subject.metadata;
    case "identity.entity.groups.ids":
      return ({ subject }) => subject.groups.map(({ id }) => id);
    case "identity.entity.groups.names":
      return ({ subject }) => subject.groups.map(({ name }) => name);
    default: {
      const [, key] = /^identity\.entity\.metadata\.(.+)$/s.exec(text) ?? [];
      return key === undefined ? undefined : ({ subject }) => subject.metadata.get(key) ?? "";
    }
  }
}

function aliasValue(text: string): Value | undefined {
  const found = /^identity\.entity\.aliases\.([^.]+)\.(id|name|metadata|custom_metadata)(?:\.(.+))?$/s.exec(text);
  if (found === null) return undefined;
  const [, accessor, word, key] = found;
  return ({ subject }) => {
    const alias = subject.aliases.find(({ mountAccessor }) => mountAccessor === accessor);
    if (word === "id" || word === "name") return alias?.[word] ?? "";
    const map = word === "metadata" ? alias?.metadata : alias?.customMetadata;
    return key === undefined ? (map ?? new Map<string, string>()) : (map?.get(key) ?? "");
  };
}

function groupValue(text: string): Value | undefined {
  const found = /^identity\.groups\.(ids|names)\.([^.]+)\.(id|name|metadata)(?:\.(.+))?$/s.exec(text);
  if (found === null) return undefined;
  const [, by, which = "", word, key] = found;
  const wanted = which.toLowerCase();
  return ({ subject }) => {
    const group = subject.groups.find(({ id, name }) => (by === "ids" ? id === which : name.toLowerCase() === wanted));
    if (word === "id" || word === "name") return group?.[word] ?? "";
    const map = group?.metadata;
    return key === undefined ? (map ?? new Map<string, string>()) : (map?.get(key) ?? "");
  };
}
