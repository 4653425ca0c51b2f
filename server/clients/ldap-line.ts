/**
 * One connection to a directory: opened within its time, TLS before anything else is said, bounded in bytes, never
 * opened a second time behind the caller's back (ldapts would reconnect, without StartTLS and without the bind).
 * Source: RFC 4511 section 4.14 (StartTLS), RFC 4513 section 3.1; the README of ldapts.
 */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type SecureVersion, type TLSSocket } from "node:tls";
import { Client } from "ldapts";
import type { LdapServer, TlsVersion } from "../contract/ldap.ts";

/** Bytes that one connection may bring. */
const MOST_BYTES = 16 * 2 ** 20;
/** Milliseconds for a last word to the server. */
const FAREWELL = 500;

export interface Line {
  readonly client: Client;
  /** Says goodbye; the sockets are gone soon after. Repeatable. */
  close(): void;
}

/** @throws Error in Node's or OpenSSL's words when it cannot be opened within `connectionTimeout` */
export async function openLine(url: string, server: LdapServer): Promise<Line> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const encrypted = protocol === "ldaps:";
  const number = port === "" ? (encrypted ? 636 : 389) : Number(port);
  const tls = tlsOptions(host, server);
  const socket = encrypted ? connectTls({ host, port: number, ...tls }) : connectTcp({ host, port: number });
  const line = new OpenLine(socket);
  try {
    return await inTime(server.connectionTimeout, async () => {
      await opened(socket, encrypted ? "secureConnect" : "connect");
      if (!encrypted && server.startTls) await line.startTls(tls);
      return line;
    });
  } catch (error) {
    line.destroy();
    throw error;
  }
}

/** @throws Error "timed out" when `work` takes longer; the work itself goes on until its connection is closed */
export async function inTime<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  const timer = { stop: (): void => undefined };
  const late = new Promise<never>((_, reject) => {
    const handle = setTimeout(() => {
      reject(new Error("timed out"));
    }, milliseconds);
    timer.stop = () => {
      clearTimeout(handle);
    };
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    timer.stop();
  }
}

class OpenLine implements Line {
  readonly client: Client;
  readonly #sockets: Socket[];
  /** What came before TLS. */
  readonly #plain: Buffer[] = [];
  #received = 0;
  #taken = false;

  constructor(socket: Socket) {
    this.#sockets = [socket];
    this.#watch(socket);
    // The socket is there already, encrypted or not: which it is has nothing to say here.
    this.client = new Client({
      url: "ldap://connected",
      createConnection: () => this.#take(),
      createSecureConnection: ((options: ConnectionOptions) => this.#encrypt(options)) as typeof connectTls,
    });
  }

  async startTls(options: ConnectionOptions): Promise<void> {
    const [plain] = this.#sockets;
    plain?.on("data", (bytes: Buffer) => void this.#plain.push(bytes));
    await this.client.startTLS(options);
  }

  close(): void {
    const gone = setTimeout(() => {
      this.destroy();
    }, FAREWELL);
    void this.client
      .unbind()
      .catch(() => undefined)
      .finally(() => {
        clearTimeout(gone);
        this.destroy();
      });
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Once: a second time would be a reconnection, plain and without a bind. */
  #take(): Socket {
    const [socket] = this.#sockets;
    if (this.#taken || socket === undefined) throw new Error("the connection is lost");
    this.#taken = true;
    return socket;
  }

  /**
   * Nothing but the answer to StartTLS may have come in clear: the beginning of a forged answer would be completed by the
   * first bytes that come encrypted.
   */
  #encrypt(options: ConnectionOptions): TLSSocket {
    if (!isOneMessage(Buffer.concat(this.#plain))) throw new Error("unexpected bytes before TLS");
    const socket = connectTls(options);
    this.#sockets.push(socket);
    this.#watch(socket);
    return socket;
  }

  #watch(socket: Socket): void {
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      this.#received += bytes.length;
      if (this.#received > MOST_BYTES) this.destroy();
    });
  }
}

/** One BER element with a length of the short or of a long form, and nothing after it. */
function isOneMessage(bytes: Buffer): boolean {
  const first = bytes[1] ?? 0xff;
  if (first < 0x80) return bytes.length === 2 + first;
  const width = first & 0x7f;
  if (width < 1 || width > 4 || bytes.length < 2 + width) return false;
  return bytes.length === 2 + width + bytes.readUIntBE(2, width);
}

function opened(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => {
      resolve();
    });
    socket.once("error", reject);
    socket.once("close", () => {
      reject(new Error("closed before it was open"));
    });
  });
}

const VERSIONS: Readonly<Record<TlsVersion, SecureVersion>> = {
  tls10: "TLSv1",
  tls11: "TLSv1.1",
  tls12: "TLSv1.2",
  tls13: "TLSv1.3",
};

function tlsOptions(host: string, server: LdapServer): ConnectionOptions {
  const { certificate, clientCertificate, clientKey, insecureTls, tlsMin, tlsMax } = server;
  return {
    // Also the name that the certificate is checked against when the socket was there before.
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(certificate === "" ? {} : { ca: certificate }),
    ...(clientCertificate === "" ? {} : { cert: clientCertificate, key: clientKey.reveal() }),
    rejectUnauthorized: !insecureTls,
    minVersion: VERSIONS[tlsMin],
    maxVersion: VERSIONS[tlsMax],
  };
}
