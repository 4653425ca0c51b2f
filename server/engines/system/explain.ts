/**
 * sys/policy-explain: which line of which policy allows or refuses a request, and the least that would allow it. Ours: Vault
 * says "permission denied" alone. One's own token may be asked about by anyone whom a policy lets in here; another's needs sudo.
 */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import {
  type Context,
  type Fields,
  type Mount,
  type Operation,
  type Route,
  route,
  type Values,
} from "../../contract/engine.ts";
import type { ExplainedRule, Explanation } from "../../contract/policy.ts";
import type { TokenEntry } from "../../contract/token.ts";
import { effectiveAcl, effectiveNames } from "./effective.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "policies" | "tokens" | "identity" | "mounts" | "tables">;

const OPERATIONS = ["read", "list", "create", "update", "patch", "delete"] as const;

const fields = {
  operation: { type: "string", about: "What is to be done there", required: true, oneOf: OPERATIONS },
  path: { type: "string", about: 'The path, as behind "/v1/"', required: true },
  data: { type: "map", about: "The request's parameters, for policies that constrain them", sensitive: true },
  wrap_ttl: { type: "duration", about: "As X-Vault-Wrap-TTL, for policies that ask for it" },
  token: { type: "string", about: "Another token; needs sudo on sys/policy-explain", sensitive: true },
  accessor: { type: "string", about: "The accessor of another token; needs sudo on sys/policy-explain" },
} as const satisfies Fields;

export function explainRoute(ports: Ports): Route {
  return route({
    path: "policy-explain",
    about: "Why a request is allowed or refused",
    fields,
    on: {
      update: {
        about: "Names the policy's line that decides, and the least that would allow it",
        run: async (values, context) => ({ data: await answer(ports, values, context) }),
      },
    },
  });
}

async function answer(ports: Ports, values: Values<typeof fields>, context: Context): Promise<EncodableRecord> {
  const token = await askedAbout(ports, values, context);
  const operation = values.operation as Operation;
  const path = cleaned(values.path, operation);
  const { names, subject } = await effectiveNames(ports, token);
  const wrapTtl = values.wrap_ttl === undefined || values.wrap_ttl === 0 ? undefined : values.wrap_ttl;
  const found = await ports.policies.explain(names, subject, { operation, path, data: values.data, wrapTtl });
  const mount = await knownMount(ports, token, context, path);
  const served = mount === undefined ? undefined : ports.tables.at(path, operation === "list")?.route;
  const needsSudo = served?.sudo === true;
  const { decision } = found;
  const allowed = decision.allowed && (!needsSudo || decision.sudo);
  return {
    allowed,
    operation,
    path,
    policies: names,
    granting_policies: decision.granting,
    reason: reasonOf(found, operation, decision.allowed && !allowed),
    rules: found.rules.map(shown),
    weaker_rules: found.weaker.map(shown),
    needs_sudo: needsSudo,
    hints: [...writeHints(served, operation), ...hints(path, operation, mount), ...lossHints(found, path, allowed)],
    suggestion: allowed ? undefined : suggestion(found, { operation, path, needsSudo, mount }),
  };
}

/** Mounts that a token reaches nothing of are none to it, as in sys/internal/ui/mounts; who may ask about others sees all. */
async function knownMount(
  ports: Ports,
  asked: TokenEntry,
  { token }: Context,
  path: string,
): Promise<Mount | undefined> {
  const mount = ports.mounts.find(path);
  if (mount === undefined || asked.id !== token?.id) return mount;
  return (await effectiveAcl(ports, asked)).grantsBelow(mount.path) ? mount : undefined;
}

/** @throws Fault "denied" when another's token is asked about without sudo, before it is looked up */
async function askedAbout(
  ports: Ports,
  { token, accessor }: Values<typeof fields>,
  context: Context,
): Promise<TokenEntry> {
  const own = context.token;
  if (own === undefined) throw denied();
  const [other = "", handle = ""] = [token, accessor];
  if (other !== "" && handle !== "") throw new Fault("invalid", "give token or accessor, not both");
  if (other === "" && ["", own.accessor].includes(handle)) return own;
  const acl = await effectiveAcl(ports, own);
  const { operation, path, data, wrapTtl } = context.call;
  if (!acl.decide({ operation, path, data, wrapTtl }).sudo) throw denied();
  const found = other === "" ? await ports.tokens.byAccessor(handle) : await ports.tokens.find(new Secret(other));
  if (found === undefined) throw new Fault("invalid", other === "" ? "invalid accessor" : "invalid token");
  return found;
}

const denied = (): Fault => new Fault("denied", "permission denied");

