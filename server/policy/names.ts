/**
 * The one place where a policy's name is made comparable: everything that stores, looks up or compares one takes
 * it from here, so that "Root " can never stand for "root" (CVE-2025-5999: names were compared before they were cleaned).
 */
import { Fault } from "../../lib/fault.ts";

/** Bytes of the name as it is written into a storage key. */
const LONGEST = 512;

/**
 * @returns the name in lower case
 * @throws Fault "invalid" when it is empty, too long, or has blanks, control or invisible characters anywhere
 */
export function policyName(text: string): string {
  const name = text.toLowerCase();
  if (name === "") throw new Fault("invalid", "policy name is empty");
  if (/[\p{C}\p{Z}\p{White_Space}]/u.test(name)) {
    throw new Fault("invalid", "policy name has a blank, control or invisible character: leave it out");
  }
  if (encodeURIComponent(name).length > LONGEST) {
    throw new Fault("invalid", `policy name is longer than ${String(LONGEST)} bytes`);
  }
  return name;
}

/** Names that have a meaning of their own: no policy of that name is ever written or deleted. */
export const RESERVED_POLICIES: ReadonlySet<string> = new Set(["root", "response-wrapping", "control-group"]);
