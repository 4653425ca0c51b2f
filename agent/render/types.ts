/**
 * What rendering and fetching say to each other. Rendering is synchronous and touches nothing: a template asks a `Lookup`
 * for what it needs; what the lookup does not know yet is reported as missing, the caller fetches it and renders again.
 * The loop is consul-template's (https://github.com/hashicorp/consul-template, `manager/runner.go`).
 */
import type { JsonMap } from "../../lib/wire/json.ts";

/** One thing a template wants to know. Two requests are the same when `requestKey` says so. */
export interface ReadRequest {
  /** "read" a secret, "write" `data` to a path and take the answer, or take the content of a local "file". */
  readonly kind: "read" | "write" | "file";
  /**
   * As the template wrote it, without a leading or trailing slash and without the query; for a file its path untouched.
   * `secret/app/db` on a KV v2 mount still lacks `/data/`: only who knows the mounts can tell, so the fetcher inserts it.
   */
  readonly path: string;
  /** Only for "write": what is sent. consul-template's values are all strings. */
  readonly data?: JsonMap;
  /** Only for "read": the KV v2 version from `?version=N`, at least 1; none means the newest. */
  readonly version?: number;
}

/** What the server answered: the fields of Vault's response envelope. */
export interface SecretResult {
  readonly kind: "secret";
  readonly requestId: string;
  readonly leaseId: string;
  /** Whole seconds, as on the wire. */
  readonly leaseDuration: number;
  readonly renewable: boolean;
  /** The envelope's `data` untouched: on KV v2 it holds `data` and `metadata`. */
  readonly data: JsonMap | null;
  /** The envelope's `auth`, with the wire's own names (`client_token`, `lease_duration`, …). */
  readonly auth: JsonMap | null;
  /** The envelope's `wrap_info`, with the wire's own names. */
  readonly wrapInfo: JsonMap | null;
  readonly warnings: readonly string[];
}

export interface FileResult {
  readonly kind: "file";
  /** Made from the file's bytes by `textFromBytes` of `lib/template/bytes.ts`, so that binary files survive. */
  readonly text: string;
}

export type ReadResult = SecretResult | FileResult;

/** @returns what is known for `request`, `undefined` when it must be fetched first. Must not throw for the unknown. */
export type Lookup = (request: ReadRequest) => ReadResult | undefined;

/** Either the whole text, or everything this pass found missing (each once, in order of first use). */
export type Rendered = { readonly text: string } | { readonly missing: readonly ReadRequest[] };

/** A compiled template: immutable, may be rendered any number of times. */
export interface Template {
  /**
   * Renders against what is known. The text is a secret as soon as any value of it is: wrap it as `Secret`, and turn it into
   * a file's bytes with `bytesFromText` of `lib/template/bytes.ts` (a plain UTF-8 encoder would damage binary values).
   * @throws Fault "invalid" naming template, line and action, never a value: a missing key, a wrong type, a bound passed
   */
  render(known: Lookup): Rendered;
}
