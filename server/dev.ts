/** `oksae server -dev`: a server in memory that is ready at once and forgets everything. Source: Vault's page "Dev server mode". */
import { Fault } from "../lib/fault.ts";
import { Secret } from "../lib/secret.ts";
import type { ServerConfig } from "./config/types.ts";
import { NO_TUNE } from "./contract/mounts.ts";
import type { DevFlags } from "./flags.ts";
import type { RunningServer } from "./run.ts";

const TTL = 32 * 24 * 3_600_000;

export function devConfig({ listenAddress }: DevFlags): ServerConfig {
  const address = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(listenAddress);
  const host = address?.[1] ?? address?.[2];
  const port = Number(address?.[3]);
  if (host === undefined || port > 65_535) {
    throw new Fault("invalid", "-dev-listen-address must be host:port, such as 127.0.0.1:8200");
  }
  return {
    storage: { type: "memory" },
    listeners: [{ kind: "tcp", host, port }],
    audit: [],
    apiAddr: "",
    clusterName: "",
    logLevel: "info",
    logFormat: "text",
    defaultLeaseTtl: TTL,
    maxLeaseTtl: TTL,
    pidFile: undefined,
    ui: false,
    warnings: ["dev mode: everything is in memory, unsealed and in clear text; never keep a real secret in it"],
  };
}

/** Initializes, unseals and mounts. @returns what to print */
export async function openDev({ core, addresses }: RunningServer, { rootToken, kv }: DevFlags): Promise<string> {
  const { shares, rootToken: root } = await core.operator.init(1, 1, rootToken);
  const share = shares[0]?.toString("base64") ?? "";
  await core.operator.unseal(new Secret(share));
  if (kv) {
    await core.mounts.enable({
      path: "secret/",
      kind: "secret",
      type: "kv",
      description: "key/value secret storage",
      options: new Map([["version", "2"]]),
      tune: NO_TUNE,
    });
  }
  const address = addresses[0] ?? "";
  return [
    "",
    "WARNING! dev mode is enabled: this server runs in memory, is unsealed, and loses everything when it ends.",
    "Never keep a real secret in it.",
    "",
    "    export OKSAE_ADDR='" + address + "'",
    "    export VAULT_ADDR='" + address + "'",
    "",
    `Unseal Key: ${share}`,
    `Root Token: ${root.reveal()}`,
    "",
    "",
  ].join("\n");
}
