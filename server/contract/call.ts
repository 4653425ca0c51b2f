/** A request after `server/http` has read it and before anything has been decided about it. */
import type { Secret } from "../../lib/secret.ts";
import type { JsonMap } from "../../lib/wire/json.ts";

export type Operation = "read" | "list" | "create" | "update" | "patch" | "delete";

export interface Call {
  /** A UUID; the reply's `request_id` and the key of its two audit entries. */
  readonly id: string;
  /** "create" only after the core has found that nothing exists there yet; http sends "update" for POST and PUT. */
  readonly operation: Operation;
  /**
   * Below "/v1/", decoded once, cleaned, without a leading slash: "secret/data/app/db". Policy, router, audit
   * and storage see this same string. A LIST always ends in "/".
   */
  readonly path: string;
  /** The body of a write; the query of a read, list or delete (each value a string). */
  readonly data: JsonMap;
  /** As the client sent it; undefined when it sent none. */
  readonly token: Secret | undefined;
  /** Milliseconds asked for by X-Vault-Wrap-TTL. */
  readonly wrapTtl: number | undefined;
  readonly remote: { readonly address: string; readonly port: number };
  /** Names in lower case. Without the token and authorization headers. */
  readonly headers: ReadonlyMap<string, string>;
  /** What the listener it came in by lets anyone do; without it, nothing of that. */
  readonly listener?: ListenerRights;
}

/** Vault's classic wire: whoever reaches the listener may restart and cancel, without nonce or token (CVE-2026-5807). */
export interface ListenerRights {
  /** `disable_unauthed_rekey_endpoints = false`. */
  readonly unauthedRekey: boolean;
  /** `disable_unauthed_generate_root_endpoints = false`. */
  readonly unauthedGenerateRoot: boolean;
}
