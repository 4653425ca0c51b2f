/** The `vault` block: where the server is. Variables of the environment go over it, as in Vault Agent. */

import { Fault } from "../../lib/fault.ts";
import type { Body } from "../../lib/hcl/body.ts";
import { parseAddress } from "../../lib/wire/client.ts";
import { later, path, text } from "./fields.ts";
import { isUnresolved, type Scope } from "./scope.ts";
import type { VaultConfig } from "./types.ts";

const LOOPBACK = /^http:\/\/(?:localhost|127\.[0-9.]+|\[::1\])(?::[0-9]+)?\/?$/;

export interface VaultBlock {
  readonly settings: Omit<VaultConfig, "maxConnections">;
  readonly insecureIKnow: boolean;
  /** For messages of checks that need to know the method too. */
  readonly fault: (message: string, key: string) => Fault;
}

type Settings = Omit<VaultConfig, "maxConnections">;

export function readVault(body: Body | undefined, scope: Scope): VaultBlock {
  const fromFile = body === undefined ? DEFAULTS : readBlock(body, scope);
  const insecureIKnow = body?.bool("insecure_i_know") ?? false;
  body?.done();
  const address = variable(scope, "ADDR");
  checkAddress(address ?? fromFile.address, (message) =>
    address === undefined ? faultIn(body, message, "address") : new Fault("invalid", `OKSAE_ADDR: ${message}`),
  );
  if (variable(scope, "NAMESPACE") !== undefined) {
    throw new Fault("invalid", "OKSAE_NAMESPACE is set in the environment: namespaces are not supported");
  }
  return {
    settings: overriddenBy(scope, fromFile),
    insecureIKnow,
    fault: (message, key) => faultIn(body, message, key),
  };
}

function faultIn(body: Body | undefined, message: string, key: string): Fault {
  return body?.fault(message, key) ?? new Fault("invalid", message);
}

/** @returns OKSAE_<name>, else VAULT_<name>; empty counts as unset */
function variable(scope: Scope, name: string): string | undefined {
  const own = scope.env?.get(`OKSAE_${name}`) ?? "";
  const value = own === "" ? (scope.env?.get(`VAULT_${name}`) ?? "") : own;
  return value === "" ? undefined : value;
}

function overriddenBy(scope: Scope, file: Settings): Settings {
  const skip = variable(scope, "SKIP_VERIFY");
  return {
    address: variable(scope, "ADDR") ?? file.address,
    caCert: variable(scope, "CACERT") ?? file.caCert,
    clientCert: variable(scope, "CLIENT_CERT") ?? file.clientCert,
    clientKey: variable(scope, "CLIENT_KEY") ?? file.clientKey,
    tlsServerName: variable(scope, "TLS_SERVER_NAME") ?? file.tlsServerName,
    tlsSkipVerify: skip === undefined ? file.tlsSkipVerify : /^(?:1|t|true)$/i.test(skip),
  };
}

const DEFAULTS: Settings = {
  address: "https://127.0.0.1:8200",
  caCert: undefined,
  clientCert: undefined,
  clientKey: undefined,
  tlsServerName: undefined,
  tlsSkipVerify: false,
};

function readBlock(body: Body, scope: Scope): Settings {
  later(body, "namespace", "ca_path");
  const retry = body.block("retry");
  // It is retried for ever here: a number of attempts has nothing to limit, and is taken so that a file can move over.
  retry?.int("num_retries", -1, 1_000_000);
  retry?.done();
  const clientCert = path(body, "client_cert", scope);
  const clientKey = path(body, "client_key", scope);
  if ((clientCert === undefined) !== (clientKey === undefined)) {
    throw body.fault('"client_cert" and "client_key" go together', "client_cert");
  }
  return {
    address: text(body, "address", scope) ?? DEFAULTS.address,
    caCert: path(body, "ca_cert", scope),
    clientCert,
    clientKey,
    tlsServerName: text(body, "tls_server_name", scope),
    tlsSkipVerify: body.bool("tls_skip_verify") ?? false,
  };
}

function checkAddress(address: string, fault: (message: string) => Fault): void {
  if (isUnresolved(address)) return;
  if (address.startsWith("unix:///") || address.startsWith("https://") || LOOPBACK.test(address)) {
    const problem = addressProblem(address);
    if (problem !== undefined) throw fault(problem);
    return;
  }
  if (address.startsWith("http://")) {
    throw fault("http:// would show tokens and secrets to the network: use https://, or a unix socket (unix:///…)");
  }
  throw fault('"address" must look like https://host:8200 or unix:///path');
}

/** What the client itself would refuse later: a user in the address, a query. */
function addressProblem(address: string): string | undefined {
  try {
    parseAddress(address);
    return undefined;
  } catch (error) {
    if (error instanceof Fault) return error.message;
    throw error;
  }
}
