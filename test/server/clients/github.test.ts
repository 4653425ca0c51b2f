/** The client of GitHub's API against a server that pages, limits and answers 304; and against ones that misbehave. */
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Secret } from "../../../lib/secret.ts";
import { githubClient } from "../../../server/clients/github.ts";
import type { Github, GithubAccess } from "../../../server/contract/github.ts";
import { type FakeGithub, startGithub } from "../../fakes/github.ts";

let fake: FakeGithub;
let github: Github;
let ann: GithubAccess;
beforeEach(async () => {
  fake = await startGithub();
  github = githubClient({ now: () => Date.now() }, { timeout: 2000 });
  ann = { baseUrl: `${fake.url}/`, token: new Secret(fake.tokenOf("ann")) };
});
afterEach(() => fake.close());

const manyTeams = (count: number): void => {
  const teams = Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    name: `T ${i}`,
    slug: `t-${i}`,
    organization: 9001,
  }));
  fake.users.set(fake.tokenOf("ann"), { login: "ann", organizations: [9001], teams });
};

test("user, organizations, teams, an organization by its login", async () => {
  expect(await github.user(ann)).toBe("ann");
  expect(await github.organizations(ann)).toEqual([{ id: 9001, login: "acme" }]);
  expect(await github.teams(ann)).toEqual([{ id: 501, name: "Devs", slug: "devs", organizationId: 9001 }]);
  expect(await github.organization({ ...ann, token: undefined }, "acme")).toEqual({ id: 9001, login: "acme" });
});

test.each([
  [0, 1],
  [99, 1],
  [100, 1],
  [101, 2],
  [2000, 20],
])("%i teams are read in %i pages", async (count, pages) => {
  manyTeams(count);
  expect(await github.teams(ann)).toHaveLength(count);
  expect(fake.said).toHaveLength(pages);
});

test("more pages than the bound are refused", async () => {
  manyTeams(2001);
  await expect(github.teams(ann)).rejects.toMatchObject({ kind: "upstream" });
  expect(fake.said).toHaveLength(20);
});

test("the second time every page costs a 304, and changes are seen", async () => {
  manyTeams(150);
  const first = await github.teams(ann);
  expect(await github.teams(ann)).toEqual(first);
  expect(fake.said.map((line) => line.slice(-3))).toEqual(["200", "200", "304", "304"]);
  fake.users.get(fake.tokenOf("ann"))?.teams.splice(100);
  expect(await github.teams(ann)).toHaveLength(100);
});

test("what is remembered belongs to its token: another's, or none, is asked anew; a revoked one is refused", async () => {
  await github.user(ann);
  const eve = { ...ann, token: new Secret(fake.tokenOf("eve")) };
  expect(await github.user(eve)).toBe("eve");
  fake.users.delete(fake.tokenOf("ann"));
  await expect(github.user(ann)).rejects.toMatchObject({ kind: "denied" });
});

test("what is remembered is bounded, and dropped on demand", async () => {
  const small = githubClient({ now: () => Date.now() }, { remembered: 100_000 });
  manyTeams(2000);
  await small.teams(ann);
  await small.teams(ann);
  const hits = fake.said.slice(20).filter((line) => line.endsWith("304")).length;
  expect(hits).toBeLessThan(20);
  manyTeams(1);
  await small.teams(ann);
  small.forget();
  fake.said.length = 0;
  await small.teams(ann);
  expect(fake.said[0]).toMatch(/200$/);
});

test("the rate limit: unavailable, with GitHub's own time; 304s do not count", async () => {
  await github.user(ann);
  fake.left = 0;
  expect(await github.user(ann)).toBe("ann");
  const refused = github.organizations(ann);
  await expect(refused).rejects.toMatchObject({ kind: "unavailable", status: 503 });
  const { retryAfter } = (await refused.catch((error: unknown) => error)) as { retryAfter: number };
  expect(retryAfter).toBeGreaterThan(80_000);
  expect(retryAfter).toBeLessThanOrEqual(90_000);
});

