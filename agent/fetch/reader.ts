/** One read, write or look at a local file, as rendering asks for it. Source: Vault API, the response envelope. */
import { readFile, stat } from "node:fs/promises";
import { describeErrno } from "../../lib/errno.ts";
import { Fault } from "../../lib/fault.ts";
import type { Secret } from "../../lib/secret.ts";
import { textFromBytes } from "../../lib/template/bytes.ts";
import { type Api, type ApiReply, apiFault } from "../../lib/wire/api.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap, JsonNumber } from "../../lib/wire/json.ts";
import type { FileResult, ReadRequest, ReadResult, SecretResult } from "../render/types.ts";
import { Mounts } from "./mounts.ts";

/** What the reader needs of whoever keeps the token. */
export interface TokenSource {
  readonly token: Secret | undefined;
  suspect(token: Secret): void;
  noteAlive(token: Secret): void;
}

const LARGEST_FILE = 4 * 2 ** 20;

export class Reader {
  readonly #api: Api;
  readonly #tokens: TokenSource;
  readonly #mounts: Mounts;

  constructor(api: Api, tokens: TokenSource) {
    this.#api = api;
    this.#tokens = tokens;
    this.#mounts = new Mounts(api);
  }

  /** @throws Fault whose message names the path and what happened, never a value */
  async read(request: ReadRequest, signal: AbortSignal): Promise<ReadResult> {
    if (request.kind === "file") return readLocal(request.path);
    const { token } = this.#tokens;
    if (token === undefined) throw new Fault("unavailable", "no token yet");
    const reply =
      request.kind === "write"
        ? await this.#api({ method: "PUT", path: request.path, body: request.data ?? {}, token, signal })
        : await this.#get(request, token, signal);
    return this.#take(request, token, reply);
  }

  async #get(request: ReadRequest, token: Secret, signal: AbortSignal): Promise<ApiReply> {
    const path = await this.#mounts.apiPath(request.path, token, signal);
    const query = request.version === undefined ? {} : { query: { version: String(request.version) } };
    return this.#api({ method: "GET", path, ...query, token, signal });
  }

  #take(request: ReadRequest, token: Secret, reply: ApiReply): SecretResult {
    const what = `${request.kind} of ${request.path}`;
    if (reply.status === 403) this.#tokens.suspect(token);
    if (reply.status === 400 || reply.status === 404 || reply.status === 405) this.#mounts.doubt(request.path);
    if (reply.status === 404) throw new Fault("not-found", `${what}: 404: there is no secret there`);
    if (reply.status >= 300) throw apiFault(what, reply);
    this.#tokens.noteAlive(token);
    return secretOf(reply.body ?? new Map<string, Json>());
  }
}

function secretOf(body: JsonMap): SecretResult {
  const warnings = body.get("warnings");
  const leaseDuration = body.get("lease_duration");
  return {
    kind: "secret",
    requestId: text(body.get("request_id")),
    leaseId: text(body.get("lease_id")),
    leaseDuration: leaseDuration instanceof JsonNumber ? Math.max(0, Math.floor(Number(leaseDuration.text))) : 0,
    renewable: body.get("renewable") === true,
    data: mapOrNull(body.get("data")),
    auth: mapOrNull(body.get("auth")),
    wrapInfo: mapOrNull(body.get("wrap_info")),
    warnings: isJsonList(warnings) ? warnings.filter((one) => typeof one === "string") : [],
  };
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function mapOrNull(value: Json | undefined): JsonMap | null {
  return isJsonMap(value) ? value : null;
}

async function readLocal(path: string): Promise<FileResult> {
  try {
    const { size } = await stat(path);
    if (size > LARGEST_FILE) throw new Fault("too-large", `file ${path} is larger than 4 MiB`);
    return { kind: "file", text: textFromBytes(await readFile(path)) };
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("unavailable", `file ${path}: ${describeErrno(error).text}`, { cause: error });
  }
}
