/** The token as something an item can render: a sink is an item whose one input is the token. */
import type { Known } from "./fetch/store.ts";
import type { Values } from "./item.ts";
import type { Lookup, ReadRequest, Rendered } from "./render/types.ts";
import type { TokenKeeper } from "./token/keeper.ts";

const TOKEN: ReadRequest = { kind: "file", path: "the token" };

export function renderToken(known: Lookup): Rendered {
  const value = known(TOKEN);
  return value?.kind === "file" ? { text: value.text } : { missing: [TOKEN] };
}

/** @param key what `requestKey` says of the one request there is */
export function tokenValues(keeper: TokenKeeper, key: (request: ReadRequest) => string): Values {
  return {
    known: (): Known => {
      const { token, status } = keeper;
      if (token === undefined) return { value: undefined, version: 0, problem: undefined, readAt: 0 };
      const value = { kind: "file", text: token.reveal() } as const;
      return { value, version: status.logins, problem: undefined, readAt: status.lastLogin };
    },
    want: () => undefined,
    subscribe: (listener) =>
      keeper.subscribe(() => {
        listener(key(TOKEN));
      }),
  };
}
