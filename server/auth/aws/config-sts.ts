/** `config/sts/:account_id`: roles to assume for instances of other accounts. Source: Vault API, AWS auth method, "Create STS role". */
import { Fault } from "../../../lib/fault.ts";
import type { AwsAccess } from "../../contract/ec2.ts";
import { mustStillBe, type Route, route } from "../../contract/engine.ts";
import { deleteRecord, listReply, nothingHere, readRecord, recordBytes, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";
import { readClientConfig } from "./config-client.ts";
import type { AwsState } from "./state.ts";

const PREFIX = "config/sts/";

/** How to ask AWS about instances of an account: the role named for it, else the server's own credentials. */
export async function accessFor(reader: Reader, accountId: string, region: string): Promise<AwsAccess> {
  const assumed = (await assumedFor(reader, accountId)) ?? { stsRole: "", externalId: "" };
  return { ...(await ownAccess(reader, region)), accountId, ...assumed };
}

/** The server's own credentials, whatever account they belong to. */
export async function ownAccess(reader: Reader, region: string): Promise<AwsAccess> {
  const config = await readClientConfig(reader);
  return {
    region,
    accountId: "",
    stsRole: "",
    externalId: "",
    accessKey: config.accessKey,
    secretKey: config.secretKey,
    ec2Endpoint: config.ec2Endpoint,
    iamEndpoint: config.iamEndpoint,
    stsEndpoint: config.stsEndpoint,
    stsRegion: config.stsRegion,
    maxRetries: config.maxRetries,
  };
}

type Assumed = Pick<AwsAccess, "stsRole" | "externalId">;

async function assumedFor(reader: Reader, accountId: string): Promise<Assumed | undefined> {
  const record = await readRecord(reader, PREFIX + accountId);
  if (record === undefined) return undefined;
  return { stsRole: textIn(record, "sts_role"), externalId: textIn(record, "external_id") };
}

/** @throws Fault "invalid" when there is no role in it */
function assumedFrom(before: Assumed | undefined, role: string | undefined, externalId: string | undefined): Assumed {
  const stsRole = role?.trim();
  if (stsRole === undefined) throw new Fault("invalid", "missing sts role");
  if (stsRole === "") throw new Fault("invalid", "sts role cannot be empty");
  if (!/^[\w+=,.@:/-]{0,1224}$/.test(externalId ?? "") || externalId?.length === 1) {
    throw new Fault("invalid", "external_id must have 2 to 1224 letters, digits and characters of +=,.@:/-");
  }
  return { stsRole, externalId: externalId ?? before?.externalId ?? "" };
}

export function stsRoutes(state: AwsState): readonly Route[] {
  const one = route({
    path: "config/sts/:account_id",
    about: "The role to assume for one account",
    fields: {
      account_id: { type: "string", about: "Twelve digits", required: true },
      sts_role: { type: "string", about: "ARN of the role; the server must be allowed to assume it" },
      external_id: { type: "string", about: "What the role's trust policy demands as sts:ExternalId" },
    },
    exists: async ({ account_id: account = "" }, { storage }) => (await assumedFor(storage, account)) !== undefined,
    on: {
      read: {
        about: "Reads the role",
        run: async ({ account_id: account }, { storage }) => {
          const assumed = await assumedFor(storage, account);
          if (assumed === undefined) throw nothingHere();
          return { data: { sts_role: assumed.stsRole, external_id: assumed.externalId } };
        },
      },
      update: {
        about: "Sets the role",
        run: async ({ account_id: account, sts_role: role, external_id: externalId }, { storage, call }) => {
          if (!/^\d{12}$/.test(account)) throw new Fault("invalid", "account_id must be twelve digits");
          await storage.transact(async (tx) => {
            const before = await assumedFor(tx, account);
            mustStillBe(call, before !== undefined);
            const { stsRole, externalId: id } = assumedFrom(before, role, externalId);
            tx.put(PREFIX + account, recordBytes({ sts_role: stsRole, external_id: id }));
          });
          state.ports.forget();
          return undefined;
        },
      },
      delete: {
        about: "Back to the server's own credentials for this account",
        run: async ({ account_id: account }, { storage }) => {
          await deleteRecord(storage, PREFIX + account);
          state.ports.forget();
          return undefined;
        },
      },
    },
  });
  const all = route({
    path: "config/sts",
    about: "The accounts that a role is named for",
    fields: {},
    on: { list: { about: "Lists the accounts", run: (_, { storage }) => listReply(storage, PREFIX) } },
  });
  return [one, all];
}
