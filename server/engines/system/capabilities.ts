/** What a token may do at paths: sys/capabilities, -self, -accessor. Source: Vault's API pages of these names. */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import { type Fields, type Reply, type Route, route, type Values } from "../../contract/engine.ts";
import type { TokenEntry } from "../../contract/token.ts";
import { effectiveAcl } from "./effective.ts";
import type { SystemPorts } from "./ports.ts";

type Ports = Pick<SystemPorts, "policies" | "tokens" | "identity">;

const PATHS = {
  paths: { type: "strings", about: "The paths to ask about" },
  path: { type: "strings", about: "As `paths`", deprecated: true },
} as const satisfies Fields;

export function capabilityRoutes(ports: Ports): readonly Route[] {
  return [ofToken(ports), ofSelf(ports), ofAccessor(ports)];
}

function ofToken(ports: Ports): Route {
  return route({
    path: "capabilities",
    about: "What a token may do",
    fields: { ...PATHS, token: { type: "string", about: "The token to ask about", required: true, sensitive: true } },
    on: {
      update: {
        about: "Answers the capabilities at each path",
        run: async (values) => answer(ports, values, await ports.tokens.find(new Secret(values.token)), "token"),
      },
    },
  });
}

function ofSelf(ports: Ports): Route {
  return route({
    path: "capabilities-self",
    about: "What the calling token may do",
    fields: { ...PATHS, token: { type: "string", about: "Ignored: the calling token counts", sensitive: true } },
    on: {
      update: {
        about: "Answers the capabilities at each path",
        run: (values, { token }) => answer(ports, values, token, "token"),
      },
    },
  });
}

function ofAccessor(ports: Ports): Route {
  return route({
    path: "capabilities-accessor",
    about: "What the token of an accessor may do",
    fields: { ...PATHS, accessor: { type: "string", about: "The token's accessor", required: true } },
    on: {
      update: {
        about: "Answers the capabilities at each path",
        run: async (values) => answer(ports, values, await ports.tokens.byAccessor(values.accessor), "accessor"),
      },
    },
  });
}

/** With one path, its list is also under "capabilities", as clients of the older form expect. */
async function answer(
  ports: Ports,
  values: Values<typeof PATHS>,
  token: TokenEntry | undefined,
  what: string,
): Promise<Reply> {
  const paths = values.paths ?? values.path ?? [];
  if (paths.length === 0) throw new Fault("invalid", 'missing field "paths": give at least one path');
  if (token === undefined) throw new Fault("invalid", `invalid ${what}`);
  const acl = await effectiveAcl(ports, token);
  const data = new Map(paths.map((path) => [path, acl.capabilities(path)] as const));
  const [only, ...more] = [...data.values()];
  if (only !== undefined && more.length === 0) data.set("capabilities", only);
  return { data, alsoBare: true };
}
