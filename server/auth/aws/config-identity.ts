/**
 * `config/identity`: by which name a login is known to identity, and what of it stands in token and alias.
 * Source: Vault API, AWS auth method, "Configure identity integration".
 */
import { Fault } from "../../../lib/fault.ts";
import type { JsonMap } from "../../../lib/wire/json.ts";
import { mustStillBe, type Route, route } from "../../contract/engine.ts";
import { listIn, readRecord, recordBytes, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import type { LoginGrant } from "../../contract/token.ts";

const KEY = "config/identity";
const IAM_ALIASES = ["role_id", "unique_id", "full_arn", "canonical_arn"] as const;
const EC2_ALIASES = ["role_id", "instance_id", "image_id"] as const;

export type IamAlias = (typeof IAM_ALIASES)[number];
export type Ec2Alias = (typeof EC2_ALIASES)[number];

/** Vault's default for both types. */
const DEFAULT: readonly string[] = ["account_id", "auth_type"];
const IAM_METADATA: readonly string[] = [
  ...DEFAULT,
  "canonical_arn",
  "client_arn",
  "client_user_id",
  "inferred_aws_region",
  "inferred_entity_id",
  "inferred_entity_type",
];
const EC2_METADATA: readonly string[] = [...DEFAULT, "ami_id", "instance_id", "region"];

export interface IdentityConfig {
  readonly iamAlias: IamAlias;
  readonly ec2Alias: Ec2Alias;
  /** undefined = not set: the default for the alias, everything for the token. */
  readonly iamMetadata: readonly string[] | undefined;
  readonly ec2Metadata: readonly string[] | undefined;
}

export async function readIdentityConfig(reader: Reader): Promise<IdentityConfig> {
  return configFrom((await readRecord(reader, KEY)) ?? new Map());
}

/** @param known everything that can be told of the login; what is "" is left out */
export function metadataOf(
  wanted: readonly string[] | undefined,
  known: ReadonlyMap<string, string>,
): Required<Pick<LoginGrant, "metadata" | "aliasMetadata">> {
  const there = [...known].filter(([, value]) => value !== "");
  const only = (names: readonly string[]): ReadonlyMap<string, string> =>
    new Map(there.filter(([name]) => names.includes(name)));
  return { metadata: wanted === undefined ? new Map(there) : only(wanted), aliasMetadata: only(wanted ?? DEFAULT) };
}

export function identityRoute(): Route {
  return route({
    path: KEY,
    about: "How logins are known to identity",
    fields: {
      iam_alias: { type: "string", about: "Name of an iam login's alias", oneOf: IAM_ALIASES, default: "role_id" },
      ec2_alias: { type: "string", about: "Name of an ec2 login's alias", oneOf: EC2_ALIASES, default: "role_id" },
      iam_metadata: {
        type: "strings",
        about: 'What token and alias of an iam login tell; "default" = Vault\'s choice',
      },
      ec2_metadata: {
        type: "strings",
        about: 'What token and alias of an ec2 login tell; "default" = Vault\'s choice',
      },
    },
    exists: async (_, { storage }) => (await readRecord(storage, KEY)) !== undefined,
    on: {
      read: {
        about: "Reads the settings",
        run: async (_, { storage }) => {
          const { iamAlias, ec2Alias, iamMetadata, ec2Metadata } = await readIdentityConfig(storage);
          return {
            data: {
              iam_alias: iamAlias,
              iam_metadata: iamMetadata ?? DEFAULT,
              ec2_alias: ec2Alias,
              ec2_metadata: ec2Metadata ?? DEFAULT,
            },
          };
        },
      },
      update: {
        about: "Changes the settings that are sent; they hold for later logins",
        run: async (sent, { storage, call }) => {
          await storage.transact(async (tx) => {
            const record = await readRecord(tx, KEY);
            mustStillBe(call, record !== undefined);
            const before = configFrom(record ?? new Map());
            const iamMetadata = metadataFrom("iam_metadata", sent.iam_metadata, IAM_METADATA, before.iamMetadata);
            const ec2Metadata = metadataFrom("ec2_metadata", sent.ec2_metadata, EC2_METADATA, before.ec2Metadata);
            tx.put(
              KEY,
              recordBytes({
                iamAlias: sent.iam_alias ?? before.iamAlias,
                ec2Alias: sent.ec2_alias ?? before.ec2Alias,
                ...(iamMetadata === undefined ? {} : { iamMetadata }),
                ...(ec2Metadata === undefined ? {} : { ec2Metadata }),
              }),
            );
          });
          return undefined;
        },
      },
    },
  });
}

/** @returns undefined for "default" and for what was never set */
function metadataFrom(
  field: string,
  sent: readonly string[] | undefined,
  known: readonly string[],
  before: readonly string[] | undefined,
): readonly string[] | undefined {
  if (sent === undefined) return before;
  const names = [...new Set(sent.map((name) => name.trim().toLowerCase()).filter((name) => name !== ""))];
  if (names.length === 1 && names[0] === "default") return undefined;
  if (names.includes("default")) throw new Fault("invalid", `${field}: "default" can't be used with other fields`);
  if (names.every((name) => known.includes(name))) return names;
  throw new Fault("invalid", `${field} contains an unavailable field: select from ${known.join(", ")}`);
}

function configFrom(record: JsonMap): IdentityConfig {
  const list = (name: string): readonly string[] | undefined => (record.has(name) ? listIn(record, name) : undefined);
  const [iamAlias, ec2Alias] = [textIn(record, "iamAlias"), textIn(record, "ec2Alias")];
  return {
    iamAlias: IAM_ALIASES.find((name) => name === iamAlias) ?? "role_id",
    ec2Alias: EC2_ALIASES.find((name) => name === ec2Alias) ?? "role_id",
    iamMetadata: list("iamMetadata"),
    ec2Metadata: list("ec2Metadata"),
  };
}
