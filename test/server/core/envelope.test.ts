/** The lifetime that a reply tells of a token: whole seconds as they were granted, 0 for a token without an end alone. */
import { expect, test } from "@jest/globals";
import { Secret } from "../../../lib/secret.ts";
import type { TokenEntry } from "../../../server/contract/token.ts";
import { answerText } from "../../../server/core/envelope.ts";

const T0 = Date.UTC(2026, 0, 1);
const ENTRY: TokenEntry = {
  id: "id",
  accessor: "accessor",
  type: "service",
  policies: ["default"],
  path: "auth/token/create",
  displayName: "token",
  metadata: new Map(),
  creationTime: T0,
  lastRenewalTime: 0,
  expireTime: T0 + 3_600_000,
  creationTtl: 3_600_000,
  explicitMaxTtl: 0,
  period: 0,
  renewable: true,
  maxTtl: 0,
  numUses: 0,
  orphan: true,
  parent: "",
  boundCidrs: [],
  entityId: "",
  role: "",
  leaseId: "auth/token/create/h1",
  internal: new Map(),
};

const cases: readonly (readonly [name: string, entry: Partial<TokenEntry>, seconds: number])[] = [
  ["a new token", {}, 3600],
  ["a renewed one", { lastRenewalTime: T0 + 1003, expireTime: T0 + 1003 + 1_800_000 }, 1800],
  ["one that is cut to an explicit maximum", { lastRenewalTime: T0 + 1400, expireTime: T0 + 1_800_000 }, 1798],
  ["the last moments before an explicit maximum", { lastRenewalTime: T0 + 100, expireTime: T0 + 300 }, 1],
  ["a clock that jumped over the end", { lastRenewalTime: T0 + 9000, expireTime: T0 + 300 }, 1],
  ["root", { expireTime: 0 }, 0],
];

test.each(cases)("%s", (_name, entry, seconds) => {
  const issued = { clientToken: new Secret("x"), entry: { ...ENTRY, ...entry } };
  const text = answerText("id", { reply: {}, issued, mountType: "token" });
  expect(JSON.parse(text)).toMatchObject({ auth: { lease_duration: seconds } });
});
