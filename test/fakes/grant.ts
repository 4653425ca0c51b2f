/** What the logins of tests grant: a test writes only what it is about. */
import type { LoginGrant } from "../../server/contract/token.ts";

export const GRANT: LoginGrant = {
  displayName: "x",
  policies: [],
  noDefaultPolicy: false,
  metadata: new Map(),
  alias: "x",
  ttl: 0,
  maxTtl: 0,
  explicitMaxTtl: 0,
  period: 0,
  numUses: 0,
  boundCidrs: [],
  renewable: true,
  type: "service",
  role: "",
  internal: new Map(),
};
