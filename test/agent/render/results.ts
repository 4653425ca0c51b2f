/** What the fetcher would hand to a template. */

import { requestKey } from "../../../agent/render/requests.ts";
import type { FileResult, Lookup, ReadRequest, SecretResult } from "../../../agent/render/types.ts";
import type { JsonMap } from "../../../lib/wire/json.ts";

export function secretResult(data: JsonMap | null, more: Partial<SecretResult> = {}): SecretResult {
  return {
    kind: "secret",
    requestId: "r",
    leaseId: "",
    leaseDuration: 0,
    renewable: false,
    data,
    auth: null,
    wrapInfo: null,
    warnings: [],
    ...more,
  };
}

/** A lookup over a fixed set, which also tells what it was asked. */
export function lookup(entries: readonly (readonly [ReadRequest, SecretResult | FileResult])[]): Lookup {
  const known = new Map(entries.map(([request, result]) => [requestKey(request), result]));
  return (request) => known.get(requestKey(request));
}