const answering = (status: number, headers: Record<string, string> = {}, body = "{}"): void => {
  fake.instead = (_, response) => {
    response.writeHead(status, headers).end(body);
    return true;
  };
};

test.each([
  [429, { "retry-after": "7" }, "unavailable", 7000],
  [403, { "retry-after": "30" }, "unavailable", 30_000],
  [429, { "retry-after": "999999" }, "unavailable", 3_600_000],
  [429, {}, "unavailable", 60_000],
  [429, { "retry-after": "soon", "x-ratelimit-reset": "1" }, "unavailable", 60_000],
  [403, { "x-ratelimit-remaining": "12" }, "denied", undefined],
  [401, {}, "denied", undefined],
  [404, {}, "not-found", undefined],
  [500, {}, "unavailable", 60_000],
  [502, {}, "unavailable", 60_000],
  [301, { location: "http://127.0.0.1:1/user" }, "upstream", undefined],
  [302, { location: "/elsewhere" }, "upstream", undefined],
  [304, {}, "upstream", undefined],
  [204, {}, "upstream", undefined],
  [400, {}, "upstream", undefined],
])("status %i with %j is %s", async (status, headers, kind, retryAfter) => {
  answering(status, headers);
  await expect(github.user(ann)).rejects.toMatchObject({ kind, ...(retryAfter === undefined ? {} : { retryAfter }) });
});

test.each([
  "",
  "{",
  "[]",
  "null",
  '"x"',
  "{}",
  '{"login":5}',
  '{"login":""}',
])("a user as %j is refused", async (body) => {
  answering(200, {}, body);
  await expect(github.user(ann)).rejects.toMatchObject({ kind: "upstream" });
});

test.each([
  "{}",
  "[1]",
  "[{}]",
  '[{"id":"1","login":"a"}]',
  '[{"id":0,"login":"a"}]',
  '[{"id":1.5,"login":"a"}]',
])("organizations as %j are refused", async (body) => {
  answering(200, {}, body);
  await expect(github.organizations(ann)).rejects.toMatchObject({ kind: "upstream" });
});

test("the next page is one of this very API, wherever its link leads", async () => {
  fake.instead = (request, response) => {
    fake.said.push(request.url ?? "");
    const link = '<http://127.0.0.1:1/steal?page=2>; rel="next"';
    const more: Record<string, string> = fake.said.length < 3 ? { link } : {};
    response.writeHead(200, more).end('[{"id":1,"login":"a"}]');
    return true;
  };
  expect(await github.organizations(ann)).toHaveLength(3);
  expect(fake.said).toEqual([1, 2, 3].map((page) => `/user/orgs?per_page=100&page=${page}`));
});

test("an answer over 4 MiB, or one that never ends, is cut off", async () => {
  answering(200, {}, `{"login":"a","x":"${"x".repeat(4 * 2 ** 20)}"}`);
  await expect(github.user(ann)).rejects.toMatchObject({ kind: "upstream" });
  const quick = githubClient({ now: () => 0 }, { timeout: 200 });
  const endings: ((response: ServerResponse) => void)[] = [
    () => undefined,
    (response) => void response.writeHead(200).write('{"login":'),
    (response) => void response.destroy(),
  ];
  for (const answer of endings) {
    fake.instead = (_, response) => {
      answer(response);
      return true;
    };
    await expect(quick.user(ann)).rejects.toMatchObject({ kind: "unavailable", retryAfter: 5000 });
  }
});

test("so many at a time, the next is refused, and there is room again afterwards", async () => {
  const narrow = githubClient({ now: () => 0 }, { most: 2 });
  const [first, second, third] = [narrow.user(ann), narrow.user(ann), narrow.user(ann)];
  await expect(third).rejects.toMatchObject({ kind: "unavailable", retryAfter: 2000 });
  expect(await Promise.all([first, second])).toEqual(["ann", "ann"]);
  expect(await narrow.user(ann)).toBe("ann");
});

test("nobody there: unavailable", async () => {
  await expect(github.user({ ...ann, baseUrl: "http://127.0.0.1:1/" })).rejects.toMatchObject({ kind: "unavailable" });
});
