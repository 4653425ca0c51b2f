/** An LDAP directory as the ldap method asks it; `server/clients/ldap.ts` speaks the protocol. Source: RFC 4511. */
import type { Secret } from "../../lib/secret.ts";

export type TlsVersion = "tls10" | "tls11" | "tls12" | "tls13";

export interface LdapServer {
  /** Tried in this order until one can be connected to. */
  readonly urls: readonly string[];
  readonly startTls: boolean;
  /** PEM certificates of authorities that are trusted instead of the system's; "" = the system's. */
  readonly certificate: string;
  /** PEM; "" = none. */
  readonly clientCertificate: string;
  readonly clientKey: Secret;
  readonly insecureTls: boolean;
  readonly tlsMin: TlsVersion;
  readonly tlsMax: TlsVersion;
  /** Milliseconds to connect to one server, TLS and StartTLS included. */
  readonly connectionTimeout: number;
  /** Milliseconds for all that is done in one session. */
  readonly requestTimeout: number;
}

export interface LdapQuery {
  readonly base: string;
  readonly scope: "base" | "sub";
  /** RFC 4515. */
  readonly filter: string;
  readonly attributes: readonly string[];
  /** Entries at most; what is beyond is left out. 0 = the server's own limit. */
  readonly most: number;
  /** Entries a page, by the paged results control (RFC 2696); 0 = in one. */
  readonly pageSize: number;
  readonly dereference: "never" | "finding" | "searching" | "always";
}

export interface LdapEntry {
  readonly dn: string;
  /** By name in lower case. */
  readonly attributes: ReadonlyMap<string, readonly Uint8Array[]>;
}

export interface LdapSession {
  /** A simple bind. @returns false when the directory does not take this name with this password */
  bind(dn: string, password: Secret): Promise<boolean>;
  /** A bind without a password, under a name or "". @returns false when the directory takes none */
  bindWithoutPassword(dn: string): Promise<boolean>;
  /** @throws Fault "upstream" when the directory refuses the search, with its result code */
  search(query: LdapQuery): Promise<readonly LdapEntry[]>;
}

export interface Ldap {
  /**
   * Connects, does the work, closes: whatever happens no connection is left. Nothing is asked again on another server.
   * @throws Fault "unavailable" when no server can be connected to, or the time is over; what `work` throws
   */
  session<T>(server: LdapServer, work: (session: LdapSession) => Promise<T>): Promise<T>;
  /** Whether `search` would take this text as a filter. */
  isFilter(text: string): boolean;
}
