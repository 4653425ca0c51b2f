/**
 * sys/leases/… and the older sys/renew, sys/revoke, sys/revoke-prefix, sys/revoke-force: what has been handed out and ends
 * by itself. Source: Vault API, "/sys/leases".
 */
import type { Clock } from "../../../lib/clock.ts";
import { Fault } from "../../../lib/fault.ts";
import type { Log } from "../../../lib/log.ts";
import { formatTime } from "../../../lib/time-text.ts";
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import { type EngineEnv, type Fields, type Reply, type Route, route } from "../../contract/engine.ts";
import type { LeaseInfo, Leases, RevokeOptions } from "../../contract/leases.ts";
import { hasSudo } from "../../contract/policy.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "leases" | "mounts" | "tokens" | "policies">;

const LEASE_ID = { type: "string", about: "The lease's id" } as const;
const URL_LEASE_ID = { type: "string", about: "The lease's id, when the body has none" } as const;
const PREFIX = { type: "string", about: "What the ids of the leases begin with: whole segments" } as const;
const SYNC = {
  type: "bool",
  about: "Answer when everything is undone, not when it is under way",
  default: false,
} as const;
const LIST_FIELDS = {
  type: { type: "string", about: '"irrevocable": those whose engine has failed to revoke them', required: true },
  limit: { type: "string", about: 'How many at most; "none" for as many as are shown at all' },
  include_child_namespaces: { type: "bool", about: "Without meaning here: there are no namespaces" },
} as const satisfies Fields;
const DEFAULT_LIMIT = 10_000;
const MOST = 100_000;
const TIDY_STARTED =
  "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.";
const TIDY_RUNNING = "Tidy operation already in progress.";
/** As Vault answers what it has begun: nothing but the status. */
const ACCEPTED: Reply = { status: 202, text: { contentType: "application/json", body: "" } };

export function leaseRoutes(ports: Ports, env: EngineEnv): readonly Route[] {
  return [
    lookupRoute(ports, env.clock),
    listRoute(ports),
    ...["leases/renew", "renew"].flatMap((path) => renewRoutes(ports, path)),
    ...["leases/revoke", "revoke"].flatMap((path) => revokeRoutes(ports, path)),
    ...["leases/revoke-prefix", "revoke-prefix"].map((path) => revokePrefixRoute(ports, path)),
    ...["leases/revoke-force", "revoke-force"].map((path) => revokeForceRoute(ports, path)),
    tidyRoute(ports, env.log),
    countRoute(ports),
    stuckRoute(ports),
  ];
}

function listRoute({ leases }: Ports): Route {
  return route({
    path: "leases/lookup/*prefix",
    about: "The ids of leases",
    fields: { prefix: PREFIX },
    sudo: true,
    on: {
      list: {
        about: "Lists one level of lease ids",
        run: ({ prefix = "" }) => listed(leases, prefix),
      },
    },
  });
}

