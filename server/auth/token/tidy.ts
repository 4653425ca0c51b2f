/** `tidy`: deletes what points nowhere, beside requests. Source: Vault API, "auth/token/tidy". */
import { type Route, route } from "../../contract/engine.ts";
import type { TokenAuth } from "./parts.ts";

const STARTED =
  "Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.";

export function tidyRoute({ tokens, log }: Pick<TokenAuth, "tokens" | "log">): Route {
  // One at a time: more would only do the same.
  let running = false;
  return route({
    path: "tidy",
    about: "Deletes accessors, children and leases without a token",
    fields: {},
    on: {
      update: {
        about: "Starts to tidy",
        run: () => {
          if (running) return Promise.resolve({ status: 202, warnings: ["Tidy operation already in progress."] });
          running = true;
          tokens
            .tidy()
            .catch((error: unknown) => {
              log("error", "tidying tokens failed", error instanceof Error ? { error } : {});
            })
            .finally(() => {
              running = false;
            });
          return Promise.resolve({ status: 202, warnings: [STARTED] });
        },
      },
    },
  });
}
