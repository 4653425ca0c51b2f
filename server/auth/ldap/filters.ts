/** `userfilter` and `groupfilter`: Go templates that see escaped values only. Source: Vault API, ldap, "Configure LDAP". */
import { Fault } from "../../../lib/fault.ts";
import { parseTemplate } from "../../../lib/template/template.ts";
import { escapeFilterValue } from "./escape.ts";

export const USER_FILTER = "({{.UserAttr}}={{.Username}})";
export const GROUP_FILTER = "(|(memberUid={{.Username}})(member={{.UserDN}})(uniqueMember={{.UserDN}}))";

const LIMITS = { steps: 10_000, output: 64 * 1024, work: 256 * 1024, depth: 50 } as const;

/** Of the settings. */
interface FilterConfig {
  /** "" = `USER_FILTER`. */
  readonly userFilter: string;
  readonly userAttr: string;
  readonly upnDomain: string;
  readonly groupFilter: string;
}

/** @throws Fault "invalid" when the template is none, or asks for what is not there */
export function userFilter({ userFilter: source, userAttr, upnDomain }: FilterConfig, username: string): string {
  const upn = upnDomain !== "";
  return render("userfilter", source === "" ? USER_FILTER : source, [
    ["UserAttr", upn ? "userPrincipalName" : userAttr],
    ["Username", upn ? `${username}@${upnDomain}` : username],
  ]);
}

/** @throws Fault "invalid" as `userFilter` */
export function groupFilter(
  { groupFilter: source }: Pick<FilterConfig, "groupFilter">,
  userDn: string,
  username: string,
): string {
  return render("groupfilter", source, [
    ["UserDN", userDn],
    ["Username", username],
  ]);
}

function render(name: string, source: string, values: readonly (readonly [string, string])[]): string {
  const escaped = values.map(([field, value]) => [field, escapeFilterValue(value)] as const);
  try {
    const options = { functions: new Map(), missingKey: "error", limits: LIMITS } as const;
    return parseTemplate(source, { name }).execute(new Map(escaped), options).text;
  } catch (cause) {
    const why = cause instanceof Fault ? `: ${cause.message}` : "";
    throw new Fault("invalid", `invalid ${name}${why}`, { cause });
  }
}
