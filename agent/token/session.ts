/** What can be asked about the token that one holds. Source: Vault API, token auth method, lookup-self and renew-self. */
import { Fault } from "../../lib/fault.ts";
import type { Secret } from "../../lib/secret.ts";
import { type Api, apiFault } from "../../lib/wire/api.ts";
import { type Grant, grantFromLogin } from "../login/method.ts";

/** "unknown": the server could not be asked, or could not tell. */
export type Standing = "alive" | "dead" | "unknown";

/** Never throws but for the signal's abort. */
export async function standingOf(api: Api, token: Secret, signal: AbortSignal): Promise<Standing> {
  try {
    const { status } = await api({ method: "GET", path: "auth/token/lookup-self", token, signal });
    if (status === 403) return "dead";
    return status < 300 ? "alive" : "unknown";
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Fault) return "unknown";
    throw error;
  }
}

/** Server trouble is a fault to retry; a refusal is not: it will not change. */
export type Renewal =
  | { readonly outcome: "renewed"; readonly grant: Grant }
  | { readonly outcome: "refused"; readonly fault: Fault }
  | { readonly outcome: "trouble"; readonly fault: Fault };

export async function renew(api: Api, token: Secret, signal: AbortSignal): Promise<Renewal> {
  try {
    const reply = await api({ method: "POST", path: "auth/token/renew-self", body: {}, token, signal });
    if (reply.status < 300) return { outcome: "renewed", grant: grantFromLogin("renewal of the token", reply) };
    const fault = apiFault("renewal of the token", reply);
    const refused = reply.status < 500 && reply.status !== 429;
    return { outcome: refused ? "refused" : "trouble", fault };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Fault) return { outcome: "trouble", fault: error };
    throw error;
  }
}
