/**
 * `exp`, `nbf` and `iat`. One of them must be there; what is missing follows from the others by its leeway, and the clock
 * skew is allowed on all. Source: Vault docs, JWT auth method, `expiration_leeway`, `not_before_leeway`,
 * `clock_skew_leeway`; RFC 7519 sections 4.1.4 to 4.1.6.
 */
import { Fault } from "../../../lib/fault.ts";
import { type JsonMap, JsonNumber } from "../../../lib/wire/json.ts";

/** Seconds that stand in for an `exp` or `nbf` that is missing. */
const LEEWAY = 150;
const SKEW = 60;

/** Milliseconds; 0 = the default, negative = none. */
export interface Leeways {
  readonly expirationLeeway: number;
  readonly notBeforeLeeway: number;
  readonly clockSkewLeeway: number;
}

/** @param now wall-clock milliseconds. @throws Fault "invalid" saying which claim refuses */
export function mustBeCurrent(claims: JsonMap, leeways: Leeways, now: number): void {
  const [iat, nbfSent, expSent] = [timeIn(claims, "iat"), timeIn(claims, "nbf"), timeIn(claims, "exp")];
  if (iat === 0 && nbfSent === 0 && expSent === 0) {
    throw refused("no issued at (iat), not before (nbf), or expiration time (exp) claims in token");
  }
  const latest = Math.max(iat, nbfSent);
  const exp = expSent === 0 ? latest + seconds(leeways.expirationLeeway, LEEWAY) : expSent;
  const first = iat === 0 ? exp - seconds(leeways.notBeforeLeeway, LEEWAY) : iat;
  const nbf = nbfSent === 0 ? first : nbfSent;
  const skew = seconds(leeways.clockSkewLeeway, SKEW);
  const at = now / 1000;
  if (at + skew < nbf) throw refused("invalid not before (nbf) claim: token not yet valid");
  if (at - skew > exp) throw refused("invalid expiration time (exp) claim: token is expired");
  if (at + skew < iat) throw refused("invalid issued at (iat) claim: token issued in the future");
}

/**
 * That the user showed themselves to the issuer not longer ago than the role's `max_age`.
 * @param maxAge milliseconds, 0 = not asked
 */
export function mustBeFresh(claims: JsonMap, maxAge: number, leeways: Leeways, now: number): void {
  if (maxAge === 0) return;
  const authTime = timeIn(claims, "auth_time");
  if (authTime === 0) throw refused("no auth_time claim in token, which the role's max_age needs");
  if (now / 1000 - seconds(leeways.clockSkewLeeway, SKEW) > authTime + maxAge / 1000) {
    throw refused("invalid auth_time claim: the last authentication is longer ago than the role's max_age");
  }
}

function seconds(leeway: number, otherwise: number): number {
  return leeway === 0 ? otherwise : Math.max(0, leeway) / 1000;
}

/** @returns seconds since the epoch; 0 when it is missing, null or 0. @throws Fault "invalid" when it is no number */
function timeIn(claims: JsonMap, name: string): number {
  const value = claims.get(name);
  if (value === undefined || value === null) return 0;
  const time = value instanceof JsonNumber ? Number(value.text) : Number.NaN;
  if (!Number.isFinite(time) || time < 0) throw refused(`the ${name} claim is no time in seconds`);
  return time;
}

function refused(why: string): Fault {
  return new Fault("invalid", `error validating token: ${why}`);
}
