/**
 * The AWS auth method, type ec2: an instance proves itself with the identity document that AWS signs for it.
 * Source: Vault docs and API, "AWS auth method"; deviations are in docs/PROTOCOL.md.
 */

import type { AwsPorts } from "../../contract/ec2.ts";
import type { Engine, EngineEnv, EngineKind } from "../../contract/engine.ts";
import { accessListRoutes } from "./access-list.ts";
import { certificateRoutes } from "./config-certificate.ts";
import { clientRoute } from "./config-client.ts";
import { stsRoutes } from "./config-sts.ts";
import { loginRoute } from "./login.ts";
import { renewToken } from "./renew.ts";
import { roleRoutes } from "./role-routes.ts";
import { type AuthType, forget, newState } from "./state.ts";
import { Tidy, tidyRoutes } from "./tidy.ts";
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
    about: "EC2 instances log in with the identity document that AWS signs for them",
    kind: "auth",
    create: (env) => create(env, ports, defaultAuthType),
  };
}

function create(env: EngineEnv, ports: AwsPorts, defaultAuthType: AuthType): Engine {
  const state = newState(env, ports, defaultAuthType);
  const tidy = new Tidy(state);
  return {
    routes: [
      loginRoute(state),
      ...roleRoutes(state),
      clientRoute(state),
      ...certificateRoutes(state),
      ...stsRoutes(state),
      ...accessListRoutes(state),
      ...tidyRoutes(tidy),
      unlockRoute(state),
    ],
    renew: (token, place) => renewToken(state, token, place),
    run: (place, signal) => tidy.hourly(place, signal),
    forget: () => {
      forget(state);
    },
  };
}
