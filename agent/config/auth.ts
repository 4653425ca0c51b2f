/** The `auto_auth` block: how the agent logs in, and where it puts the token. Keys as in Vault Agent. */
import type { Body } from "../../lib/hcl/body.ts";
import { Secret } from "../../lib/secret.ts";
import { later, onlyFalse, path, placeOf, target, text } from "./fields.ts";
import type { Scope } from "./scope.ts";
import type { AwsMethodConfig, MethodConfig, SinkConfig } from "./types.ts";

export interface AutoAuth {
  readonly method: MethodConfig;
  readonly sinks: readonly SinkConfig[];
  readonly retry: { readonly first: number; readonly most: number };
}

/** Milliseconds. Vault Agent's own default of "max_backoff", 5m, is accepted; nobody waits longer than this for a server that is back. */
const LONGEST_BACKOFF = 60_000;
const LATER_METHODS = new Set([
  "approle",
  "jwt",
  "cert",
  "kubernetes",
  "kerberos",
  "gcp",
  "azure",
  "alicloud",
  "cf",
  "oci",
  "ldap",
]);

export function readAutoAuth(body: Body, scope: Scope): AutoAuth {
  later(body, "enable_reauth_on_new_credentials");
  const method = oneMethod(body);
  const type = method.labels[0] ?? method.requireString("type");
  later(method, "namespace", "wrap_ttl");
  onlyFalse(method, "exit_on_err");
  const mountPath = (text(method, "mount_path", scope) ?? `auth/${type}`).replace(/^\/+|\/+$/g, "");
  const first = method.duration("min_backoff") ?? 1_000;
  const most = method.duration("max_backoff") ?? LONGEST_BACKOFF;
  if (first < 100 || most < first)
    throw method.fault('"min_backoff" must be at least 100ms and at most "max_backoff"', "min_backoff");
  const config = method.block("config");
  const read = readMethod(type, method, config, mountPath, scope);
  config?.done();
  if (method.has("type") && method.labels[0] !== undefined && method.string("type") !== type) {
    throw method.fault('"type" differs from the label', "type");
  }
  method.done();
  const sinks = readSinks(body, scope);
  body.done();
  const retry = { first: Math.min(first, LONGEST_BACKOFF), most: Math.min(most, LONGEST_BACKOFF) };
  return { method: read, sinks, retry };
}

function oneMethod(body: Body): Body {
  const methods = body.blocks("method", { from: 0, to: 1 }).map(unwrap);
  const [first, second] = methods;
  if (first === undefined) throw body.fault('"method" is required: method "aws" { config { type = "ec2" } }');
  if (second !== undefined) throw second.fault('there is a second "method": exactly one is allowed');
  return first;
}

/** In `method = { aws = { … } }` the type is a label too; `method { config { … } }` must not be taken for one. */
function unwrap(method: Body): Body {
  const [label] = method.labels;
  if (label !== "config") return method;
  throw method.fault('"method" needs a type: method "aws" { … }');
}

function readMethod(
  type: string,
  method: Body,
  config: Body | undefined,
  mountPath: string,
  scope: Scope,
): MethodConfig {
  if (type === "aws") {
    if (config === undefined) throw method.fault('method "aws" needs config { type = "ec2" }');
    return readAws(config, mountPath, scope);
  }
  if (type === "token_file") {
    const file = config === undefined ? undefined : path(config, "token_file_path", scope);
    if (file === undefined) throw (config ?? method).fault('"token_file_path" is required');
    return { kind: "token_file", path: file };
  }
  if (LATER_METHODS.has(type))
    throw method.fault(`method ${JSON.stringify(type)} is not supported yet: use "aws" or "token_file"`);
  throw method.fault(`method ${JSON.stringify(type)} is not known: use "aws" or "token_file"`);
}

function readAws(config: Body, mountPath: string, scope: Scope): AwsMethodConfig {
  const type = config.choice("type", ["ec2", "iam"]);
  if (type === undefined) throw config.fault('"type" is required: write type = "ec2"');
  if (type === "iam") throw config.fault('type = "iam" is not supported yet: use "ec2"', "type");
  later(config, "access_key", "secret_key", "session_token", "region", "header_value");
  config.int("credential_poll_interval", 0, 2 ** 31);
  const nonce = config.string("nonce");
  if (nonce !== undefined && config.has("nonce_path"))
    throw config.fault('give "nonce" or "nonce_path", not both', "nonce");
  if (nonce !== undefined && !/^[\x21-\x7e]{16,128}$/.test(nonce)) {
    throw config.fault('"nonce" must have 16 to 128 printable characters without blanks; better leave it out', "nonce");
  }
  const endpoint = text(config, "imds_endpoint", scope) ?? "http://169.254.169.254";
  if (!/^http:\/\/(?:[A-Za-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?$/.test(endpoint)) {
    throw config.fault('"imds_endpoint" must look like http://169.254.169.254', "imds_endpoint");
  }
  return {
    kind: "aws",
    mountPath,
    role: text(config, "role", scope),
    nonce: nonce === undefined ? undefined : new Secret(nonce),
    noncePath: path(config, "nonce_path", scope) ?? "/var/lib/oksae/nonce",
    document: config.choice("document", ["rsa2048", "pkcs7", "identity"]) ?? "rsa2048",
    imdsEndpoint: endpoint,
  };
}

function readSinks(body: Body, scope: Scope): readonly SinkConfig[] {
  const nested = body.blocks("sinks").flatMap((sinks) => {
    const found = sinks.blocks("sink", { from: 0, to: 1 });
    sinks.done();
    return found;
  });
  return [...body.blocks("sink", { from: 0, to: 1 }), ...nested].map((sink) => readSink(sink, scope));
}

function readSink(sink: Body, scope: Scope): SinkConfig {
  const type = sink.labels[0] ?? sink.requireString("type");
  if (type !== "file") throw sink.fault(`sink ${JSON.stringify(type)} is not known: use "file"`);
  later(sink, "wrap_ttl", "dh_type", "dh_path", "derive_key", "aad", "aad_env_var");
  sink.known("type");
  const config = sink.block("config");
  const where = config === undefined ? undefined : path(config, "path", scope);
  if (config === undefined || where === undefined) throw sink.fault('sink "file" needs config { path = "/…" }');
  const { perms, ...rest } = target(config, where, scope, "mode");
  config.done();
  sink.done();
  return { target: { ...rest, perms: perms ?? 0o640 }, at: placeOf(sink) };
}
