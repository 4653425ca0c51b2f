/** `config`: the organization, where its GitHub is, and what token logins get. Source: Vault API, github, "Configure method". */
import { Fault } from "../../../lib/fault.ts";
import type { Encodable, JsonMap } from "../../../lib/wire/json.ts";
import { type Fields, mustStillBe, type Route, route, type Values } from "../../contract/engine.ts";
import type { Github } from "../../contract/github.ts";
import { listIn, nothingHere, numberIn, readRecord, recordBytes, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import { oldNamesAfter, oldNamesReply } from "../old-names.ts";
import {
  checkAgainstMount,
  NO_TOKEN_PARAMS,
  TOKEN_FIELDS,
  type TokenParams,
  tokenParamsFrom,
  tokenParamsRecord,
  tokenParamsReply,
  updateTokenParams,
} from "../token-params.ts";

const KEY = "config";
const PUBLIC = "https://api.github.com/";

export interface GithubConfig {
  readonly organization: string;
  /** Never 0: it decides who belongs to the organization; its name may change hands. */
  readonly organizationId: number;
  /** As it was given, with a slash at the end; "" = GitHub itself. */
  readonly baseUrl: string;
  readonly token: TokenParams;
  /** See `oldNamesAfter`. */
  readonly oldNames: readonly string[];
}

const FIELDS = {
  organization: { type: "string", about: "Login of the organization that users must be in" },
  organization_id: { type: "int", about: "Its id; without it GitHub is asked", default: 0 },
  base_url: { type: "string", about: "https:// URL of a GitHub Enterprise API: https://github.example.com/api/v3/" },
  ...TOKEN_FIELDS,
} as const satisfies Fields;

type ConfigValues = Values<typeof FIELDS>;

export async function readConfig(reader: Reader): Promise<GithubConfig | undefined> {
  const record = await readRecord(reader, KEY);
  return record === undefined ? undefined : configFrom(record);
}

export function apiOf({ baseUrl }: Pick<GithubConfig, "baseUrl">): string {
  return baseUrl === "" ? PUBLIC : baseUrl;
}

export function configRoute(github: Github): Route {
  return route({
    path: KEY,
    about: "The organization, and what token its members get",
    fields: FIELDS,
    exists: async (_, { storage }) => (await readConfig(storage)) !== undefined,
    on: {
      read: {
        about: "Reads the settings",
        run: async (_, { storage }) => {
          const config = await readConfig(storage);
          if (config === undefined) throw nothingHere();
          return { data: configReply(config) };
        },
      },
      update: {
        about: "Changes the settings that are sent; asks GitHub for the organization's id unless it is sent",
        run: async (values, { storage, mount, call }) => {
          const seen = await readConfig(storage);
          const organizationId = await idOf(github, seen, values);
          return storage.transact(async (tx) => {
            const before = await readConfig(tx);
            mustStillBe(call, before !== undefined);
            // The id was asked for under what was there a moment ago.
            if (before?.organization !== seen?.organization || before?.baseUrl !== seen?.baseUrl)
              throw changedMeanwhile();
            const config = updateConfig(before, values, organizationId);
            const warnings = checkAgainstMount(config.token, mount);
            tx.put(KEY, configBytes(config));
            return { warnings };
          });
        },
      },
    },
  });
}

function changedMeanwhile(): Fault {
  return new Fault("conflict", "others changed the settings at the same time: try again");
}

/** What the settings will name. */
function targetOf(
  before: GithubConfig | undefined,
  sent: ConfigValues,
): Pick<GithubConfig, "organization" | "baseUrl"> {
  const organization = sent.organization ?? before?.organization ?? "";
  if (organization === "") throw new Fault("invalid", "organization is a required parameter");
  return { organization, baseUrl: sent.base_url === undefined ? (before?.baseUrl ?? "") : checkedUrl(sent.base_url) };
}

/** Of another organization, or at another GitHub, the old id says nothing. */
async function idOf(github: Github, before: GithubConfig | undefined, sent: ConfigValues): Promise<number> {
  const { organization, baseUrl } = targetOf(before, sent);
  const id = sent.organization_id;
  if (id !== undefined && id < 0) throw new Fault("invalid", "organization_id cannot be negative");
  if (id !== undefined && id !== 0) return id;
  const same = before?.organization === organization && before.baseUrl === baseUrl;
  if (same && id === undefined) return before.organizationId;
  try {
    return (await github.organization({ baseUrl: apiOf({ baseUrl }), token: undefined }, organization)).id;
  } catch (error) {
    throw error instanceof Fault ? withoutId(error) : error;
  }
}

function withoutId(cause: Fault): Fault {
  const message = `unable to fetch the organization_id, you must manually set it in the config: ${cause.message}`;
  const { kind, retryAfter } = cause;
  const options = retryAfter === undefined ? { cause } : { cause, retryAfter };
  return new Fault(kind === "not-found" || kind === "denied" ? "invalid" : kind, message, options);
}

/** With a slash at the end. In clear only to this very machine: every login sends a token there. */
function checkedUrl(text: string): string {
  if (text === "") return "";
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !isSafe(url) || `${url.username}${url.password}${url.search}${url.hash}` !== "") {
    throw new Fault("invalid", "base_url must be a URL such as https://github.example.com/api/v3/");
  }
  return url.href.endsWith("/") ? url.href : `${url.href}/`;
}

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || (protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(hostname));
}

function updateConfig(before: GithubConfig | undefined, sent: ConfigValues, organizationId: number): GithubConfig {
  return {
    ...targetOf(before, sent),
    organizationId,
    token: updateTokenParams(before?.token ?? NO_TOKEN_PARAMS, sent),
    oldNames: oldNamesAfter(before?.oldNames ?? [], sent),
  };
}

function configReply({
  organization,
  organizationId,
  baseUrl,
  token,
  oldNames,
}: GithubConfig): Record<string, Encodable> {
  const reply = tokenParamsReply(token);
  return {
    organization,
    organization_id: organizationId,
    base_url: baseUrl,
    ...reply,
    ...oldNamesReply(oldNames, reply),
  };
}

function configBytes({ organization, organizationId, baseUrl, token, oldNames }: GithubConfig): Uint8Array {
  return recordBytes({ organization, organizationId, baseUrl, oldNames, ...tokenParamsRecord(token) });
}

function configFrom(record: JsonMap): GithubConfig {
  return {
    organization: textIn(record, "organization"),
    organizationId: numberIn(record, "organizationId"),
    baseUrl: textIn(record, "baseUrl"),
    token: tokenParamsFrom(record),
    oldNames: listIn(record, "oldNames"),
  };
}
