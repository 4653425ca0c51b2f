/**
 * The server's configuration from texts in HCL or JSON, with Vault's own keys. Strict: an unknown key is an error that
 * names file, line and column. Source: Vault, "Configuration" page; `audit` stanzas as in OpenBao 2.4.
 */

import { Fault } from "../../lib/fault.ts";
import { Body } from "../../lib/hcl/body.ts";
import { parseConfig } from "../../lib/hcl/parse.ts";
import { faultAt } from "../../lib/hcl/tree.ts";
import { type Level, LOG_LEVELS } from "../../lib/log.ts";
import { deviceOptions, devicePath } from "../audit/options.ts";
import type { AuditDeviceInfo } from "../contract/audit.ts";
import { foreignKeys } from "./foreign.ts";
import { readListener } from "./listener.ts";
import type { Accounts, ServerConfig, StorageConfig } from "./types.ts";

/** Vault's, 32 days. */
const DEFAULT_TTL = 768 * 3_600_000;

export interface ConfigText {
  /** As messages name it. */
  readonly file: string;
  readonly text: string;
}

/**
 * @param texts in the order they count: a later one's plain value replaces an earlier one's, blocks add up
 * @throws Fault "invalid" that begins with "FILE:LINE:COLUMN: "
 */
export function parseServerConfig(texts: readonly ConfigText[], accounts: Accounts): ServerConfig {
  const body = Body.merge(texts.map(({ file, text }) => parseConfig(text, file)));
  const defaultLeaseTtl = ttl(body, "default_lease_ttl");
  const maxLeaseTtl = ttl(body, "max_lease_ttl");
  if (defaultLeaseTtl !== undefined && defaultLeaseTtl > (maxLeaseTtl ?? DEFAULT_TTL)) {
    throw body.fault('"default_lease_ttl" is longer than "max_lease_ttl"', "default_lease_ttl");
  }
  const most = maxLeaseTtl ?? DEFAULT_TTL;
  const config: ServerConfig = {
    storage: storage(body),
    listeners: body.blocks("listener", 1).map((block) => readListener(block, accounts)),
    audit: audit(body),
    apiAddr: apiAddr(body),
    clusterName: body.string("cluster_name") ?? "",
    logLevel: logLevel(body),
    logFormat: body.choice("log_format", ["json", "text", "standard"]) === "json" ? "json" : "text",
    defaultLeaseTtl: defaultLeaseTtl ?? Math.min(DEFAULT_TTL, most),
    maxLeaseTtl: most,
    pidFile: body.string("pid_file"),
    ui: body.bool("ui") ?? false,
    warnings: foreignKeys(body),
  };
  body.done();
  if (config.listeners.length === 0) throw body.fault('a listener is required: listener "tcp" { … }');
  return config;
}

function storage(body: Body): StorageConfig {
  const blocks = [...body.blocks("storage", 1), ...body.blocks("backend", 1)];
  const [block, second] = blocks;
  if (block === undefined) throw body.fault('storage is required: storage "lmdb" { path = "/var/lib/oksae" }');
  if (second !== undefined) throw second.fault("there is a second storage: only one is allowed");
  const type = block.labels[0] ?? "";
  if (type === "memory" || type === "inmem") {
    block.done();
    return { type: "memory" };
  }
  if (type !== "lmdb") throw block.fault(`storage ${JSON.stringify(type)} is not supported: use "lmdb" or "memory"`);
  const path = block.requireString("path");
  if (!path.startsWith("/")) throw block.fault('"path" must be absolute', "path");
  block.done();
  return { type: "lmdb", path };
}

function audit(body: Body): readonly AuditDeviceInfo[] {
  const devices = body.blocks("audit", { from: 1, to: 2 }).map(auditDevice);
  const seen = new Set<string>();
  for (const { info, block } of devices) {
    if (seen.has(info.path)) throw block.fault(`there is a second audit device ${JSON.stringify(info.path)}`);
    seen.add(info.path);
  }
  return devices.map(({ info }) => info);
}

function auditDevice(block: Body): { readonly info: AuditDeviceInfo; readonly block: Body } {
  const [type = "", path = type] = block.labels;
  const description = block.string("description") ?? "";
  const options = block.texts("options");
  block.done();
  try {
    const info = { path: devicePath(path), type, description, options: options ?? new Map<string, string>() };
    deviceOptions(info);
    return { info, block };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw faultAt(block.place("options"), error.message);
  }
}

function apiAddr(body: Body): string {
  const text = body.string("api_addr") ?? "";
  if (text !== "" && !/^https?:\/\/[^\s/?#@]+\/?$/.test(text)) {
    throw body.fault('"api_addr" must be a URL such as "https://oksae.example.com:8200"', "api_addr");
  }
  return text.replace(/\/$/, "");
}

function logLevel(body: Body): Level {
  const word = body.string("log_level")?.toLowerCase() ?? "info";
  if (Object.hasOwn(LOG_LEVELS, word)) return LOG_LEVELS[word as keyof typeof LOG_LEVELS];
  throw body.fault(`"log_level" must be one of: ${Object.keys(LOG_LEVELS).join(", ")}`, "log_level");
}

function ttl(body: Body, key: string): number | undefined {
  const ms = body.duration(key);
  if (ms !== undefined && ms < 1000) throw body.fault(`"${key}" must be at least 1s`, key);
  return ms;
}
