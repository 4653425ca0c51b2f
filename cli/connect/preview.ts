/**
 * -output-curl-string and -output-policy: the call that a command would make, as a line for the shell or as the policy
 * that allows it; nothing is sent. The token is never in the line: the shell asks `oksae print token` for it.
 * Source: Vault CLI documentation, "Print cURL command" and "Print policy".
 */
import { formatDuration } from "../../lib/duration.ts";
import { stringifyJson } from "../../lib/wire/json.ts";
import { encodePath, encodeQuery } from "../../lib/wire/path.ts";
import type { ApiCall } from "./api.ts";
import type { Settings } from "./settings.ts";
import { needsSudo } from "./sudo-paths.ts";

/** Thrown in place of the call; the program prints `text` and ends well. */
export class Preview extends Error {
  readonly text: string;

  constructor(text: string) {
    super("a preview");
    this.text = text;
  }
}

/** @returns text that ends in a newline */
export function previewText(call: ApiCall, settings: Settings): string {
  return settings.preview === "policy" ? policyText(call) : curlText(call, settings);
}

function curlText(call: ApiCall, settings: Settings): string {
  const { method, body } = call;
  const parts = ["curl"];
  if (method !== "GET") parts.push("-X", method);
  for (const header of headersOf(call, settings)) parts.push("-H", header);
  if (body !== undefined) parts.push("-d", quoted(stringifyJson(body)));
  parts.push(...tlsOf(settings), quotedIfNeeded(addressOf(call, settings)));
  return `${parts.join(" ")}\n`;
}

function headersOf({ method, token, bare }: ApiCall, { headers, wrapTtl }: Settings): readonly string[] {
  const out = [quoted("X-Vault-Request: true")];
  if (token !== "none") out.unshift('"X-Vault-Token: $(oksae print token)"');
  if (method === "PATCH") out.push(quoted("Content-Type: application/merge-patch+json"));
  if (wrapTtl !== undefined && bare !== true) out.push(quoted(`X-Vault-Wrap-TTL: ${formatDuration(wrapTtl)}`));
  for (const [name, value] of Object.entries(headers)) out.push(quoted(`${name}: ${value}`));
  return out;
}

function tlsOf({ caCert, caPath, clientCert, clientKey, tlsSkipVerify }: Settings): readonly string[] {
  const files = [
    ["--cacert", caCert],
    ["--capath", caCert === undefined ? caPath : undefined],
    ["--cert", clientCert],
    ["--key", clientKey],
  ] as const;
  const out = files.flatMap(([flag, file]) => (file === undefined ? [] : [flag, quotedIfNeeded(file)]));
  return tlsSkipVerify ? [...out, "--insecure"] : out;
}

function addressOf({ path, query }: ApiCall, { address }: Settings): string {
  return `${address.replace(/\/+$/, "")}/v1/${encodePath(path)}${encodeQuery(query ?? {})}`;
}

/** As a POSIX shell takes it to the letter. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function quotedIfNeeded(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : quoted(text);
}

const CAPABILITIES: Readonly<Record<ApiCall["method"], readonly string[]>> = {
  GET: ["read"],
  LIST: ["list"],
  POST: ["create", "update"],
  PUT: ["create", "update"],
  PATCH: ["patch"],
  DELETE: ["delete"],
};

/** The smallest policy for this one call. */
function policyText({ method, path }: ApiCall): string {
  const needed = [...CAPABILITIES[method], ...(needsSudo(path) ? ["sudo"] : [])];
  return `path ${JSON.stringify(path)} {\n  capabilities = [${needed.map((name) => JSON.stringify(name)).join(", ")}]\n}\n`;
}
