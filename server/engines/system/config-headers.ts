/** sys/config/cors, sys/config/ui/headers, sys/config/auditing/request-headers. Source: Vault's API pages of these names. */
import { Fault } from "../../../lib/fault.ts";
import { type Route, route } from "../../contract/engine.ts";
import { nothingHere } from "../../contract/record.ts";
import type { MorePorts } from "./ports.ts";
import { MOST_HEADERS, STANDARD_HEADERS } from "./settings.ts";

type Ports = Pick<MorePorts, "settings">;

/** Values of one header, and characters of one value. */
const MOST_VALUES = 16;
const LONGEST_VALUE = 4096;

export function headerRoutes(ports: Ports): readonly Route[] {
  return [corsRoute(ports), uiList(ports), uiHeader(ports), auditList(ports), auditHeader(ports)];
}

function corsRoute(ports: Ports): Route {
  return route({
    path: "config/cors",
    about: "Which web pages of other origins may call this server",
    fields: {
      enable: { type: "bool", about: "Off takes the settings away", default: true },
      allowed_origins: { type: "strings", about: 'Origins such as "https://ui.example.com", or "*" alone' },
      allowed_headers: { type: "strings", about: "Request headers beside the usual ones" },
      allow_credentials: { type: "bool", about: "Not served: tokens are sent in a header" },
    },
    sudo: true,
    on: {
      read: {
        about: "Reads the settings",
        run: () => {
          const rules = ports.settings.cors();
          const data =
            rules === undefined
              ? { enabled: false }
              : { enabled: true, allowed_origins: rules.allowedOrigins, allowed_headers: rules.allowedHeaders };
          return Promise.resolve({ data, alsoBare: true });
        },
      },
      update: {
        about: "Sets the origins and headers",
        run: async ({ enable, allowed_origins, allowed_headers, allow_credentials }) => {
          if (allow_credentials === true) {
            throw new Fault(
              "invalid",
              "allow_credentials is not served here: leave it out, tokens are sent in a header",
            );
          }
          if (enable === false) {
            await ports.settings.setCors(undefined);
            return undefined;
          }
          const allowedOrigins = origins(allowed_origins ?? []);
          const added = few((allowed_headers ?? []).map(headerName), "allowed_headers");
          const known = new Set(STANDARD_HEADERS.map((name) => name.toLowerCase()));
          const more = added.filter((name) => !known.has(name.toLowerCase()));
          await ports.settings.setCors({ allowedOrigins, allowedHeaders: [...STANDARD_HEADERS, ...more] });
          return undefined;
        },
      },
      delete: {
        about: "Takes the settings away",
        run: async () => {
          await ports.settings.setCors(undefined);
          return undefined;
        },
      },
    },
  });
}

function origins(given: readonly string[]): readonly string[] {
  if (given.length === 0) throw new Fault("invalid", "at least one origin or the wildcard must be provided");
  if (given.includes("*") && given.length > 1) {
    throw new Fault("invalid", "to allow all origins the '*' must be the only value for allowed_origins");
  }
  for (const origin of given) {
    if (origin !== "*" && !/^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@,*]{1,255}$/i.test(origin)) {
      throw new Fault(
        "invalid",
        'field "allowed_origins" must be origins such as "https://ui.example.com", or "*" alone',
      );
    }
  }
  return few([...new Set(given)], "allowed_origins");
}

function few(list: readonly string[], name: string): readonly string[] {
  if (list.length <= MOST_HEADERS) return list;
  throw new Fault("invalid", `field "${name}" takes at most ${String(MOST_HEADERS)} values`);
}

/** In the form Go gives it: "X-Custom-Header". Source: RFC 9110, section 5.1. */
function headerName(text: string): string {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/.test(text)) {
    throw new Fault("invalid", "a header's name holds letters, digits and hyphens, at most 256 of them");
  }
  return text.replace(/[^-]+/g, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase());
}