async function listed(leases: Leases, prefix: string): Promise<Reply> {
  const keys = await leases.list(prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`);
  if (keys.length === 0) throw new Fault("not-found", "no leases", { errors: [] });
  return { data: { keys } };
}

function lookupRoute({ leases, policies }: Ports, clock: Clock): Route {
  return route({
    path: "leases/lookup",
    about: "What is known of a lease",
    fields: { lease_id: LEASE_ID },
    on: {
      update: {
        about: "Looks a lease up",
        run: async ({ lease_id: id }) => {
          const lease = await leases.find(named(id));
          if (lease === undefined) throw new Fault("invalid", "invalid lease");
          return { data: shown(lease, clock.now()) };
        },
      },
      // sudo for the list alone: a lookup is in the policy "default".
      list: {
        about: "Lists what lease ids begin with; needs sudo",
        run: async (_values, context) => {
          if (!(await hasSudo(policies, context))) throw new Fault("denied", "permission denied");
          return listed(leases, "");
        },
      },
    },
  });
}

function shown({ id, issueTime, expireTime, lastRenewal, renewable }: LeaseInfo, now: number): EncodableRecord {
  return {
    expire_time: formatTime(expireTime),
    id,
    issue_time: formatTime(issueTime),
    last_renewal: lastRenewal === 0 ? null : formatTime(lastRenewal),
    renewable: renewable && expireTime > now,
    ttl: Math.max(0, Math.round((expireTime - now) / 1000)),
  };
}

function renewRoutes({ leases }: Ports, path: string): readonly Route[] {
  const fields = {
    lease_id: LEASE_ID,
    increment: { type: "duration", about: "How long it shall live from now; else as long as at first" },
    url_lease_id: URL_LEASE_ID,
  } as const satisfies Fields;
  const about = "Lets the lease of a secret live longer";
  return atBoth(path, (at) =>
    route({
      path: at,
      about,
      fields,
      on: {
        update: {
          about,
          run: async ({ lease_id: id, url_lease_id: inUrl, increment = 0 }) => {
            const { lease, warnings } = await leases.renew(named(id, inUrl), increment);
            return { renewed: lease, warnings };
          },
        },
      },
    }),
  );
}

function revokeRoutes({ leases }: Ports, path: string): readonly Route[] {
  const fields = {
    lease_id: LEASE_ID,
    sync: SYNC,
    url_lease_id: URL_LEASE_ID,
  } as const satisfies Fields;
  const about = "Ends a lease: what it stands for is undone; a token with its whole tree";
  return atBoth(path, (at) =>
    route({
      path: at,
      about,
      fields,
      on: {
        update: {
          about,
          run: async ({ lease_id: id, url_lease_id: inUrl, sync = false }) => {
            await leases.revoke(named(id, inUrl), { force: false, sync });
            return sync ? undefined : ACCEPTED;
          },
        },
      },
    }),
  );
}

function revokePrefixRoute({ leases }: Ports, path: string): Route {
  const about = "Ends all leases below a path, tokens with their trees";
  return route({
    path: `${path}/*prefix`,
    about,
    fields: { prefix: PREFIX, sync: SYNC },
    sudo: true,
    on: {
      update: {
        about,
        run: async ({ prefix, sync = false }) => {
          await leases.revokePrefix(prefixNamed(prefix), { force: false, sync });
          return sync ? undefined : ACCEPTED;
        },
      },
    },
  });
}

function revokeForceRoute({ leases }: Ports, path: string): Route {
  const about = "Ends all leases below a path, also those whose engine cannot undo them";
  const options: RevokeOptions = { force: true, sync: true };
  return route({
    path: `${path}/*prefix`,
    about,
    fields: { prefix: PREFIX },
    sudo: true,
    on: {
      update: {
        about,
        run: async ({ prefix }) => {
          await leases.revokePrefix(prefixNamed(prefix), options);
          return undefined;
        },
      },
    },
  });
}

function tidyRoute({ leases, tokens }: Ports, log: Log): Route {
  // One at a time: more would only do the same.
  let running = false;
  return route({
    path: "leases/tidy",
    about: "Deletes what points nowhere",
    fields: {},
    on: {
      update: {
        about: "Starts to delete leases without a token",
        run: () => {
          if (running) return Promise.resolve({ status: 202, warnings: [TIDY_RUNNING] });
          running = true;
          void Promise.allSettled([leases.tidy(), tokens.tidy()]).then((outcomes) => {
            running = false;
            for (const outcome of outcomes) {
              if (outcome.status === "fulfilled") continue;
              const error: unknown = outcome.reason;
              log("error", "tidying leases failed", error instanceof Error ? { error } : {});
            }
          });
          return Promise.resolve({ status: 202, warnings: [TIDY_STARTED] });
        },
      },
    },
  });
}

function countRoute({ leases, mounts }: Ports): Route {
  const { type, include_child_namespaces } = LIST_FIELDS;
  return route({
    path: "leases/count",
    about: "How many leases there are",
    fields: { type: { ...type, about: '"irrevocable", or "all"' }, include_child_namespaces },
    on: {
      read: {
        about: "Counts leases by mount",
        run: async ({ type: wanted }) => {
          if (wanted === "all") return { data: counted(await leases.count()) };
          checkType(wanted);
          return { data: counted(byMount(mounts, await leases.stuck(MOST))) };
        },
      },
    },
  });
}

function stuckRoute({ leases, mounts }: Ports): Route {
  return route({
    path: "leases",
    about: "Leases that could not be revoked",
    fields: LIST_FIELDS,
    sudo: true,
    on: {
      read: {
        about: "Lists them with their errors",
        run: async ({ type, limit }) => {
          checkType(type);
          const stuck = await leases.stuck(limitOf(limit));
          const listed = stuck.map(({ id, error }) => ({
            error,
            lease_id: id,
            mount_id: mounts.find(id)?.accessor ?? "",
          }));
          return { data: { ...counted(byMount(mounts, stuck)), leases: listed } };
        },
      },
    },
  });
}

function byMount(mounts: Ports["mounts"], stuck: readonly { readonly id: string }[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { id } of stuck) {
    const mount = mounts.find(id)?.accessor ?? "";
    counts.set(mount, (counts.get(mount) ?? 0) + 1);
  }
  return counts;
}

function counted(counts: ReadonlyMap<string, number>): EncodableRecord {
  return { counts, lease_count: [...counts.values()].reduce((sum, one) => sum + one, 0) };
}

function checkType(type: string): void {
  if (type !== "irrevocable") throw new Fault("invalid", 'unsupported lease type: use "irrevocable"');
}

function limitOf(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_LIMIT;
  if (text === "none" || text === "-1") return MOST;
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit < 1) throw new Fault("invalid", 'field "limit" must be a whole number above 0, or "none"');
  return Math.min(limit, MOST);
}

/** The id in the body, and in the path. */
function atBoth(path: string, make: (path: string) => Route): readonly Route[] {
  return [make(path), make(`${path}/*url_lease_id`)];
}

function named(id: string | undefined, inUrl = ""): string {
  const text = id === undefined || id === "" ? inUrl : id;
  if (text === "") throw new Fault("invalid", "lease_id must be specified");
  return text;
}

function prefixNamed(prefix = ""): string {
  if (prefix === "") throw new Fault("invalid", "prefix must be specified: everything at once is not revoked");
  return prefix;
}
