/** `config/client`: how the server reaches AWS. Source: Vault API, AWS auth method, "Configure client". */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import type { JsonMap } from "../../../lib/wire/json.ts";
import { type Fields, mustStillBe, type Route, route, type Values } from "../../contract/engine.ts";
import {
  deleteRecord,
  flagIn,
  listIn,
  nothingHere,
  numberIn,
  readRecord,
  recordBytes,
  textIn,
} from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import type { AwsState } from "./state.ts";

export const CLIENT_KEY = "config/client";

export interface ClientConfig {
  readonly accessKey: string;
  readonly secretKey: Secret;
  readonly ec2Endpoint: string;
  readonly iamEndpoint: string;
  readonly stsEndpoint: string;
  readonly stsRegion: string;
  readonly useStsRegionFromClient: boolean;
  readonly serverIdHeader: string;
  readonly allowedStsHeaders: readonly string[];
  readonly maxRetries: number;
}

const FIELDS = {
  access_key: { type: "string", about: "Access key of the server; empty = its environment or instance profile" },
  secret_key: { type: "string", about: "Secret key; never returned", sensitive: true },
  endpoint: { type: "string", about: "URL of the EC2 API instead of AWS's own" },
  iam_endpoint: { type: "string", about: "URL of the IAM API instead of AWS's own" },
  sts_endpoint: { type: "string", about: "URL of the STS API instead of AWS's own" },
  sts_region: { type: "string", about: "Region of sts_endpoint" },
  use_sts_region_from_client: {
    type: "bool",
    about: "Use the region that an iam login was signed for",
    default: false,
  },
  iam_server_id_header_value: { type: "string", about: "Value that iam logins must sign in X-Vault-AWS-IAM-Server-ID" },
  allowed_sts_header_values: { type: "strings", about: "Further headers that iam logins may send" },
  max_retries: { type: "int", about: "Retries of a call to AWS; -1 = the SDK's own", default: -1 },
  role_arn: { type: "string", about: "Not served: see config/sts" },
  identity_token_audience: { type: "string", about: "Not served: workload identity federation" },
  identity_token_ttl: { type: "duration", about: "Not served: workload identity federation" },
  rotation_period: { type: "duration", about: "Not served: call config/rotate-root" },
  rotation_schedule: { type: "string", about: "Not served: call config/rotate-root" },
  rotation_window: { type: "duration", about: "Not served: call config/rotate-root" },
  disable_automated_rotation: { type: "bool", about: "Nothing rotates by itself" },
} as const satisfies Fields;

/** Of newer Vaults: refused, because a setting without effect on credentials misleads. */
const NOT_SERVED = {
  role_arn: "name the role to assume in config/sts",
  identity_token_audience: "workload identity federation is not served: give the server an instance profile",
  identity_token_ttl: "workload identity federation is not served: give the server an instance profile",
  rotation_period: "nothing rotates by itself: call config/rotate-root from a timer",
  rotation_schedule: "nothing rotates by itself: call config/rotate-root from a timer",
  rotation_window: "nothing rotates by itself: call config/rotate-root from a timer",
} as const;

export async function readClientConfig(reader: Reader): Promise<ClientConfig> {
  return configFrom((await readRecord(reader, CLIENT_KEY)) ?? new Map());
}

export function clientRoute(state: AwsState): Route {
  return route({
    path: CLIENT_KEY,
    about: "How the server reaches AWS",
    fields: FIELDS,
    exists: async (_, { storage }) => (await readRecord(storage, CLIENT_KEY)) !== undefined,
    on: {
      read: {
        about: "Reads the settings, without the secret key",
        run: async (_, { storage }) => {
          const record = await readRecord(storage, CLIENT_KEY);
          if (record === undefined) throw nothingHere();
          return { data: shown(configFrom(record)) };
        },
      },
      update: {
        about: "Changes the settings that are sent; AWS clients start over with them",
        run: async (values, { storage, call }) => {
          await storage.transact(async (tx) => {
            const record = await readRecord(tx, CLIENT_KEY);
            mustStillBe(call, record !== undefined);
            tx.put(CLIENT_KEY, clientBytes(changed(configFrom(record ?? new Map()), values)));
          });
          state.ports.forget();
          return undefined;
        },
      },
      delete: {
        about: "Back to the server's own credentials and AWS's own endpoints",
        run: async (_, { storage }) => {
          await deleteRecord(storage, CLIENT_KEY);
          state.ports.forget();
          return undefined;
        },
      },
    },
  });
}

function refuseNotServed(sent: Values<typeof FIELDS>): void {
  for (const [name, why] of Object.entries(NOT_SERVED)) {
    const value = sent[name as keyof typeof NOT_SERVED];
    if (value !== undefined && value !== "" && value !== 0) throw new Fault("invalid", `${name}: ${why}`);
  }
}

function changed(before: ClientConfig, sent: Values<typeof FIELDS>): ClientConfig {
  refuseNotServed(sent);
  for (const name of ["endpoint", "iam_endpoint", "sts_endpoint"] as const) checkUrl(name, sent[name]);
  return {
    accessKey: sent.access_key ?? before.accessKey,
    secretKey: sent.secret_key === undefined ? before.secretKey : new Secret(sent.secret_key),
    ec2Endpoint: sent.endpoint ?? before.ec2Endpoint,
    iamEndpoint: sent.iam_endpoint ?? before.iamEndpoint,
    stsEndpoint: sent.sts_endpoint ?? before.stsEndpoint,
    stsRegion: sent.sts_region ?? before.stsRegion,
    useStsRegionFromClient: sent.use_sts_region_from_client ?? before.useStsRegionFromClient,
    serverIdHeader: sent.iam_server_id_header_value ?? before.serverIdHeader,
    allowedStsHeaders: (sent.allowed_sts_header_values ?? before.allowedStsHeaders).map(headerName),
    maxRetries: sent.max_retries ?? before.maxRetries,
  };
}

function checkUrl(name: string, value: string | undefined): void {
  if (value === undefined || value === "") return;
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) {
    throw new Fault("invalid", `${name} must be a URL such as https://ec2.eu-west-1.amazonaws.com`);
  }
}

/** As Go writes header names: "X-Amz-Date". */
function headerName(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

function shown(config: ClientConfig): Record<string, string | number | boolean | readonly string[]> {
  return {
    access_key: config.accessKey,
    endpoint: config.ec2Endpoint,
    iam_endpoint: config.iamEndpoint,
    sts_endpoint: config.stsEndpoint,
    sts_region: config.stsRegion,
    use_sts_region_from_client: config.useStsRegionFromClient,
    iam_server_id_header_value: config.serverIdHeader,
    max_retries: config.maxRetries,
    allowed_sts_header_values: config.allowedStsHeaders,
  };
}

export function clientBytes(config: ClientConfig): Uint8Array {
  return recordBytes({ ...shown(config), secret_key: config.secretKey.reveal() });
}

function configFrom(record: JsonMap): ClientConfig {
  return {
    accessKey: textIn(record, "access_key"),
    secretKey: new Secret(textIn(record, "secret_key")),
    ec2Endpoint: textIn(record, "endpoint"),
    iamEndpoint: textIn(record, "iam_endpoint"),
    stsEndpoint: textIn(record, "sts_endpoint"),
    stsRegion: textIn(record, "sts_region"),
    useStsRegionFromClient: flagIn(record, "use_sts_region_from_client"),
    serverIdHeader: textIn(record, "iam_server_id_header_value"),
    allowedStsHeaders: listIn(record, "allowed_sts_header_values"),
    maxRetries: numberIn(record, "max_retries", -1),
  };
}
