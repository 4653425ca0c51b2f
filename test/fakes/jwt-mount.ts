/** A mount of the jwt method with an issuer over HTTP, trusted by discovery, and the role "app" for its tokens. */
import { jwtAuth } from "../../server/auth/jwt/jwt.ts";
import { issuerDocuments } from "../../server/clients/jwks.ts";
import { type AuthMount, authMount } from "./auth-mount.ts";
import { type FakeClock, fakeClock } from "./clock.ts";
import { type OidcIssuer, oidcIssuer, type TokenOptions } from "./oidc-issuer.ts";

export const NOW = Date.UTC(2026, 0, 1);

export interface JwtMount extends AuthMount {
  readonly clock: FakeClock;
  readonly issuer: OidcIssuer;
  /** The message of what a login with this token, or one with these claims, is refused with; "in" when it is not. */
  outcome(token: string | Readonly<Record<string, unknown>>, options?: TokenOptions): Promise<string>;
  role(body: Readonly<Record<string, unknown>>): Promise<unknown>;
  close(): Promise<void>;
}

export async function jwtMount(): Promise<JwtMount> {
  const clock = fakeClock(NOW);
  const issuer = await oidcIssuer();
  const mount = authMount(jwtAuth(issuerDocuments()), { clock });
  const role = (body: Readonly<Record<string, unknown>>): Promise<unknown> => mount.call("update", "role/app", body);
  await mount.call("update", "config", { oidc_discovery_url: issuer.url });
  await role({ role_type: "jwt", user_claim: "sub", bound_audiences: "oksae" });
  return {
    ...mount,
    clock,
    issuer,
    role,
    outcome: async (token, options = {}) => {
      const jwt = typeof token === "string" ? token : issuer.token(token, { now: clock.now(), ...options });
      return mount.grant("login", { role: "app", jwt }).then(
        () => "in",
        (error: unknown) => (error as Error).message,
      );
    },
    close: () => issuer.close(),
  };
}
