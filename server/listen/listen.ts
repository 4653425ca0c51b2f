/**
 * One listener: TCP or a unix socket, TLS or not, with the LIST door and limits that survive balancers; its
 * certificate is read anew on demand, and it closes without breaking a request in flight.
 */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { ListenerConfig, ListenerTls } from "../contract/listener.ts";
import { openListDoor } from "./list-door.ts";
import { type LoadedTls, loadTls } from "./tls.ts";
import { bindUnix, clearPlace, openTo } from "./unix.ts";

export interface ListenPorts {
  readonly log: Log;
  readonly clock: Clock;
}

export interface Listening {
  /** "http://127.0.0.1:8200", "https://[::1]:8200", "unix:///run/oksae/server.sock": with the port that was taken. */
  readonly address: string;
  /**
   * SIGHUP: reads certificate and key anew. Connections under way keep the old ones.
   * @throws Fault "invalid" when they are no good; the old ones go on serving
   */
  reload(): Promise<void>;
  /** Takes no new connection, lets requests in flight finish, breaks what is left after `deadline` milliseconds. Resolves when all are closed. */
  close(deadline: number): Promise<void>;
}

export type Handler = (req: IncomingMessage, res: ServerResponse) => void;

const KIB = 1024;
const HANDSHAKE_MS = 10_000;
const SOON_MS = 14 * 86_400_000;

/** @throws Fault "invalid" naming the address and what is wrong: in use, no permission, a certificate that is no good */
export async function listen(config: ListenerConfig, handler: Handler, ports: ListenPorts): Promise<Listening> {
  const tls = config.kind === "tcp" ? config.tls : undefined;
  const loaded = tls === undefined ? undefined : await loadTls(tls);
  const open = new Set<ServerResponse>();
  const door = new Door(config, ports, open, tls);
  const server = door.create(loaded, (req, res) => {
    open.add(res);
    res.once("close", forget);
    if (door.closing) res.setHeader("connection", "close");
    handler(req, res);
  });
  function forget(this: ServerResponse): void {
    open.delete(this);
    if (door.closing) setImmediate(closeIdle);
  }
  function closeIdle(): void {
    server.closeIdleConnections();
  }
  await door.bind(server);
  if (loaded !== undefined) door.noteExpiry(loaded);
  return door;
}

class Door implements Listening {
  closing = false;
  readonly #config: ListenerConfig;
  readonly #ports: ListenPorts;
  readonly #open: ReadonlySet<ServerResponse>;
  readonly #tls: ListenerTls | undefined;
  /** Also those in the middle of a TLS handshake, which node:http knows nothing of. */
  readonly #sockets = new Set<Socket>();
  /** Those on which no request has begun: node:http does not count them as idle. */
  readonly #silent = new Set<Socket>();
  #server: Server | TlsServer | undefined;
  #address = "";

  constructor(
    config: ListenerConfig,
    ports: ListenPorts,
    open: ReadonlySet<ServerResponse>,
    tls: ListenerTls | undefined,
  ) {
    this.#config = config;
    this.#ports = ports;
    this.#open = open;
    this.#tls = tls;
  }

  get address(): string {
    return this.#address;
  }

