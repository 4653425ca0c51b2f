/** The audit as the pipeline and the system engine see it; `server/audit` implements it. */

import type { WireWrap } from "../../lib/wire/envelope.ts";
import type { Issued } from "./answer.ts";
import type { Call } from "./call.ts";
import type { Mount, Reply, Route } from "./engine.ts";
import type { Subject } from "./identity.ts";
import type { LeaseInfo } from "./leases.ts";
import type { TokenEntry } from "./token.ts";

/** What one entry is made of. The devices decide the form; nothing here is hashed yet. */
export interface AuditRecord {
  readonly call: Call;
  readonly mount: Mount | undefined;
  /** Whose `fields` tell what is sensitive. */
  readonly route: Route | undefined;
  readonly token: TokenEntry | undefined;
  /** The entity behind it: its policies are the entry's `identity_policies`. */
  readonly subject?: Subject | undefined;
  /** Names of the policies that allowed it; undefined when the policy was not asked. */
  readonly granting: readonly string[] | undefined;
  /** Why it was refused or failed, as the client is told. */
  readonly error: string | undefined;
}

export interface AuditResponse extends AuditRecord {
  /** undefined for 204 and for failures. */
  readonly reply: Reply | undefined;
  /** The token that a login or a token route made: its string and accessor are written as HMACs. */
  readonly issued: Issued | undefined;
  /** Of a wrapped reply: `wrap_info`, the token as an HMAC; the reply's own data stays in the entry, as HMACs. */
  readonly wrap?: WireWrap | undefined;
  readonly lease?: LeaseInfo | undefined;
}

export interface AuditDeviceInfo {
  /** With its trailing slash, as sys/audit lists it. */
  readonly path: string;
  readonly type: string;
  readonly description: string;
  readonly options: ReadonlyMap<string, string>;
}

export interface Audit {
  /** Resolves once at least one device has taken the entry. @throws Fault "internal" when devices are enabled and none has */
  request(record: AuditRecord): Promise<void>;
  response(record: AuditResponse): Promise<void>;
  /** Opens the device and writes a first entry before it is kept. @throws Fault "invalid" naming what is wrong with it */
  enable(info: AuditDeviceInfo): Promise<void>;
  disable(path: string): Promise<void>;
  list(): readonly AuditDeviceInfo[];
  /** "hmac-sha256:…" of `text` with the salt of the device at `path`. @throws Fault "invalid" for an unknown path */
  hash(path: string, text: string): Promise<string>;
  /** Opens what is kept in storage, each with a deadline; one that does not open is named in the log and stays listed, failing. */
  open(): Promise<void>;
  /** SIGHUP: files are opened anew by their path. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}
