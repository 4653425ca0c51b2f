/** The agent's whole configuration, from the bodies of its files. Strict: what is not known is an error with its place. */

import { Fault } from "../../lib/fault.ts";
import { Body } from "../../lib/hcl/body.ts";
import { LOG_LEVELS } from "../../lib/log.ts";
import { readAutoAuth } from "./auth.ts";
import { later, onlyFalse, path } from "./fields.ts";
import { readEnvFile, readTemplate } from "./items.ts";
import type { Scope } from "./scope.ts";
import type { AgentConfig, MethodConfig } from "./types.ts";
import { readVault, type VaultBlock } from "./vault.ts";

const LATER = [
  "api_proxy",
  "cache",
  "listener",
  "exec",
  "env_template",
  "telemetry",
  "disable_idle_connections",
  "disable_keep_alives",
  "log_file",
  "log_rotate_duration",
  "log_rotate_bytes",
  "log_rotate_max_files",
];
const DEFAULT_INTERVAL = 30_000;
const SHORTEST_INTERVAL = 1_000;
/** @param files in the order in which they are merged @throws Fault "invalid" that begins with "FILE:LINE:COLUMN: " */
export function readAgentConfig(files: readonly Body[], scope: Scope): AgentConfig {
  const body = Body.merge(files);
  later(body, ...LATER);
  const vault = readVault(body.block("vault"), scope);
  const autoAuth = body.block("auto_auth");
  if (autoAuth === undefined) throw body.fault('"auto_auth" is required: auto_auth { method "aws" { … } }');
  const { method, sinks, retry } = readAutoAuth(autoAuth, scope);
  checkInsecure(vault, method);
  const { interval, maxConnections } = readTemplateConfig(body.block("template_config"));
  const items = [
    ...body.blocks("template").map((block) => readTemplate(block, scope)),
    ...body.blocks("env_file", { from: 0, to: 1 }).map((block) => readEnvFile(block, scope)),
  ];
  const level = body.choice("log_level", Object.keys(LOG_LEVELS) as (keyof typeof LOG_LEVELS)[]) ?? "info";
  const config: AgentConfig = {
    vault: { ...vault.settings, maxConnections },
    method,
    sinks,
    items,
    interval,
    retry,
    exitAfterAuth: body.bool("exit_after_auth") ?? false,
    pidFile: path(body, "pid_file", scope),
    statusFile: path(body, "status_file", scope) ?? "/run/oksae/status.json",
    logLevel: LOG_LEVELS[level],
    logFormat: body.choice("log_format", ["standard", "text", "json"]) === "json" ? "json" : "text",
  };
  body.done();
  checkDestinations(config);
  if (items.length === 0 && sinks.length === 0)
    throw body.fault('there is nothing to do: add "env_file", "template" or a sink');
  return config;
}

function checkInsecure(vault: VaultBlock, method: MethodConfig): void {
  if (!vault.settings.tlsSkipVerify || method.kind !== "aws" || vault.insecureIKnow) return;
  throw vault.fault(
    '"tls_skip_verify" with method "aws" gives this instance\'s proof and nonce to whoever answers: set "ca_cert", or add insecure_i_know = true',
    "tls_skip_verify",
  );
}

function readTemplateConfig(block: Body | undefined): { readonly interval: number; readonly maxConnections: number } {
  if (block === undefined) return { interval: DEFAULT_INTERVAL, maxConnections: 10 };
  onlyFalse(block, "exit_on_retry_failure");
  later(block, "lease_renewal_threshold");
  const interval = block.duration("static_secret_render_interval") ?? DEFAULT_INTERVAL;
  if (interval < SHORTEST_INTERVAL) {
    throw block.fault('"static_secret_render_interval" must be at least 1s', "static_secret_render_interval");
  }
  const maxConnections = block.int("max_connections_per_host", 1, 1_000) ?? 10;
  block.done();
  return { interval, maxConnections };
}

/** Nor may an item take the place of a file that the agent keeps for itself, the nonce above all. */
function checkDestinations({ items, sinks, method, statusFile, pidFile }: AgentConfig): void {
  const taken = new Map([[statusFile, "the status file"]]);
  if (pidFile !== undefined) taken.set(pidFile, "the pid file");
  if (method.kind === "aws") taken.set(method.noncePath, "the nonce");
  if (method.kind === "token_file") taken.set(method.path, "the token that the agent logs in with");
  for (const { target, at } of [...items, ...sinks]) {
    const other = taken.get(target.path);
    if (other !== undefined) {
      throw new Fault("invalid", `${at}: ${JSON.stringify(target.path)} is ${other} already`);
    }
    taken.set(target.path, `the destination of ${at}`);
  }
}
