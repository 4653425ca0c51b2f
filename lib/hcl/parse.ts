/** The door to this room: a text in HCL1 or JSON becomes a `Body`. */
import { Body } from "./body.ts";
import { readHclJson } from "./json.ts";
import { readHcl } from "./native.ts";
import { DEFAULT_HCL_LIMITS, type HclLimits } from "./tree.ts";

/**
 * @param text taken for JSON when its first character is "{", as hashicorp/hcl does
 * @param file only named in messages; "" when there is none
 * @throws Fault "invalid" that begins with "FILE:LINE:COLUMN: "
 */
export function parseConfig(text: string, file: string, limits: HclLimits = DEFAULT_HCL_LIMITS): Body {
  const json = /^\ufeff?\s*\{/.test(text);
  return new Body(json ? readHclJson(text, file, limits) : readHcl(text, file, limits));
}
