/**
 * A device's type and options, checked. Source: Vault, "File audit device" page and sys/audit. What Vault has and
 * this server refuses says so: raw values in a log (`log_raw`), text before an entry (`prefix`: CVE-2025-6000), `jsonx`.
 */
import { isAbsolute, normalize } from "node:path";
import { Fault } from "../../lib/fault.ts";
import type { AuditDeviceInfo } from "../contract/audit.ts";

export interface DeviceOptions {
  /** undefined = standard output. */
  readonly file: string | undefined;
  /** undefined leaves the mode of an existing file alone. */
  readonly mode: number | undefined;
  readonly hmacAccessor: boolean;
  readonly elideLists: boolean;
}

const KNOWN = ["elide_list_responses", "file_path", "format", "hmac_accessor", "log_raw", "mode", "path", "prefix"];

/** @returns the path with its trailing slash. @throws Fault "invalid" */
export function devicePath(text: string): string {
  const path = text.replace(/^\/+|\/+$/g, "");
  if (path === "" || /[\p{C}\p{Z}\\]|\/\//u.test(path) || path.length > 200) {
    throw new Fault("invalid", 'audit device path must be a name without blanks, such as "file"');
  }
  return `${path}/`;
}

/** @throws Fault "invalid" naming the option and what to write instead */
export function deviceOptions(info: AuditDeviceInfo): DeviceOptions {
  const { options } = info;
  if (info.type !== "file") throw bad(`unknown audit device type ${JSON.stringify(info.type)}: use "file"`);
  const unknown = [...options.keys()].find((name) => !KNOWN.includes(name));
  if (unknown !== undefined) throw bad(`unknown option ${JSON.stringify(unknown)}; known: ${KNOWN.join(", ")}`);
  if (flag(options, "log_raw", false)) throw bad("log_raw is not supported: secrets are never written in clear");
  if ((options.get("prefix") ?? "") !== "") throw bad("prefix is not supported: every line of the file is JSON");
  const format = options.get("format") ?? "json";
  if (format !== "json") throw bad('format must be "json"');
  return {
    file: filePath(options.get("file_path") ?? options.get("path") ?? ""),
    mode: fileMode(options.get("mode")),
    hmacAccessor: flag(options, "hmac_accessor", true),
    elideLists: flag(options, "elide_list_responses", false),
  };
}

function filePath(text: string): string | undefined {
  if (text === "stdout") return undefined;
  if (text === "") throw bad("file_path is required");
  if (text === "discard") throw bad('file_path "discard" is not supported: it would keep no audit');
  if (!isAbsolute(text) || text.includes("\0") || text.endsWith("/")) {
    throw bad('file_path must be an absolute path of a file, or "stdout"');
  }
  return normalize(text);
}

function fileMode(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return 0o600;
  if (!/^[0-7]{3,4}$/.test(text)) throw bad('mode must be octal, such as "0600"');
  const mode = Number.parseInt(text, 8);
  if (mode === 0) return undefined;
  if ((mode & 0o7113) !== 0 || (mode & 0o600) !== 0o600) {
    throw bad("mode must let the owner read and write, nobody execute, and others not write");
  }
  return mode;
}

function flag(options: ReadonlyMap<string, string>, name: string, otherwise: boolean): boolean {
  const text = options.get(name);
  if (text === undefined || text === "") return otherwise;
  if (/^(?:1|t|true)$/i.test(text)) return true;
  if (/^(?:0|f|false)$/i.test(text)) return false;
  throw bad(`${name} must be true or false`);
}

function bad(message: string): Fault {
  return new Fault("invalid", message);
}
