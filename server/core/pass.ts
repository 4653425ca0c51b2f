/** What is known of one request on its way through the pipeline. */
import type { Call } from "../contract/call.ts";
import type { Context, Route } from "../contract/engine.ts";
import type { Subject } from "../contract/identity.ts";
import type { TokenEntry } from "../contract/token.ts";
import type { Checked } from "./fields.ts";
import type { Slot } from "./router.ts";

export interface Pass {
  call: Call;
  readonly slot: Slot | undefined;
  readonly route: Route | undefined;
  checked: Checked | undefined;
  token: TokenEntry | undefined;
  subject: Subject | undefined;
  /** The token has a limited number of uses and this request has taken one. */
  used: boolean;
  granting: readonly string[] | undefined;
}

export function contextOf({ call, token, subject }: Pass, slot: Slot): Context {
  return { storage: slot.storage, call, mount: slot.mount, token, subject };
}
