/**
 * The whole server for the command line's rows: every auth method, with what stands behind it: a STS that checks signatures,
 * a GitHub that pages, an issuer with keys, a directory in memory.
 */
import { systemClock } from "../../lib/clock.ts";
import { systemRandom } from "../../lib/random.ts";
import { approleAuth } from "../../server/auth/approle/approle.ts";
import { awsAuth } from "../../server/auth/aws/aws.ts";
import { githubAuth } from "../../server/auth/github/github.ts";
import { jwtAuth } from "../../server/auth/jwt/jwt.ts";
import { ldapAuth } from "../../server/auth/ldap/ldap.ts";
import { userpassAuth } from "../../server/auth/userpass/userpass.ts";
import { bcryptPasswords } from "../../server/clients/bcrypt.ts";
import { githubClient } from "../../server/clients/github.ts";
import { issuerDocuments } from "../../server/clients/jwks.ts";
import { httpSts } from "../../server/clients/sts.ts";
import { ACCOUNT, fakeCloud } from "../fakes/aws-mount.ts";
import { type FakeGithub, startGithub } from "../fakes/github.ts";
import { entry, fakeLdap } from "../fakes/ldap.ts";
import { lender } from "../fakes/lender.ts";
import { type OidcIssuer, oidcIssuer } from "../fakes/oidc-issuer.ts";
import { type TestServer, testServer } from "../fakes/server.ts";
import { type FakeSts, startSts } from "../fakes/sts.ts";

export interface World {
  readonly server: TestServer;
  readonly sts: FakeSts;
  readonly github: FakeGithub;
  readonly issuer: OidcIssuer;
  /** What "@name@" stands for in a row from the beginning. */
  readonly known: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

const ARN = `arn:aws:iam::${ACCOUNT}:user/ann`;
const KEY = { id: "AKIAUSERUSERUSERUSER", secret: "user secret" };

export async function wholeWorld(): Promise<World> {
  const [sts, github, issuer] = await Promise.all([startSts(), startGithub(), oidcIssuer()]);
  sts.keys.set(KEY.id, { secret: KEY.secret, arn: ARN, userId: "AIDAANN" });
  const cloud = fakeCloud();
  cloud.principals.set(`${ACCOUNT}/user/ann`, { arn: ARN, uniqueId: "AIDAANN" });
  const ldap = fakeLdap();
  const dn = "cn=ann,ou=people,dc=acme";
  ldap.passwords.set(dn, "correct horse");
  ldap.found.set(`${dn} (objectClass=*)`, [entry(dn, { cn: ["ann"] })]);
  const server = await testServer({
    kinds: [
      lender({ alive: new Set(), tried: [], down: false }),
      approleAuth,
      awsAuth({ ...cloud, sts: httpSts({ clock: systemClock, random: systemRandom() }) }),
      githubAuth(githubClient(systemClock)),
      jwtAuth(issuerDocuments()),
      ldapAuth(ldap),
      userpassAuth(bcryptPasswords()),
    ],
  });
  return {
    server,
    sts,
    github,
    issuer,
    known: {
      root: server.rootToken,
      key: server.keys[0] ?? "",
      address: server.url,
      github: github.url,
      githubToken: github.tokenOf("ann"),
      strangerToken: github.tokenOf("eve"),
      issuer: issuer.url,
      jwt: issuer.token({ sub: "ann", groups: ["devs"] }),
      oldJwt: issuer.token({ sub: "ann", exp: 1 }),
      sts: sts.url,
      arn: ARN,
      awsId: KEY.id,
      awsSecret: KEY.secret,
    },
    close: async () => {
      await server.close();
      await Promise.all([sts.close(), github.close(), issuer.close()]);
    },
  };
}
