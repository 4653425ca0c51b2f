/** `?help=1` as a call of its own: sys/path-help takes the token, the seal and the audit into account like any other route. */
import type { EncodableRecord } from "../../lib/wire/json.ts";
import type { Core } from "../contract/answer.ts";
import type { Call } from "../contract/call.ts";

export function pathHelp(core: Core): (call: Call) => Promise<EncodableRecord> {
  return async (call) => {
    const { reply } = await core.handle({
      ...call,
      operation: "read",
      path: `sys/path-help/${call.path}`,
      data: new Map(),
      wrapTtl: undefined,
    });
    return reply?.bare ?? {};
  };
}
