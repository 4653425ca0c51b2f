/** The github auth method: members of an organization log in with a personal access token. Source: Vault docs and API, "GitHub auth method". */
import type { EngineKind } from "../../contract/engine.ts";
import type { Github } from "../../contract/github.ts";
import { configRoute } from "./config.ts";
import { loginRoute, renewToken } from "./login.ts";
import { mapRoutes } from "./maps.ts";

export function githubAuth(github: Github): EngineKind {
  return {
    type: "github",
    about: "Members of a GitHub organization log in with a personal access token",
    kind: "auth",
    create: () => ({
      routes: [loginRoute(github), configRoute(github), ...mapRoutes()],
      renew: (token, place) => renewToken(github, token, place),
      forget: () => {
        github.forget();
      },
    }),
  };
}
