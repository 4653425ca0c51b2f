/** Every route of area auth/github is answered. */
import { afterAll } from "@jest/globals";
import { githubAuth } from "../../../server/auth/github/github.ts";
import { githubClient } from "../../../server/clients/github.ts";
import { type FakeGithub, startGithub } from "../../fakes/github.ts";
import { githubArea } from "../cases/github.ts";
import { cover } from "../cover.ts";

let fake: FakeGithub | undefined;
afterAll(() => fake?.close());

cover(githubArea, {
  kinds: [githubAuth(githubClient({ now: () => Date.now() }))],
  prepare: async () => {
    fake = await startGithub();
    return { github: fake.url, ann: fake.tokenOf("ann") };
  },
});
