/** The connection of one command: settings and token in, an `Api` out. */
import type { Secret } from "../../lib/secret.ts";
import { Secret as Box } from "../../lib/secret.ts";
import { wireClient } from "../../lib/wire/client.ts";
import { WireError } from "../../lib/wire/error.ts";
import type { Io } from "../io.ts";
import { type Api, type ApiCall, ApiError, apiErrorText } from "./api.ts";
import { Preview, previewText } from "./preview.ts";
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
    try {
      return await client.request(withToken(call, call.token ?? token, settings), AbortSignal.any([]));
    } catch (error) {
      throw error instanceof WireError ? asApiError(call, error) : error;
    } finally {
      client.close();
    }
  };
}

function withToken(
  { method, path, query, body, alsoStatus, ahead }: ApiCall,
  token: Secret | "none" | undefined,
  { wrapTtl, headers }: Settings,
): Parameters<ReturnType<typeof wireClient>["request"]>[0] {
  return {
    method,
    path,
    headers,
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    ...(alsoStatus === undefined ? {} : { alsoStatus }),
    ...(token === undefined || token === "none" ? {} : { token }),
    ...(wrapTtl === undefined || ahead === true ? {} : { wrapTtl }),
  };
}

async function readTls(settings: Settings, io: Io): Promise<NonNullable<Parameters<typeof wireClient>[0]["tls"]>> {
  const { caCert, clientCert, clientKey, tlsServerName } = settings;
  return {
    skipVerify: settings.tlsSkipVerify,
    ...(caCert === undefined ? {} : { ca: await io.readFile(caCert) }),
    ...(clientCert === undefined ? {} : { cert: await io.readFile(clientCert) }),
    ...(clientKey === undefined ? {} : { key: new Box(await io.readFile(clientKey)) }),
    ...(tlsServerName === undefined ? {} : { serverName: tlsServerName }),
  };
}

function asApiError(call: ApiCall, error: WireError): ApiError {
  if (error.status === 0) return new ApiError(0, `Error: ${error.message}${hintFor(error)}`, undefined);
  const lines = apiErrorText(call, error.url, error.status, error.errors);
  return new ApiError(error.status, [lines, ...error.warnings.map((text) => `(${text})`)].join("\n"), error.body);
}

/** What most often is behind a call that got no answer at all. */
function hintFor(error: WireError): string {
  if (error.reason === "unreachable")
    return "\nIs the server running, and is OKSAE_ADDR (or VAULT_ADDR, or -address) right?";
  if (error.reason === "tls")
    return "\nGive the CA that signed the server's certificate with -ca-cert or OKSAE_CACERT.";
  return "";
}
