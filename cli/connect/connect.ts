/** The connection of one command: settings and token in, an `Api` out. */

import { Fault } from "../../lib/fault.ts";
import type { Secret } from "../../lib/secret.ts";
import { Secret as Box } from "../../lib/secret.ts";
import { wireClient } from "../../lib/wire/client.ts";
import { WireError } from "../../lib/wire/error.ts";
import { isJsonMap } from "../../lib/wire/json.ts";
import type { Io } from "../io.ts";
import { type Api, type ApiCall, ApiError, type ApiReply, apiErrorText, Wrapped } from "./api.ts";
import { Preview, previewText } from "./preview.ts";
import { retried } from "./retry.ts";
import { readToken, type Settings } from "./settings.ts";

/** @throws Fault "invalid" for an address, a certificate or a key that cannot be used */
export async function connect(settings: Settings, io: Io, version: string): Promise<Api> {
  const token = await readToken(io);
  const client = wireClient({
    address: settings.address,
    tls: await readTls(settings, io),
    clock: io.clock,
    timeout: settings.timeout,
    userAgent: `oksae/${version}`,
  });
  return async (call) => {
    if (settings.preview !== undefined && call.ahead !== true) throw new Preview(previewText(call, settings));
    const send = () => client.request(withToken(call, call.token ?? token, settings), AbortSignal.any([]));
    try {
      return checkWrapped(call, await (readsOnly(call) ? retried(send, settings.retries, io.clock) : send()));
    } catch (error) {
      throw error instanceof WireError ? asApiError(call, error) : error;
    } finally {
      client.close();
    }
  };
}

/** Milliseconds: what is given to be wrapped is wrapped, also where -wrap-ttl says nothing; as Vault's command line. */
const WRAP_TTL = 300_000;

/** @throws Wrapped where the command would not know what to do with it */
function checkWrapped(call: ApiCall, reply: ApiReply): ApiReply {
  const { body } = reply;
  const ours = call.ahead !== true && call.bare !== true && call.takesWrapped !== true;
  if (ours && body !== undefined && isJsonMap(body.get("wrap_info"))) throw new Wrapped(body);
  return reply;
}

function withToken(
  { method, path, query, body, alsoStatus, ahead, bare }: ApiCall,
  token: Secret | "none" | undefined,
  { wrapTtl: asked, headers }: Settings,
): Parameters<ReturnType<typeof wireClient>["request"]>[0] {
  const wrapTtl = asked ?? (path === "sys/wrapping/wrap" && method !== "GET" ? WRAP_TTL : undefined);
  return {
    method,
    path,
    headers,
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    ...(alsoStatus === undefined ? {} : { alsoStatus }),
    ...(token === undefined || token === "none" ? {} : { token }),
    ...(wrapTtl === undefined || ahead === true || bare === true ? {} : { wrapTtl }),
  };
}

function readsOnly({ method }: ApiCall): boolean {
  return method === "GET" || method === "LIST";
}

async function readTls(settings: Settings, io: Io): Promise<NonNullable<Parameters<typeof wireClient>[0]["tls"]>> {
  const { clientCert, clientKey, tlsServerName } = settings;
  return {
    skipVerify: settings.tlsSkipVerify,
    ...(await readCa(settings, io)),
    ...(clientCert === undefined ? {} : { cert: await io.readFile(clientCert) }),
    ...(clientKey === undefined ? {} : { key: new Box(await io.readFile(clientKey)) }),
    ...(tlsServerName === undefined ? {} : { serverName: tlsServerName }),
  };
}

/** Of a folder all that holds certificates; what else lies there is nobody's fault. */
async function readCa({ caCert, caPath }: Settings, io: Io): Promise<{ readonly ca?: string | readonly string[] }> {
  if (caCert !== undefined) return { ca: await io.readFile(caCert) };
  if (caPath === undefined) return {};
  const folder = caPath.replace(/\/+$/, "");
  const texts: string[] = [];
  for (const name of await io.listFiles(folder)) texts.push(await io.readFile(`${folder}/${name}`));
  const ca = texts.filter((one) => one.includes("-----BEGIN CERTIFICATE-----"));
  if (ca.length === 0) throw new Fault("invalid", `${caPath} holds no PEM certificate`);
  return { ca };
}

function asApiError(call: ApiCall, error: WireError): ApiError {
  if (error.status === 0) return new ApiError(0, `Error: ${error.message}${hintFor(error)}`, undefined);
  const lines = apiErrorText(call, error.url, error.status, error.errors);
  const warnings = error.warnings.map((text) => `(${text})`);
  return new ApiError(error.status, [lines, ...warnings].join("\n") + hintForDenied(call, error), error.body);
}

const OPERATIONS = { GET: "read", LIST: "list", POST: "update", PUT: "update", PATCH: "patch", DELETE: "delete" };

/** "permission denied" says no more on purpose: who asked may ask why. */
function hintForDenied({ method, path, token }: ApiCall, { status, errors }: WireError): string {
  const asks = token === undefined && path !== "sys/policy-explain";
  if (status !== 403 || !asks || !errors.includes("permission denied")) return "";
  const shown = /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
  return `\n\nHint: "oksae policy explain ${OPERATIONS[method]} ${shown}" tells why, if the token is good.`;
}

/** What most often is behind a call that got no answer at all. */
function hintFor(error: WireError): string {
  if (error.reason === "unreachable")
    return "\nIs the server running, and is OKSAE_ADDR (or VAULT_ADDR, or -address) right?";
  if (error.reason === "tls")
    return "\nGive the CA that signed the server's certificate with -ca-cert, -ca-path or OKSAE_CACERT.";
  return "";
}
