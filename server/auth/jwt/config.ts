/**
 * `config`: whose tokens are taken. Each write replaces all of it and is tried out: keys are parsed or fetched first.
 * Source: Vault API, JWT auth method, "Configure".
 */
import { Fault, toFault } from "../../../lib/fault.ts";
import type { Encodable, JsonMap } from "../../../lib/wire/json.ts";
import { type Fields, type Reply, type Route, route, type Values } from "../../contract/engine.ts";
import { flagIn, listIn, nothingHere, putRecord, readRecord, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import type { KeySets, KeySource } from "./key-sets.ts";
import { ALGORITHMS, checkCaPem } from "./keys.ts";

const KEY = "config";

export interface Config {
  readonly source: KeySource;
  /** "" = not asked. */
  readonly boundIssuer: string;
  /** Empty = all of `ALGORITHMS`. */
  readonly algorithms: readonly string[];
  readonly defaultRole: string;
  readonly namespaceInState: boolean;
}

const BROWSER = "For the browser flow, which is not served here";

const FIELDS = {
  oidc_discovery_url: { type: "string", about: "The issuer's URL, without /.well-known/openid-configuration" },
  oidc_discovery_ca_pem: { type: "string", about: "Certificates trusted for it instead of the machine's" },
  jwks_url: { type: "string", about: "URL of a JSON Web Key Set" },
  jwks_ca_pem: { type: "string", about: "Certificates trusted for it instead of the machine's" },
  jwt_validation_pubkeys: { type: "strings", about: "Public keys, in PEM" },
  bound_issuer: { type: "string", about: "What the claim iss must be" },
  jwt_supported_algs: { type: "strings", about: "Algorithms of signatures that are taken; without it all of them" },
  default_role: { type: "string", about: "The role of a login that names none" },
  namespace_in_state: { type: "bool", about: BROWSER, default: true },
  oidc_client_id: { type: "string", about: BROWSER },
  oidc_client_secret: { type: "string", about: BROWSER, sensitive: true },
  oidc_response_mode: { type: "string", about: BROWSER },
  oidc_response_types: { type: "strings", about: BROWSER },
  provider_config: { type: "map", about: BROWSER },
} as const satisfies Fields;

type ConfigValues = Values<typeof FIELDS>;

export async function readConfig(reader: Reader): Promise<Config | undefined> {
  const record = await readRecord(reader, KEY);
  return record === undefined ? undefined : configFrom(record);
}

export function configRoute(keySets: KeySets): Route {
  return route({
    path: KEY,
    about: "Whose tokens are taken",
    fields: FIELDS,
    on: {
      read: {
        about: "Reads the settings",
        run: async (_, { storage }) => {
          const config = await readConfig(storage);
          if (config === undefined) throw nothingHere();
          return { data: shown(config) };
        },
      },
      update: {
        about: "Replaces the settings, once the keys have been parsed or fetched",
        run: async (values, { storage }): Promise<Reply | undefined> => {
          const before = await readConfig(storage);
          const config = configOf(values, before?.namespaceInState ?? true);
          await tryOut(keySets, config.source);
          await putRecord(storage, KEY, recordOf(config));
          const plain = config.source.url.startsWith("http:");
          return plain
            ? { warnings: ["keys are fetched without TLS: whoever is in between can replace them"] }
            : undefined;
        },
      },
    },
  });
}

function configOf(sent: ConfigValues, namespaceInState: boolean): Config {
  refuseBrowserFlow(sent);
  for (const alg of sent.jwt_supported_algs ?? []) {
    if (!ALGORITHMS.includes(alg)) {
      throw new Fault("invalid", `invalid jwt_supported_algs: takes ${ALGORITHMS.join(", ")}`);
    }
  }
  return {
    source: sourceOf(sent),
    boundIssuer: sent.bound_issuer ?? "",
    algorithms: sent.jwt_supported_algs ?? [],
    defaultRole: sent.default_role?.toLowerCase() ?? "",
    namespaceInState: sent.namespace_in_state ?? namespaceInState,
  };
}

/** What would change how people log in is never taken without effect. */
function refuseBrowserFlow(sent: ConfigValues): void {
  const asked: Readonly<Record<string, boolean>> = {
    oidc_client_id: (sent.oidc_client_id ?? "") !== "",
    oidc_client_secret: (sent.oidc_client_secret ?? "") !== "",
    oidc_response_mode: (sent.oidc_response_mode ?? "") !== "",
    oidc_response_types: (sent.oidc_response_types ?? []).length > 0,
    provider_config: (sent.provider_config?.size ?? 0) > 0,
  };
  for (const [name, set] of Object.entries(asked)) {
    if (set) throw new Fault("invalid", `${name} is for the browser flow, which is not served here: leave it out`);
  }
}

function sourceOf(sent: ConfigValues): KeySource {
  const { oidc_discovery_url: issuer = "", jwks_url: jwks = "", jwt_validation_pubkeys: pems = [] } = sent;
  if ([issuer !== "", jwks !== "", pems.length > 0].filter(Boolean).length !== 1) {
    throw new Fault(
      "invalid",
      "exactly one of 'jwt_validation_pubkeys', 'jwks_url' or 'oidc_discovery_url' must be set",
    );
  }
  if (pems.length > 0) return { kind: "pem", pems, url: "", caPem: "" };
  if (jwks !== "") return remote("jwks", "jwks_url", jwks, "jwks_ca_pem", sent.jwks_ca_pem ?? "");
  if (issuer.includes("/.well-known/")) {
    throw new Fault(
      "invalid",
      "oidc_discovery_url is the issuer's URL alone, without /.well-known/openid-configuration",
    );
  }
  const caPem = sent.oidc_discovery_ca_pem ?? "";
  return remote("discovery", "oidc_discovery_url", issuer, "oidc_discovery_ca_pem", caPem);
}

function remote(kind: "jwks" | "discovery", field: string, url: string, caField: string, caPem: string): KeySource {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const web = parsed?.protocol === "https:" || parsed?.protocol === "http:";
  if (parsed === undefined || !web || parsed.username !== "" || parsed.password !== "" || parsed.hash !== "") {
    throw new Fault("invalid", `${field} must be a URL such as https://issuer.example.com, without user or password`);
  }
  checkCaPem(caField, caPem);
  return { kind, pems: [], url, caPem };
}

async function tryOut(keySets: KeySets, source: KeySource): Promise<void> {
  try {
    await keySets.check(source);
  } catch (error) {
    const fault = toFault(error);
    if (fault.kind !== "unavailable") throw fault;
    const what = source.kind === "jwks" ? "jwks URL" : "oidc discovery URL";
    throw new Fault("invalid", `error checking ${what}: ${fault.message}`, { cause: fault });
  }
}

function shown({ source, ...config }: Config): Record<string, Encodable> {
  const [discovery, jwks] = [source.kind === "discovery", source.kind === "jwks"];
  return {
    oidc_discovery_url: discovery ? source.url : "",
    oidc_discovery_ca_pem: discovery ? source.caPem : "",
    jwks_url: jwks ? source.url : "",
    jwks_ca_pem: jwks ? source.caPem : "",
    jwt_validation_pubkeys: source.pems,
    bound_issuer: config.boundIssuer,
    jwt_supported_algs: config.algorithms,
    default_role: config.defaultRole,
    namespace_in_state: config.namespaceInState,
    oidc_client_id: "",
    oidc_response_mode: "",
    oidc_response_types: [],
    provider_config: {},
  };
}

function recordOf({ source, ...rest }: Config): Record<string, Encodable> {
  return { ...rest, kind: source.kind, pems: source.pems, url: source.url, caPem: source.caPem };
}

function configFrom(record: JsonMap): Config {
  const kind = textIn(record, "kind");
  return {
    source: {
      kind: kind === "jwks" || kind === "discovery" ? kind : "pem",
      pems: listIn(record, "pems"),
      url: textIn(record, "url"),
      caPem: textIn(record, "caPem"),
    },
    boundIssuer: textIn(record, "boundIssuer"),
    algorithms: listIn(record, "algorithms"),
    defaultRole: textIn(record, "defaultRole"),
    namespaceInState: flagIn(record, "namespaceInState"),
  };
}