/** As a request's path comes to the policy: without slash or "v1/" before it, a LIST's with a slash behind it. */
function cleaned(text: string, operation: Operation): string {
  const path = text.replace(/^\/+/, "").replace(/^v1\//, "");
  if (path === "") throw new Fault("invalid", 'field "path" must be a path such as "secret/data/app"');
  return operation === "list" && !path.endsWith("/") ? `${path}/` : path;
}

function shown({ policy, line, column, path, matches, capabilities, constrained }: ExplainedRule): EncodableRecord {
  return { policy, line, column, path, matches: matches === path ? undefined : matches, capabilities, constrained };
}

function reasonOf({ reason, rules }: Explanation, operation: Operation, onlySudo: boolean): string {
  const where = rules.map(({ policy, line }) => `policy "${policy}", line ${String(line)}`).join("; ");
  if (onlySudo) return `the path needs "sudo" beside "${operation}", which the deciding rule does not give: ${where}`;
  const sentences: Readonly<Record<Explanation["reason"], string>> = {
    root: "a root token may do everything",
    allowed: `allowed by ${where}`,
    "no rule": "no rule of these policies matches the path",
    denied: `denied by ${where}`,
    capability: `the deciding rule does not give "${operation}": ${where}`,
    parameters: `the deciding rule does not let these parameters pass: ${where}`,
    wrapping: `the deciding rule asks for another X-Vault-Wrap-TTL: ${where}`,
  };
  return sentences[reason];
}

const KV2 = new Set(["data", "metadata", "delete", "undelete", "destroy", "subkeys", "config"]);

function isKv2(mount: Mount | undefined): mount is Mount {
  return mount?.type === "kv" && mount.options.get("version") === "2";
}

/** Which of the two a write is depends on what is there. */
function writeHints(served: Route | undefined, operation: Operation): readonly string[] {
  if (served?.exists === undefined || (operation !== "create" && operation !== "update")) return [];
  return ['a write is "create" where nothing is yet, else "update"'];
}

function hints(path: string, operation: Operation, mount: Mount | undefined): readonly string[] {
  const out: string[] = [];
  if (mount === undefined) out.push("nothing is mounted at this path, or nothing that the asking token can reach");
  if (isKv2(mount)) {
    const rest = path.slice(mount.path.length);
    if (!KV2.has(rest.split("/")[0] ?? "")) {
      out.push(
        `"${mount.path}" is KV version 2: a secret is read at "${mount.path}data/${rest}" and listed at "${mount.path}metadata/${rest}"`,
      );
    } else if (operation === "list" && rest.startsWith("data/")) {
      out.push(`KV version 2 lists at "${mount.path}metadata/${rest.slice("data/".length)}"`);
    }
  }
  return out;
}

interface Wanted {
  readonly operation: Operation;
  readonly path: string;
  readonly needsSudo: boolean;
  readonly mount: Mount | undefined;
}

/**
 * The least that would allow it; undefined where no text added to a policy would. As the more specific rule it decides alone
 * there, so it gives again what the rule gave that decides now: what helps must not take anything away.
 */
function suggestion(found: Explanation, { operation, path, needsSudo, mount }: Wanted): string | undefined {
  if (["denied", "parameters", "wrapping"].includes(found.reason)) return undefined;
  const right = rightPath(path, operation, mount);
  const kept = right === path ? replaced(found, path).flatMap(({ capabilities }) => capabilities) : [];
  const words = [...new Set([...kept, operation, ...(needsSudo ? ["sudo"] : [])])]
    .map((word) => `"${word}"`)
    .join(", ");
  return `path ${JSON.stringify(right)} {\n  capabilities = [${words}]\n}\n`;
}

/** The deciding rules that one for exactly this path would stand in for; those of the same path are added up. */
function replaced({ rules }: Explanation, path: string): readonly ExplainedRule[] {
  return rules.filter(({ matches }) => matches !== path);
}

/** What the suggested text would lose. */
function lossHints(found: Explanation, path: string, allowed: boolean): readonly string[] {
  if (allowed || found.reason === "denied" || !replaced(found, path).some(({ constrained }) => constrained)) return [];
  return ["the deciding rule has constraints: write them into the new rule too, it decides alone"];
}

function rightPath(path: string, operation: Operation, mount: Mount | undefined): string {
  if (!isKv2(mount)) return path;
  const rest = path.slice(mount.path.length);
  const [head = ""] = rest.split("/");
  const folder = operation === "list" ? "metadata/" : "data/";
  if (!KV2.has(head)) return mount.path + folder + rest;
  return operation === "list" && head === "data" ? mount.path + folder + rest.slice("data/".length) : path;
}
