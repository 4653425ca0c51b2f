/**
 * `bound_claims`: for each claim named, one of the token's values must be one of the role's. Numbers are the same when
 * they have the same value, to the last digit. Source: Vault docs, JWT auth method, "Bound claims".
 */
import { Fault } from "../../../lib/fault.ts";
import { type Json, type JsonMap, JsonNumber } from "../../../lib/wire/json.ts";
import { asList, claimAt } from "./claims.ts";

export type ClaimsType = "string" | "glob";

/** @throws Fault "invalid" for values that nothing could ever match */
export function checkBoundClaims(type: ClaimsType, bound: JsonMap): void {
  for (const value of bound.values()) {
    const list = asList(value);
    if (list === undefined) throw new Fault("invalid", 'field "bound_claims": claim is not a string or list');
    for (const item of list) {
      if (type === "glob" && typeof item !== "string") {
        throw new Fault("invalid", 'field "bound_claims": claim is not a string, as bound_claims_type=glob needs');
      }
      if (!isScalar(item)) {
        throw new Fault(
          "invalid",
          'field "bound_claims": each value is a string, a number, a boolean or a list of them',
        );
      }
    }
  }
}

/** @throws Fault "invalid" naming the first claim that is missing or does not match; never its value */
export function mustMatch(type: ClaimsType, bound: JsonMap, claims: JsonMap): void {
  for (const [name, wanted] of bound) {
    const value = claimAt(claims, name);
    if (value === undefined) throw refused(`claim ${JSON.stringify(name)} is missing`);
    const values = asList(value);
    if (values === undefined) throw refused("received claim is not a string, bool, int or list");
    const some = (asList(wanted) ?? []).some((one) => values.some((other) => matches(type, one, other)));
    if (!some) throw refused(`claim ${JSON.stringify(name)} does not match any associated bound claim values`);
  }
}

function refused(why: string): Fault {
  return new Fault("invalid", `error validating claims: ${why}`);
}

function isScalar(value: Json): boolean {
  return typeof value === "string" || typeof value === "boolean" || value instanceof JsonNumber;
}

function matches(type: ClaimsType, wanted: Json, value: Json): boolean {
  if (type === "glob") return typeof wanted === "string" && typeof value === "string" && globMatches(wanted, value);
  if (wanted instanceof JsonNumber) return value instanceof JsonNumber && canonical(wanted) === canonical(value);
  return isScalar(wanted) && wanted === value;
}

/** "*" stands for any text, also none; every other character for itself. In time linear in the two for each "*". */
export function globMatches(pattern: string, text: string): boolean {
  const parts = pattern.split("*");
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  if (parts.length === 1) return pattern === text;
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** One text for each value: "1e2", "100" and "100.0" are the same. */
function canonical({ text }: JsonNumber): string {
  const [, sign = "", whole = "0", fraction = "", power = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]\+?(-?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const plain = digits.replace(/0+$/, "");
  if (plain === "") return "0";
  const exponent = BigInt(power) - BigInt(fraction.length) + BigInt(digits.length - plain.length);
  return `${sign}${plain}e${exponent.toString()}`;
}
