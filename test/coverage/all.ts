/** All tables of cases; each has a test of its own in areas/. */
import { approleArea } from "./cases/approle.ts";
import { cubbyholeArea } from "./cases/cubbyhole.ts";
import { identityArea } from "./cases/identity.ts";
import { jwtArea } from "./cases/jwt.ts";
import { kvV1Area } from "./cases/kv-v1.ts";
import { ldapArea } from "./cases/ldap.ts";
import { sysGuardArea } from "./cases/sys-guard.ts";
import { userpassArea } from "./cases/userpass.ts";
import type { Area } from "./types.ts";

export const AREAS: readonly Area[] = [
  cubbyholeArea,
  sysGuardArea,
  approleArea,
  identityArea,
  jwtArea,
  kvV1Area,
  ldapArea,
  userpassArea,
];