function uiList(ports: Ports): Route {
  return route({
    path: "config/ui/headers",
    about: "Headers of the user interface's replies",
    fields: {},
    sudo: true,
    on: {
      list: {
        about: "Lists the headers",
        run: () => {
          const keys = [...ports.settings.uiHeaders().keys()].map(headerName).sort();
          if (keys.length === 0) throw nothingHere();
          return Promise.resolve({ data: { keys } });
        },
      },
    },
  });
}

function uiHeader(ports: Ports): Route {
  return route({
    path: "config/ui/headers/:header",
    about: "One header of the user interface's replies",
    fields: {
      header: { type: "string", about: "Its name", required: true },
      values: { type: "strings", about: "Its values" },
      multivalue: { type: "bool", about: "Read all values, not the first alone" },
    },
    sudo: true,
    on: {
      read: {
        about: "Reads its values",
        run: ({ header, multivalue }) => {
          const values = ports.settings.uiHeaders().get(headerName(header).toLowerCase());
          if (values === undefined) throw nothingHere();
          return Promise.resolve({ data: multivalue === true ? { values } : { value: values[0] ?? "" } });
        },
      },
      update: {
        about: "Sets its values",
        run: async ({ header, values }) => {
          const name = headerName(header).toLowerCase();
          if (name.startsWith("x-vault-")) throw new Fault("invalid", "X-Vault headers cannot be set");
          await ports.settings.setUiHeader(name, headerValues(values ?? []));
          return undefined;
        },
      },
      delete: {
        about: "Takes it away",
        run: async ({ header }) => {
          await ports.settings.setUiHeader(headerName(header).toLowerCase(), undefined);
          return undefined;
        },
      },
    },
  });
}

function headerValues(values: readonly string[]): readonly string[] {
  if (values.length === 0 || values.length > MOST_VALUES) {
    throw new Fault("invalid", `field "values" must hold from 1 to ${String(MOST_VALUES)} values`);
  }
  if (values.some((value) => value.length > LONGEST_VALUE || !/^[\t\x20-\x7e]*$/.test(value))) {
    throw new Fault(
      "invalid",
      `field "values" takes printable ASCII, at most ${String(LONGEST_VALUE)} characters each`,
    );
  }
  return values;
}

function auditList(ports: Ports): Route {
  return route({
    path: "config/auditing/request-headers",
    about: "Request headers that the audit shows",
    fields: {},
    sudo: true,
    on: {
      read: {
        about: "Reads all of them",
        run: () => Promise.resolve({ data: { headers: ports.settings.wanted() }, alsoBare: true }),
      },
    },
  });
}

function auditHeader(ports: Ports): Route {
  return route({
    path: "config/auditing/request-headers/:header",
    about: "One request header that the audit shows",
    fields: {
      header: { type: "string", about: "Its name", required: true },
      hmac: { type: "bool", about: "Show an HMAC of its value" },
    },
    sudo: true,
    on: {
      read: {
        about: "Reads how it is shown",
        run: ({ header }) => {
          const name = headerName(header).toLowerCase();
          const found = ports.settings.wanted().get(name);
          if (found === undefined) throw new Fault("invalid", "Could not find header in config");
          return Promise.resolve({ data: new Map([[header, found]]), alsoBare: true });
        },
      },
      update: {
        about: "Shows it from now on",
        run: async ({ header, hmac }) => {
          const name = headerName(header).toLowerCase();
          if (name === "x-vault-token" || name === "authorization") {
            throw new Fault("invalid", "the token's headers are never shown: the entries have the token's HMAC");
          }
          await ports.settings.setAuditHeader(name, hmac ?? false);
          return undefined;
        },
      },
      delete: {
        about: "Shows it no more",
        run: async ({ header }) => {
          await ports.settings.setAuditHeader(headerName(header).toLowerCase(), undefined);
          return undefined;
        },
      },
    },
  });
}