  create(loaded: LoadedTls | undefined, handler: Handler): Server | TlsServer {
    const options = serverOptions(this.#config);
    const server =
      loaded === undefined
        ? createServer(options, handler)
        : createTlsServer({ ...options, ...loaded.options, handshakeTimeout: HANDSHAKE_MS }, handler);
    server.maxConnections = this.#config.maxConnections ?? 10_000;
    server.on("drop", () => {
      this.#ports.log("warn", "connection refused: too many", { limit: server.maxConnections });
    });
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => void this.#sockets.delete(socket));
    });
    const ready = loaded === undefined ? "connection" : "secureConnection";
    server.on(ready, (socket: Socket) => {
      const heard = (): void => void this.#silent.delete(socket);
      this.#silent.add(socket);
      socket.once("data", heard);
      socket.once("close", heard);
    });
    openListDoor(server, ready);
    this.#server = server;
    return server;
  }

  async bind(server: Server): Promise<void> {
    const config = this.#config;
    if (config.kind === "unix") await clearPlace(config.path);
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause: NodeJS.ErrnoException) => {
        reject(new Fault("invalid", `cannot listen on ${nameOf(config)}: ${said(cause)}`, { cause }));
      });
      server.once("listening", resolve);
      if (config.kind === "unix") bindUnix(server, config.path);
      else server.listen({ host: config.host, port: config.port, backlog: 511 });
    });
    server.removeAllListeners("error");
    server.on("error", (error) => {
      this.#ports.log("error", "listener failed", { address: this.#address, error });
    });
    if (config.kind === "unix") await this.#openSocket(server, config);
    this.#address = addressOf(config, server.address());
  }

  async #openSocket(server: Server, config: Extract<ListenerConfig, { kind: "unix" }>): Promise<void> {
    try {
      await openTo(config);
    } catch (error) {
      server.close();
      throw error;
    }
  }

  async reload(): Promise<void> {
    if (this.#tls === undefined || this.#server === undefined) return;
    const loaded = await loadTls(this.#tls);
    (this.#server as TlsServer).setSecureContext(loaded.options);
    this.#ports.log("info", "certificate loaded", { address: this.#address, serial: loaded.serialNumber });
    this.noteExpiry(loaded);
  }

  noteExpiry({ notAfter, serialNumber }: LoadedTls): void {
    const left = notAfter - this.#ports.clock.now();
    if (left > SOON_MS) return;
    this.#ports.log("warn", left > 0 ? "certificate expires soon" : "certificate has expired", {
      address: this.#address,
      serial: serialNumber,
      days: Math.floor(left / 86_400_000),
    });
  }

  async close(deadline: number): Promise<void> {
    const server = this.#server;
    if (server === undefined || this.closing) return;
    this.closing = true;
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    for (const res of this.#open) {
      if (!res.headersSent) res.setHeader("connection", "close");
    }
    server.closeIdleConnections();
    for (const socket of this.#silent) socket.destroy();
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
    const done = new AbortController();
    const late = this.#ports.clock.sleep(deadline, done.signal).then(
      () => {
        this.#ports.log("warn", "requests cut off at shutdown", { address: this.#address, requests: this.#open.size });
        for (const socket of this.#sockets) socket.destroy();
      },
      () => undefined,
    );
    await closed;
    done.abort();
    await late;
  }
}

function serverOptions(config: ListenerConfig): ServerOptions {
  const idle = config.idleTimeout ?? 75_000;
  const request = config.maxRequestDuration ?? 90_000;
  return {
    keepAliveTimeout: idle,
    headersTimeout: Math.min(request, Math.max(config.headerTimeout ?? 80_000, idle + 1000)),
    requestTimeout: request,
    maxHeaderSize: config.maxHeaderSize ?? 64 * KIB,
    connectionsCheckingInterval: Math.min(5000, request),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  };
}

function addressOf(config: ListenerConfig, bound: AddressInfo | string | null): string {
  if (config.kind === "unix") return `unix://${config.path}`;
  const port = bound !== null && typeof bound === "object" ? bound.port : config.port;
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  return `${config.tls === undefined ? "http" : "https"}://${host}:${String(port)}`;
}

function nameOf(config: ListenerConfig): string {
  return config.kind === "unix" ? config.path : `${config.host}:${String(config.port)}`;
}

const SAID: ReadonlyMap<string, string> = new Map([
  ["EADDRINUSE", "the address is in use"],
  ["EACCES", "no permission (ports below 1024 need CAP_NET_BIND_SERVICE)"],
  ["EADDRNOTAVAIL", "no interface of this machine has this address"],
  ["ENOTFOUND", "no such host"],
]);

function said(error: NodeJS.ErrnoException): string {
  return SAID.get(error.code ?? "") ?? error.code ?? "unknown reason";
}
