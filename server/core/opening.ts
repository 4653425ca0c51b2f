/**
 * Who may open a wrapping token: the token itself, in the header; or it is named in the body by a caller whose policies
 * give sys/wrapping/unwrap or …/rewrap. Anywhere else a wrapping token is worth nothing, and is not used up by trying.
 * Source: Vault's page "Response wrapping", section "Response wrapping token validation".
 */
import { Secret } from "../../lib/secret.ts";
import type { TokenEntry } from "../contract/token.ts";
import type { Tokens } from "../contract/tokens.ts";
import { isWrapping, noWrappingToken, WRAPPING_POLICY } from "../contract/wrapping.ts";
import type { Pass } from "./pass.ts";

const GRANTING: readonly string[] = [WRAPPING_POLICY];

/**
 * @param own the token in the header, if it is a good one
 * @returns true when it is the wrapping token and has been let in, its use taken; false when the body names another one,
 *   and who calls is to be asked as everywhere
 * @throws Fault "invalid" for what is no wrapping token, before anything is told about the caller's own, as in Vault
 */
export async function admitOpener(
  tokens: Pick<Tokens, "find" | "use">,
  pass: Pass,
  own: TokenEntry | undefined,
): Promise<boolean> {
  const named = namedIn(pass);
  if (named !== undefined && pass.call.token?.equals(named) !== true) {
    const other = await tokens.find(named);
    if (other === undefined || !isWrapping(other)) throw noWrappingToken();
    return false;
  }
  if (pass.call.token === undefined) return false;
  const used = own !== undefined && isWrapping(own) ? await tokens.use(own) : undefined;
  if (used === undefined) throw noWrappingToken();
  pass.token = used;
  pass.used = true;
  pass.granting = GRANTING;
  return true;
}

function namedIn({ checked }: Pass): Secret | undefined {
  const token = checked?.values["token"];
  return typeof token === "string" && token !== "" ? new Secret(token) : undefined;
}
