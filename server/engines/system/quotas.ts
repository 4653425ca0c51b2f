/** sys/quotas: rate limits. Source: Vault's API pages "/sys/quotas/rate-limit" and "/sys/quotas/config". */
import { toSeconds } from "../../../lib/duration.ts";
import { Fault } from "../../../lib/fault.ts";
import { type EncodableRecord, JsonNumber } from "../../../lib/wire/json.ts";
import { type Fields, type Route, route, type Values } from "../../contract/engine.ts";
import type { RateQuota } from "../../contract/guards.ts";
import type { Mounts } from "../../contract/mounts.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "mounts" | "quotas">;

export function quotaRoutes(ports: Ports): readonly Route[] {
  return [configRoute(ports), listRoute(ports), quotaRoute(ports)];
}

/** Methods whose logins name a role. */
const WITH_ROLES: ReadonlySet<string> = new Set(["approle", "aws", "aws-ec2", "jwt"]);
const LONGEST = 256;
const SECOND = 1000;

function configRoute({ quotas }: Ports): Route {
  return route({
    path: "quotas/config",
    about: "What holds for all quotas",
    fields: {
      rate_limit_exempt_paths: {
        type: "strings",
        about: 'Paths that no quota holds for; one that ends in "*" is a prefix',
      },
      enable_rate_limit_audit_logging: { type: "bool", about: "Requests refused by a quota are audited" },
      enable_rate_limit_response_headers: { type: "bool", about: "Replies tell the limit in X-Ratelimit-… headers" },
    },
    on: {
      read: {
        about: "Reads the configuration",
        run: () => {
          const { exemptPaths, auditLogging, responseHeaders } = quotas.config();
          return Promise.resolve({
            data: {
              enable_rate_limit_audit_logging: auditLogging,
              enable_rate_limit_response_headers: responseHeaders,
              rate_limit_exempt_paths: exemptPaths,
            },
          });
        },
      },
      update: {
        about: "Changes what is given, leaves the rest",
        run: async (given) => {
          const { rate_limit_exempt_paths: exemptPaths } = given;
          const { enable_rate_limit_audit_logging: auditLogging } = given;
          const { enable_rate_limit_response_headers: responseHeaders } = given;
          await quotas.configure({
            ...(exemptPaths === undefined
              ? undefined
              : { exemptPaths: exemptPaths.map((path) => path.replace(/^\//, "")) }),
            ...(auditLogging === undefined ? undefined : { auditLogging }),
            ...(responseHeaders === undefined ? undefined : { responseHeaders }),
          });
          return undefined;
        },
      },
    },
  });
}

function listRoute({ quotas }: Ports): Route {
  return route({
    path: "quotas/rate-limit",
    about: "The rate limit quotas",
    fields: {},
    on: {
      list: {
        about: "Lists their names",
        run: () => {
          const keys = quotas.list().map(({ name }) => name);
          if (keys.length === 0) throw new Fault("not-found", "no quotas", { errors: [] });
          return Promise.resolve({ data: { keys } });
        },
      },
    },
  });
}

const quotaFields = {
  name: { type: "string", about: "The quota's name", required: true },
  type: { type: "string", about: "The kind of quota", oneOf: ["rate-limit"] },
  path: { type: "string", about: 'A mount, or a path or prefix ("…/*") below one; "" for everything', default: "" },
  role: { type: "string", about: "Only logins of this role, at an auth mount that has roles" },
  rate: { type: "json", about: "How many requests a client may make in an interval: a number above 0", required: true },
  interval: { type: "duration", about: "What the rate is for", default: "1s" },
  block_interval: { type: "duration", about: "How long a client over the limit is refused altogether; 0 = not" },
  inheritable: { type: "bool", about: "Without meaning here: there is one namespace; true for the global quota" },
} as const satisfies Fields;

function quotaRoute({ mounts, quotas }: Ports): Route {
  return route({
    path: "quotas/rate-limit/:name",
    about: "One rate limit quota",
    fields: quotaFields,
    on: {
      read: {
        about: "Reads the quota",
        run: ({ name }) => {
          const quota = quotas.list().find((one) => one.name === name);
          if (quota === undefined) throw new Fault("not-found", "no such quota", { errors: [] });
          return Promise.resolve({ data: shown(quota) });
        },
      },
      update: {
        about: "Writes the quota as a whole",
        run: async (given) => {
          await quotas.write(quotaOf(mounts, given));
          return undefined;
        },
      },
      delete: {
        about: "Deletes the quota",
        run: async ({ name }) => {
          await quotas.remove(name);
          return undefined;
        },
      },
    },
  });
}

function shown({
  name,
  mountPath,
  pathSuffix,
  role,
  rate,
  interval,
  blockInterval,
  inheritable,
}: RateQuota): EncodableRecord {
  return {
    block_interval: toSeconds(blockInterval),
    inheritable,
    interval: toSeconds(interval),
    name,
    path: mountPath + pathSuffix,
    rate,
    role,
    type: "rate-limit",
  };
}

type Given = Values<typeof quotaFields>;

function quotaOf(mounts: Mounts, given: Given): RateQuota {
  const { name, interval, block_interval: blockInterval = 0, inheritable } = given;
  if (name.length > LONGEST)
    throw new Fault("invalid", `the quota's name is longer than ${String(LONGEST)} characters`);
  // As every method with roles keeps their names: in another spelling it would never hold.
  const role = (given.role ?? "").toLowerCase();
  const place = placeOf(mounts, given.path ?? "", role);
  const global = place.mountPath === "";
  if (global && inheritable === false) throw new Fault("invalid", "all global quotas must be inheritable");
  if (!global && inheritable === true) {
    throw new Fault("invalid", "only namespace quotas can be configured as inheritable: leave it out");
  }
  if (blockInterval < 0) throw new Fault("invalid", "'block' is invalid: use 0 or more");
  return {
    ...place,
    name,
    role,
    rate: rateOf(given.rate),
    interval: interval === undefined || interval === 0 ? SECOND : interval,
    blockInterval,
    inheritable: global,
  };
}

function rateOf(given: Given["rate"]): number {
  const rate =
    given instanceof JsonNumber ? Number(given.text) : typeof given === "string" ? Number(given) : Number.NaN;
  if (rate > 0 && Number.isFinite(rate)) return rate;
  throw new Fault("invalid", "'rate' is invalid: it must be a number above 0");
}

function placeOf(mounts: Mounts, given: string, role: string): Pick<RateQuota, "mountPath" | "pathSuffix"> {
  const path = given.replace(/^\/+|\/+$/g, "");
  if (path === "") {
    if (role !== "") throw new Fault("invalid", "a quota with a role needs the path of an auth mount");
    return { mountPath: "", pathSuffix: "" };
  }
  const mount = mounts.find(path);
  if (mount === undefined)
    throw new Fault("invalid", `invalid mount path ${JSON.stringify(path)}: nothing is mounted there`);
  const pathSuffix = `${path}/`.slice(mount.path.length).replace(/\/$/, "");
  if (role !== "" && pathSuffix !== "") {
    throw new Fault("invalid", "a quota has either a path below the mount or a role: leave one of them out");
  }
  if (role !== "" && !(mount.kind === "auth" && WITH_ROLES.has(mount.type))) {
    throw new Fault("invalid", `the mount ${mount.path} does not have a concept of roles: leave "role" out`);
  }
  if (pathSuffix.slice(0, -1).includes("*")) {
    throw new Fault("invalid", 'field "path" may have a "*" at its end only');
  }
  return { mountPath: mount.path, pathSuffix };
}
