/**
 * Vault's routes of the browser flow (role_type "oidc"), which this release does not serve: whoever asks is told so, also
 * without a token, as the CLI and the web page ask there. See docs/PROTOCOL.md, "Rows not answered".
 */
import { Fault } from "../../../lib/fault.ts";
import { type Fields, type Handler, type Route, route } from "../../contract/engine.ts";

const refuse: Handler<Fields> = {
  about: "Refuses, and says what to do",
  run: () =>
    Promise.reject(
      new Fault(
        "invalid",
        "the browser flow (role_type oidc) is not served here: log in with a role of type jwt and a signed token",
      ),
    ),
};

export function browserFlowRoutes(): readonly Route[] {
  const about = "The browser flow, which is not served here";
  const open = { about, fields: {}, unauthenticated: true, openBody: true } as const;
  return [
    route({ ...open, path: "oidc/auth_url", on: { update: refuse } }),
    route({ ...open, path: "oidc/callback", on: { read: refuse, update: refuse } }),
  ];
}
