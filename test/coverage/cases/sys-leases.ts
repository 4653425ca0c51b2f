/** Area sys, leases: "db/" lends credentials of a fake directory, "alice" logs in. */
import { expect } from "@jest/globals";
import type { Area, RouteCase, Step } from "../types.ts";

const lend = (name: string): Step => ({ method: "GET", path: "db/creds/app?ttl=1h", save: { [name]: "lease_id" } });
const shownAs = (name: string, shows: object): Step & { shows: object } => ({
  method: "POST",
  path: "sys/leases/lookup",
  data: { lease_id: `{{${name}}}` },
  shows,
});
const goneAs = (name: string): Step & { status: number } => ({
  method: "POST",
  path: "sys/leases/lookup",
  data: { lease_id: `{{${name}}}` },
  status: 400,
});
const unnamed = { status: 400, error: "lease_id must be specified" };

/** The newer path and the older one answer alike. */
function renewAt(path: string, name: string, inUrl: boolean): RouteCase {
  const at = inUrl ? `${path}/{{${name}}}` : path;
  return {
    given: [lend(name)],
    when: {
      method: "POST",
      path: at,
      data: inUrl ? { increment: "30m" } : { lease_id: `{{${name}}}`, increment: "30m" },
      status: 200,
      shows: { lease_id: `{{${name}}}`, renewable: true, lease_duration: 1800 },
    },
    keys: ["lease_id", "lease_duration"],
    then: shownAs(name, { data: { ttl: 1800, renewable: true } }),
    bad: inUrl
      ? { method: "POST", path: `${path}/db/creds/app/none`, status: 400, error: "lease not found" }
      : { method: "POST", path, data: { increment: 5 }, ...unnamed },
  };
}

function revokeAt(path: string, name: string, inUrl: boolean): RouteCase {
  return {
    given: [lend(name)],
    when: {
      method: "POST",
      path: inUrl ? `${path}/{{${name}}}` : path,
      data: inUrl ? { sync: true } : { lease_id: `{{${name}}}`, sync: true },
      status: 204,
    },
    keys: [],
    then: goneAs(name),
    bad: inUrl
      ? { method: "POST", path: `${path}/{{${name}}}`, data: { sync: "perhaps" }, status: 400, error: "sync" }
      : { method: "POST", path, data: {}, ...unnamed },
  };
}

function revokePrefixAt(path: string, name: string, more: object): RouteCase {
  return {
    given: [lend(name)],
    when: { method: "POST", path: `${path}/db/creds`, data: more, status: 204 },
    keys: [],
    then: goneAs(name),
    bad: { method: "POST", path: `${path}/`, data: more, status: 400, error: "prefix must be specified" },
  };
}

export const sysLeasesArea: Area = {
  name: "sys",
  given: [{ method: "POST", path: "sys/mounts/db", data: { type: "lender" } }],
  cases: {
    "POST /sys/leases/lookup": {
      given: [lend("looked")],
      when: {
        method: "POST",
        path: "sys/leases/lookup",
        data: { lease_id: "{{looked}}" },
        status: 200,
        shows: { data: { id: "{{looked}}", renewable: true, last_renewal: null } },
      },
      keys: ["data.issue_time", "data.expire_time", "data.ttl", "data.last_renewal"],
      bad: {
        method: "POST",
        path: "sys/leases/lookup",
        data: { lease_id: "db/creds/app/x" },
        status: 400,
        error: "invalid lease",
      },
    },
    "LIST /sys/leases/lookup": {
      given: [lend("first")],
      when: { method: "LIST", path: "sys/leases/lookup", status: 200, shows: { data: { keys: ["db/"] } } },
      keys: ["data.keys"],
    },
    "LIST /sys/leases/lookup/{prefix}": {
      given: [lend("listed")],
      when: {
        method: "LIST",
        path: "sys/leases/lookup/db/creds/app",
        status: 200,
        shows: { data: { keys: expect.arrayContaining([expect.stringMatching(/^[0-9A-Za-z]{24}$/)]) } },
      },
      keys: ["data.keys"],
      bad: { method: "LIST", path: "sys/leases/lookup/%09", status: 400, error: "control characters" },
    },
    "POST /sys/leases/renew": renewAt("sys/leases/renew", "r1", false),
    "POST /sys/leases/renew/{url_lease_id}": renewAt("sys/leases/renew", "r2", true),
    "POST /sys/renew": renewAt("sys/renew", "r3", false),
    "POST /sys/renew/{url_lease_id}": renewAt("sys/renew", "r4", true),
    "POST /sys/leases/revoke": revokeAt("sys/leases/revoke", "v1", false),
    "POST /sys/leases/revoke/{url_lease_id}": revokeAt("sys/leases/revoke", "v2", true),
    "POST /sys/revoke": revokeAt("sys/revoke", "v3", false),
    "POST /sys/revoke/{url_lease_id}": revokeAt("sys/revoke", "v4", true),
    "POST /sys/leases/revoke-prefix/{prefix}": revokePrefixAt("sys/leases/revoke-prefix", "p1", { sync: true }),
    "POST /sys/revoke-prefix/{prefix}": revokePrefixAt("sys/revoke-prefix", "p2", { sync: true }),
    "POST /sys/leases/revoke-force/{prefix}": revokePrefixAt("sys/leases/revoke-force", "p3", {}),
    "POST /sys/revoke-force/{prefix}": revokePrefixAt("sys/revoke-force", "p4", {}),
    "POST /sys/leases/tidy": {
      given: [lend("kept")],
      when: {
        method: "POST",
        path: "sys/leases/tidy",
        status: 202,
        shows: { warnings: [expect.stringContaining("Tidy operation successfully started")] },
      },
      keys: ["warnings"],
      then: shownAs("kept", { data: { id: "{{kept}}" } }),
    },
    "GET /sys/leases/count": {
      given: [lend("counted")],
      when: {
        method: "GET",
        path: "sys/leases/count?type=all",
        status: 200,
        shows: { data: { counts: { "db/": expect.any(Number) } } },
      },
      keys: ["data.lease_count", "data.counts"],
      bad: { method: "GET", path: "sys/leases/count?type=other", status: 400, error: "unsupported lease type" },
    },
    "GET /sys/leases": {
      when: {
        method: "GET",
        path: "sys/leases?type=irrevocable&limit=5",
        status: 200,
        shows: { data: { counts: {}, lease_count: 0, leases: [] } },
      },
      keys: ["data.lease_count", "data.counts", "data.leases"],
      bad: { method: "GET", path: "sys/leases?type=irrevocable&limit=0", status: 400, error: "limit" },
    },
  },
};
