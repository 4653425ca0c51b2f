/** `config/sts/:account_id`: roles to assume for instances of other accounts. Source: Vault API, AWS auth method, "Create STS role". */
import { Fault } from "../../../lib/fault.ts";
import type { AwsAccess } from "../../contract/ec2.ts";
import { type Route, route } from "../../contract/engine.ts";
import type { Reader } from "../../contract/storage.ts";
import { deleteRecord, listReply, nothingHere, putRecord, readRecord, textIn } from "../record.ts";
import { readClientConfig } from "./config-client.ts";
import type { AwsState } from "./state.ts";

const PREFIX = "config/sts/";

/** How to ask AWS about instances of an account: the role named for it, else the server's own credentials. */
export async function accessFor(reader: Reader, accountId: string, region: string): Promise<AwsAccess> {
  const config = await readClientConfig(reader);
  const stsRole = (await stsRoleFor(reader, accountId)) ?? "";
  return {
    region,
    accountId,
    stsRole,
    accessKey: config.accessKey,
    secretKey: config.secretKey,
    ec2Endpoint: config.ec2Endpoint,
    iamEndpoint: config.iamEndpoint,
    stsEndpoint: config.stsEndpoint,
    stsRegion: config.stsRegion,
    maxRetries: config.maxRetries,
  };
}

async function stsRoleFor(reader: Reader, accountId: string): Promise<string | undefined> {
  const record = await readRecord(reader, PREFIX + accountId);
  return record === undefined ? undefined : textIn(record, "sts_role");
}

export function stsRoutes(state: AwsState): readonly Route[] {
  const one = route({
    path: "config/sts/:account_id",
    about: "The role to assume for one account",
    fields: {
      account_id: { type: "string", about: "Twelve digits", required: true },
      sts_role: { type: "string", about: "ARN of the role; the server must be allowed to assume it" },
    },
    exists: async ({ account_id: account = "" }, { storage }) => (await stsRoleFor(storage, account)) !== undefined,
    on: {
      read: {
        about: "Reads the role",
        run: async ({ account_id: account }, { storage }) => {
          const role = await stsRoleFor(storage, account);
          if (role === undefined) throw nothingHere();
          return { data: { sts_role: role } };
        },
      },
      update: {
        about: "Sets the role",
        run: async ({ account_id: account, sts_role: role }, { storage }) => {
          if (!/^\d{12}$/.test(account)) throw new Fault("invalid", "account_id must be twelve digits");
          if (role === undefined) throw new Fault("invalid", "missing sts role");
          if (role.trim() === "") throw new Fault("invalid", "sts role cannot be empty");
          await putRecord(storage, PREFIX + account, { sts_role: role.trim() });
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
