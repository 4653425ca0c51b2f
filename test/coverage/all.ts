/** All tables of cases; each has a test of its own in areas/. */
import { approleArea } from "./cases/approle.ts";
import { awsArea } from "./cases/aws.ts";
import { cubbyholeArea } from "./cases/cubbyhole.ts";
import { githubArea } from "./cases/github.ts";
import { identityArea } from "./cases/identity.ts";
import { jwtArea } from "./cases/jwt.ts";
import { kvV1Area } from "./cases/kv-v1.ts";
import { kvV2Area } from "./cases/kv-v2.ts";
import { ldapArea } from "./cases/ldap.ts";
import { sysConfigArea } from "./cases/sys-config.ts";
import { sysGuardArea } from "./cases/sys-guard.ts";
import { sysInternalArea } from "./cases/sys-internal.ts";
import { sysLeasesArea } from "./cases/sys-leases.ts";
import { sysMountsArea } from "./cases/sys-mounts.ts";
import { sysInitArea, sysOperatorArea } from "./cases/sys-operator.ts";
import { sysPoliciesArea } from "./cases/sys-policies.ts";
import { sysRekeyArea } from "./cases/sys-rekey.ts";
import { sysToolsArea } from "./cases/sys-tools.ts";
import { tokenArea } from "./cases/token.ts";
import { userpassArea } from "./cases/userpass.ts";
import type { Area } from "./types.ts";

export const AREAS: readonly Area[] = [
  sysToolsArea,
  sysPoliciesArea,
  sysInternalArea,
  sysConfigArea,
  cubbyholeArea,
  sysGuardArea,
  sysInitArea,
  sysLeasesArea,
  sysMountsArea,
  sysOperatorArea,
  sysRekeyArea,
  approleArea,
  awsArea,
  identityArea,
  jwtArea,
  kvV1Area,
  kvV2Area,
  ldapArea,
  githubArea,
  tokenArea,
  userpassArea,
];
