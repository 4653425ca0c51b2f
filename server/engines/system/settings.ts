/**
 * What sys/config/cors, …/ui/headers and …/auditing/request-headers say: kept in storage, asked from memory with every
 * request. A change is on disk before it is in force. Source: Vault's API pages of these names.
 */
import { Fault } from "../../../lib/fault.ts";
import { Serial } from "../../../lib/serial.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../../lib/wire/json.ts";
import type { AuditHeaders } from "../../contract/audit-headers.ts";
import type { CorsRules, HttpPolicy } from "../../contract/http-policy.ts";
import { readRecord, recordBytes } from "../../contract/record.ts";
import type { Storage } from "../../contract/storage.ts";

export interface Settings extends HttpPolicy, AuditHeaders {
  /** undefined switches CORS off. */
  setCors(rules: Pick<CorsRules, "allowedOrigins" | "allowedHeaders"> | undefined): Promise<void>;
  /** @param values undefined takes the header away. @throws Fault "invalid" past the most that are kept */
  setUiHeader(name: string, values: readonly string[] | undefined): Promise<void>;
  /** @param hmac undefined takes the header away. @throws Fault "invalid" past the most that are kept */
  setAuditHeader(name: string, hmac: boolean | undefined): Promise<void>;
  open(): Promise<void>;
  forget(): void;
}

/** What a browser may send in any case. Source: the sample on Vault's API page "/sys/config/cors". */
export const STANDARD_HEADERS: readonly string[] = [
  "Content-Type",
  "X-Requested-With",
  "X-Vault-AWS-IAM-Server-ID",
  "X-Vault-MFA",
  "X-Vault-No-Request-Forwarding",
  "X-Vault-Wrap-Format",
  "X-Vault-Wrap-TTL",
  "X-Vault-Policy-Override",
  "Authorization",
  "X-Vault-Token",
];

/** Headers of each kind; every one of them costs time with every request. */
export const MOST_HEADERS = 100;

const CORS = "cors";
const UI = "ui-headers";
const AUDIT = "audit-headers";
const NO_UI: ReadonlyMap<string, readonly string[]> = new Map();
const NO_AUDIT: ReadonlyMap<string, { readonly hmac: boolean }> = new Map();

/** @param storage this part's own view */
export function settingsStore(storage: Storage): Settings {
  return new SettingsStore(storage);
}

class SettingsStore implements Settings {
  readonly #storage: Storage;
  readonly #inTurn = new Serial();
  #cors: CorsRules | undefined;
  #ui = NO_UI;
  #audit = NO_AUDIT;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  cors(): CorsRules | undefined {
    return this.#cors;
  }

  uiHeaders(): ReadonlyMap<string, readonly string[]> {
    return this.#ui;
  }

  wanted(): ReadonlyMap<string, { readonly hmac: boolean }> {
    return this.#audit;
  }

  setCors(rules: Pick<CorsRules, "allowedOrigins" | "allowedHeaders"> | undefined): Promise<void> {
    return this.#inTurn.run(CORS, async () => {
      await this.#storage.transact((tx) => {
        if (rules === undefined) tx.delete(CORS);
        else tx.put(CORS, recordBytes({ origins: rules.allowedOrigins, headers: rules.allowedHeaders }));
        return Promise.resolve();
      });
      this.#cors = rules;
    });
  }

  setUiHeader(name: string, values: readonly string[] | undefined): Promise<void> {
    return this.#change(
      UI,
      () => this.#ui,
      [name, values],
      (next) => {
        this.#ui = next;
      },
    );
  }

  setAuditHeader(name: string, hmac: boolean | undefined): Promise<void> {
    const value = hmac === undefined ? undefined : { hmac };
    return this.#change(
      AUDIT,
      () => this.#audit,
      [name, value],
      (next) => {
        this.#audit = next;
      },
    );
  }

  async open(): Promise<void> {
    const cors = await readRecord(this.#storage, CORS);
    this.#cors =
      cors === undefined
        ? undefined
        : { allowedOrigins: textsIn(cors.get("origins")), allowedHeaders: textsIn(cors.get("headers")) };
    this.#ui = mapOf(await readRecord(this.#storage, UI), textsIn);
    this.#audit = mapOf(await readRecord(this.#storage, AUDIT), (json) => ({
      hmac: isJsonMap(json) && json.get("hmac") === true,
    }));
  }

  forget(): void {
    this.#cors = undefined;
    this.#ui = NO_UI;
    this.#audit = NO_AUDIT;
  }

  /** One change after the other: the record is always the whole map. */
  #change<V extends readonly string[] | { readonly hmac: boolean }>(
    key: string,
    now: () => ReadonlyMap<string, V>,
    [name, value]: readonly [string, V | undefined],
    keep: (next: ReadonlyMap<string, V>) => void,
  ): Promise<void> {
    return this.#inTurn.run(key, async () => {
      const next = new Map(now());
      if (value === undefined) next.delete(name);
      else next.set(name, value);
      if (next.size > MOST_HEADERS) {
        throw new Fault("invalid", `there are ${String(MOST_HEADERS)} headers already: delete one first`);
      }
      await this.#storage.transact((tx) => {
        tx.put(key, recordBytes(Object.fromEntries(next)));
        return Promise.resolve();
      });
      keep(next);
    });
  }
}

function textsIn(json: Json | undefined): readonly string[] {
  return isJsonList(json) ? json.filter((item) => typeof item === "string") : [];
}

function mapOf<V>(record: JsonMap | undefined, read: (json: Json) => V): ReadonlyMap<string, V> {
  return new Map([...(record ?? [])].map(([name, json]) => [name, read(json)]));
}
