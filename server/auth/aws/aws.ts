/**
 * The AWS auth method: an instance proves itself with the identity document that AWS signs for it (type ec2), a user or role
 * with a request to STS that it has signed (type iam).
 * Source: Vault docs and API, "AWS auth method"; deviations are in docs/PROTOCOL.md.
 */

import type { AwsPorts } from "../../contract/ec2.ts";
import type { Engine, EngineEnv, EngineKind } from "../../contract/engine.ts";
import { accessListRoutes } from "./access-list.ts";
import { certificateRoutes } from "./config-certificate.ts";
import { clientRoute } from "./config-client.ts";
import { identityRoute } from "./config-identity.ts";
import { stsRoutes } from "./config-sts.ts";
import { denylistRoutes } from "./denylist.ts";
import { loginRoute } from "./login.ts";
import { renewToken } from "./renew.ts";
import { roleRoutes } from "./role-routes.ts";
import { roleTagRoute } from "./role-tag-routes.ts";
import { rotateRootRoute } from "./rotate-root.ts";
import { type AuthType, forget, newState } from "./state.ts";
import { Tidy, tidyRoutes } from "./tidy.ts";
import { ACCESS_LIST_CHORE } from "./tidy-access-list.ts";
import { DENYLIST_CHORE } from "./tidy-denylist.ts";
import { unlockRoute } from "./unlock.ts";

/** Type "aws". Roles that name no auth_type are of type iam, as in Vault. */
export function awsAuth(ports: AwsPorts): EngineKind {
  return kind("aws", "iam", ports);
}

/** The old type "aws-ec2": the same, but roles that name no auth_type are of type ec2. */
export function awsEc2Auth(ports: AwsPorts): EngineKind {
  return kind("aws-ec2", "ec2", ports);
}

function kind(type: string, defaultAuthType: AuthType, ports: AwsPorts): EngineKind {
  return {
    type,
    about: "EC2 instances log in with their identity document, IAM users and roles with a signed request",
    kind: "auth",
    create: (env) => create(env, ports, defaultAuthType),
  };
}

function create(env: EngineEnv, ports: AwsPorts, defaultAuthType: AuthType): Engine {
  const state = newState(env, ports, defaultAuthType);
  const tidies = [new Tidy(state, ACCESS_LIST_CHORE), new Tidy(state, DENYLIST_CHORE)];
  return {
    routes: [
      loginRoute(state),
      ...roleRoutes(state),
      roleTagRoute(state),
      clientRoute(state),
      rotateRootRoute(state),
      identityRoute(),
      ...certificateRoutes(state),
      ...stsRoutes(state),
      ...accessListRoutes(state),
      ...denylistRoutes(state),
      ...tidies.flatMap(tidyRoutes),
      unlockRoute(state),
    ],
    renew: (token, place) => renewToken(state, token, place),
    run: async (place, signal) => {
      await Promise.all(tidies.map((tidy) => tidy.hourly(place, signal)));
    },
    forget: () => {
      forget(state);
    },
  };
}
