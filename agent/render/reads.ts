/**
 * The functions that need something from outside: `secret` and `file`. Shape and argument order as in consul-template
 * (https://github.com/hashicorp/consul-template/blob/main/docs/templating-language.md).
 */
import { Fault } from "../../lib/fault.ts";
import { wellFormed } from "../../lib/template/bytes.ts";
import type { FunctionMap } from "../../lib/template/functions.ts";
import { PENDING, Struct, type Value } from "../../lib/template/values.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../lib/wire/json.ts";
import { readRequest, requestKey, writeRequest } from "./requests.ts";
import type { Lookup, ReadRequest, ReadResult, SecretResult } from "./types.ts";

/** What one pass over a template asked for in vain. */
export class Missing {
  readonly #requests = new Map<string, ReadRequest>();

  /**
   * A write has effects, so it is asked for only once everything before it is known: something that turns out to be
   * different, or to fail, must not come after it.
   */
  add(request: ReadRequest): void {
    if (request.kind === "write" && this.#requests.size > 0) return;
    this.#requests.set(requestKey(request), request);
  }

  get all(): readonly ReadRequest[] {
    return [...this.#requests.values()];
  }
}

/** @param missing takes what `known` does not know; the function then gives `PENDING` */
export function readFunctions(known: Lookup, missing: Missing): FunctionMap {
  const ask = (request: ReadRequest): ReadResult | undefined => {
    const result = known(request);
    if (result === undefined) missing.add(request);
    return result;
  };
  return new Map([
    [
      "secret",
      {
        parameters: ["string"],
        rest: "string",
        run: ([path, ...pairs]) => {
          const data = writeData(pairs);
          const written = path as string;
          const result = ask(data === undefined ? readRequest(written) : writeRequest(written, data));
          if (result === undefined) return PENDING;
          if (result.kind !== "secret") throw new Fault("internal", "a file was given for a secret");
          return secretValue(result);
        },
      },
    ],
    [
      "file",
      {
        parameters: ["string"],
        run: ([path]) => {
          const result = ask({ kind: "file", path: path as string });
          if (result === undefined) return PENDING;
          if (result.kind !== "file") throw new Fault("internal", "a secret was given for a file");
          return result.text;
        },
      },
    ],
  ]);
}

/** `k=v` arguments; empty ones are passed over, blanks around key and value dropped, as consul-template does. */
function writeData(pairs: readonly Value[]): JsonMap | undefined {
  if (pairs.length === 0) return undefined;
  const data = new Map<string, Json>();
  for (const [i, pair] of pairs.entries()) {
    const text = pair as string;
    if (text === "") continue;
    const sign = text.indexOf("=");
    if (sign < 0) throw new Fault("invalid", `argument ${String(i + 2)} of secret must have the form key=value`);
    data.set(text.slice(0, sign).trim(), text.slice(sign + 1).trim());
  }
  return data;
}

/** consul-template's `dependency.Secret`. */
function secretValue(result: SecretResult): Struct {
  return new Struct(
    "*dependency.Secret",
    new Map<string, Value>([
      ["RequestID", result.requestId],
      ["LeaseID", result.leaseId],
      ["LeaseDuration", BigInt(result.leaseDuration)],
      ["Renewable", result.renewable],
      ["Data", result.data === null ? new Map() : clean(result.data)],
      ["Warnings", result.warnings],
      ["Auth", structFrom(result.auth, "*dependency.SecretAuth", AUTH_FIELDS)],
      ["WrapInfo", structFrom(result.wrapInfo, "*dependency.SecretWrapInfo", WRAP_FIELDS)],
    ]),
  );
}

const AUTH_FIELDS = [
  ["ClientToken", "client_token"],
  ["Accessor", "accessor"],
  ["Policies", "policies"],
  ["Metadata", "metadata"],
  ["LeaseDuration", "lease_duration"],
  ["Renewable", "renewable"],
] as const;
const WRAP_FIELDS = [
  ["Token", "token"],
  ["TTL", "ttl"],
  ["CreationTime", "creation_time"],
  ["WrappedAccessor", "wrapped_accessor"],
] as const;

function structFrom(map: JsonMap | null, type: string, names: readonly (readonly [string, string])[]): Value {
  if (map === null) return null;
  return new Struct(type, new Map(names.map(([field, wire]) => [field, clean(map.get(wire) ?? null)])));
}

/** JSON as a template's value: the same but for unpaired surrogates, which have a meaning of their own there. */
function clean(value: Json): Value {
  if (typeof value === "string") return wellFormed(value);
  if (isJsonList(value)) return value.map(clean);
  if (isJsonMap(value)) return new Map([...value].map(([key, member]) => [wellFormed(key), clean(member)]));
  return value;
}
