/** A server of a few Vault routes in memory, which counts every request and fails where a test says so. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Fault } from "../../lib/fault.ts";
import type { Secret } from "../../lib/secret.ts";
import type { Api, ApiReply } from "../../lib/wire/api.ts";
import {
  type Encodable,
  isJsonList,
  isJsonMap,
  type JsonMap,
  parseJsonMap,
  stringifyJson,
} from "../../lib/wire/json.ts";

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly token: string;
  readonly body: JsonMap | undefined;
}

interface FakeReply {
  readonly status: number;
  readonly body?: Encodable;
  readonly retryAfter?: number;
}

export interface FakeVault {
  /** In the process, without a socket. */
  readonly api: Api;
  readonly requests: FakeRequest[];
  /** Requests whose "METHOD path" matches. */
  count(pattern: RegExp): number;
  /** KV v2 at `secret/`: the path without mount and `data/`. */
  put(path: string, data: Record<string, Encodable>): void;
  remove(path: string): void;
  /** Asked first at each request; undefined = go on as usual. */
  intercept: (request: FakeRequest) => FakeReply | "hang" | undefined;
  /** Every call fails as if nothing listened. */
  down: boolean;
  /** Of tokens given from now on. */
  ttl: number;
  renewable: boolean;
  /** Tokens that are good now. */
  readonly tokens: Set<string>;
  /** Nonces by instance, as trust on first use has it; tests of logins set `instanceOf`. */
  instanceOf: (proof: string) => string | undefined;
  readonly nonces: Map<string, string>;
  /** @returns the address to give to an agent */
  listen(port?: number): Promise<string>;
  close(): Promise<void>;
}

export function fakeVault(): FakeVault {
  const secrets = new Map<string, { version: number; data: Record<string, Encodable> }>();
  let issued = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const [path = "", query = ""] = (request.url ?? "").replace("/v1/", "").split("?");
      const text = Buffer.concat(chunks).toString("utf8");
      const seen: FakeRequest = {
        method: request.method ?? "",
        path: decodeURIComponent(path),
        query,
        token: String(request.headers["x-vault-token"] ?? ""),
        body: text === "" ? undefined : parseJsonMap(text),
      };
      const reply = answer(seen);
      if (reply === "hang") return;
      const headers: Record<string, string> = { "content-type": "application/json" };
      if (reply.retryAfter !== undefined) headers["retry-after"] = String(reply.retryAfter);
      response.writeHead(reply.status, headers).end(stringifyJson(reply.body ?? null));
    });
  });

  const answer = (request: FakeRequest): FakeReply | "hang" => {
    vault.requests.push(request);
    return vault.intercept(request) ?? route(request);
  };

  const route = (request: FakeRequest): FakeReply => {
    if (/^auth\/.+\/login$/.test(request.path)) return login(request);
    if (request.path === "sys/health")
      return { status: 200, body: { initialized: true, sealed: false, standby: false } };
    if (!vault.tokens.has(request.token)) return refused(403, "permission denied");
    if (request.path === "auth/token/renew-self") {
      return vault.renewable
        ? { status: 200, body: { auth: auth(request.token) } }
        : refused(400, "lease is not renewable");
    }
    if (request.path === "auth/token/lookup-self") {
      const data = { accessor: "acc", ttl: vault.ttl, renewable: vault.renewable, policies: ["default"] };
      return { status: 200, body: { data } };
    }
    if (request.path === "sys/capabilities-self") return capabilities(request);
    if (request.path.startsWith("sys/internal/ui/mounts/secret/")) {
      return { status: 200, body: { data: { path: "secret/", type: "kv", options: { version: "2" } } } };
    }
    return readSecret(request);
  };

  const capabilities = (request: FakeRequest): FakeReply => {
    const paths = request.body?.get("paths");
    const list = isJsonList(paths) ? paths.map(String) : [];
    return {
      status: 200,
      body: { data: Object.fromEntries(list.map((path) => [path, path.includes("denied") ? ["deny"] : ["read"]])) },
    };
  };

  const login = (request: FakeRequest): FakeReply => {
    const proof = request.body?.get("pkcs7") ?? request.body?.get("identity");
    const instance = typeof proof === "string" ? vault.instanceOf(proof) : undefined;
    const nonce = request.body?.get("nonce");
    if (instance === undefined || typeof nonce !== "string") return refused(400, "invalid document");
    const known = vault.nonces.get(instance);
    if (known !== undefined && known !== nonce) return refused(400, "client nonce mismatch");
    vault.nonces.set(instance, nonce);
    issued += 1;
    const token = `hvs.fake-token-${String(issued)}`;
    vault.tokens.add(token);
    return { status: 200, body: { auth: auth(token) } };
  };

  const auth = (token: string): Encodable => ({
    client_token: token,
    accessor: `accessor-${token.slice(-4)}`,
    policies: ["default", "app"],
    lease_duration: vault.ttl,
    renewable: vault.renewable,
  });

  const readSecret = (request: FakeRequest): FakeReply => {
    const found = secrets.get(request.path.replace(/^secret\/data\//, ""));
    if (!request.path.startsWith("secret/data/") || found === undefined) return { status: 404, body: { errors: [] } };
    const body = {
      request_id: `r-${String(vault.requests.length)}`,
      lease_id: "",
      lease_duration: 0,
      renewable: false,
      data: {
        data: found.data,
        metadata: { version: found.version, created_time: "2026-01-01T00:00:00Z", destroyed: false },
      },
    };
    return { status: 200, body };
  };

  const vault: FakeVault = {
    requests: [],
    tokens: new Set(),
    nonces: new Map(),
    intercept: () => undefined,
    instanceOf: () => "i-0123456789abcdef0",
    down: false,
    ttl: 3600,
    renewable: true,
    count: (pattern) => vault.requests.filter(({ method, path }) => pattern.test(`${method} ${path}`)).length,
    put: (path, data) => {
      secrets.set(path, { version: (secrets.get(path)?.version ?? 0) + 1, data });
    },
    remove: (path) => {
      secrets.delete(path);
    },
    api: async (request) => {
      await Promise.resolve();
      if (vault.down) throw new Fault("unavailable", "connection refused: nothing listens there");
      const seen = {
        method: request.method,
        path: request.path,
        query: new URLSearchParams(request.query).toString(),
        token: clear(request.token),
        body: request.body === undefined ? undefined : parseJsonMap(stringifyJson(request.body)),
      };
      const reply = answer(seen);
      if (reply === "hang") return hang(request.signal);
      return asReply(reply);
    },
    listen: (port = 0) =>
      new Promise((resolve) => {
        server.listen(port, "127.0.0.1", () => {
          resolve(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
  return vault;
}

function refused(status: number, error: string): FakeReply {
  return { status, body: { errors: [error] } };
}

function clear(token: Secret | undefined): string {
  return token?.reveal() ?? "";
}

function hang(signal: AbortSignal | undefined): Promise<ApiReply> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener("abort", () => {
      reject(signal.reason as Error);
    });
  });
}

function asReply({ status, body, retryAfter }: FakeReply): ApiReply {
  const parsed = body === undefined ? undefined : parseJsonMap(stringifyJson(body));
  const errors = isJsonMap(parsed) ? parsed.get("errors") : undefined;
  return {
    status,
    body: parsed,
    errors: isJsonList(errors) ? errors.map(String) : [],
    retryAfter: retryAfter === undefined ? undefined : retryAfter * 1000,
    date: undefined,
  };
}
