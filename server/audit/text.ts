/** Members of a JSON object as text; "" stands for one that is left out. */
import { type Encodable, stringifyJson } from "../../lib/wire/json.ts";

export function member(name: string, value: Encodable): string {
  return `"${name}":${stringifyJson(value)}`;
}

/** Left out when empty. */
export function textMember(name: string, value: string): string {
  return value === "" ? "" : `"${name}":${JSON.stringify(value)}`;
}

/** Milliseconds as whole seconds; left out when 0. */
export function seconds(name: string, ms: number): string {
  return ms < 1000 ? "" : `"${name}":${String(Math.floor(ms / 1000))}`;
}

export function membersText(members: readonly string[]): string {
  let out = "";
  for (const text of members) if (text !== "") out += out === "" ? text : `,${text}`;
  return out;
}
