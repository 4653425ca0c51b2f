/** Every route of Vault's JWT auth method that is served, valid and bad, with an issuer over HTTPS. */
import { afterAll, beforeAll } from "@jest/globals";
import { jwtAuth } from "../../../server/auth/jwt/jwt.ts";
import { issuerDocuments } from "../../../server/clients/jwks.ts";
import { type OidcIssuer, oidcIssuer } from "../../fakes/oidc-issuer.ts";
import { jwtArea } from "../cases/jwt.ts";
import { cover } from "../cover.ts";

let issuer: OidcIssuer;
beforeAll(async () => {
  issuer = await oidcIssuer({ tls: true });
});
afterAll(() => issuer.close());

cover(jwtArea, {
  kinds: [jwtAuth(issuerDocuments())],
  prepare: () => {
    const claims = { team: "core", realm: { groups: ["devs"] } };
    return Promise.resolve({
      issuer: issuer.url,
      ca: issuer.ca,
      jwt: issuer.token(claims),
      other: issuer.token({ ...claims, aud: "another service" }),
    });
  },
});
