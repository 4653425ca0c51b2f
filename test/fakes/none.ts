/** What a core is built with where a test needs no such part: no identity, no leases of secrets. */
import { Fault } from "../../lib/fault.ts";
import type { Identity } from "../../server/contract/identity.ts";
import type { Leases } from "../../server/contract/leases.ts";

const nothing = (): Promise<undefined> => Promise.resolve(undefined);
const missing = (): Promise<never> => Promise.reject(new Fault("unsupported", "not served here"));
const forget = (): void => undefined;

export const noIdentity: Identity = {
  login: nothing,
  refresh: nothing,
  subject: nothing,
  ofAlias: missing,
  open: nothing,
  mountGone: nothing,
  forget,
};

export const noLeases: Leases = {
  register: missing,
  find: nothing,
  renew: missing,
  revoke: nothing,
  revokePrefix: nothing,
  revokeByToken: nothing,
  list: () => Promise.resolve([]),
  count: () => Promise.resolve(new Map()),
  stuck: () => Promise.resolve([]),
  tidy: nothing,
  open: nothing,
  expire: nothing,
  forget,
};
