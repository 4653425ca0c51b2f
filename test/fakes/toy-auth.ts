/**
 * An auth method without credentials: `login/NAME` logs NAME in, with the metadata, groups and policies it asks for.
 * `groups/NAME` sets the groups that NAME's tokens are renewed with.
 */
import { type EngineKind, route } from "../../server/contract/engine.ts";
import { GRANT } from "./grant.ts";

export const toyAuth: EngineKind = {
  type: "toy",
  about: "Lets everyone in",
  kind: "auth",
  create: () => ({
    renew: async ({ internal }, { storage }) => {
      const name = internal.get("name");
      const bytes = typeof name === "string" ? await storage.get(`groups/${name}`) : undefined;
      const groups = bytes === undefined ? {} : { groups: Buffer.from(bytes).toString().split(",") };
      return { ttl: 0, maxTtl: 0, period: 0, ...groups };
    },
    routes: [
      route({
        path: "groups/:name",
        about: "Groups at renewal",
        fields: {
          name: { type: "string", about: "Who", required: true },
          groups: { type: "strings", about: "In the method's directory", required: true },
        },
        on: {
          update: {
            about: "Sets the groups",
            run: async ({ name, groups }, { storage }) => {
              await storage.transact((tx) => {
                tx.put(`groups/${name}`, Buffer.from(groups.join(",")));
                return Promise.resolve();
              });
              return undefined;
            },
          },
        },
      }),
      route({
        path: "login/:name",
        about: "Logs in",
        login: true,
        fields: {
          name: { type: "string", about: "Who", required: true },
          metadata: { type: "texts", about: "Of the alias" },
          groups: { type: "strings", about: "In the method's directory" },
          policies: { type: "strings", about: "Of the token" },
        },
        on: {
          update: {
            about: "Logs in",
            run: ({ name, metadata, groups, policies }) =>
              Promise.resolve({
                login: {
                  ...GRANT,
                  displayName: name,
                  policies: policies ?? [],
                  alias: name,
                  aliasMetadata: metadata ?? new Map<string, string>(),
                  ...(groups !== undefined && { groupAliases: groups }),
                  internal: new Map([["name", name]]),
                },
              }),
          },
        },
      }),
    ],
  }),
};
