/** The method against a server that speaks GitHub's API: settings, mappings, logins, renewals. */
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { githubAuth } from "../../../../server/auth/github/github.ts";
import { githubClient } from "../../../../server/clients/github.ts";
import { BadCredentials } from "../../../../server/contract/guards.ts";
import { type AuthMount, authMount } from "../../../fakes/auth-mount.ts";
import { DEVS, type FakeGithub, startGithub } from "../../../fakes/github.ts";

let fake: FakeGithub;
let at: AuthMount;
beforeEach(async () => {
  fake = await startGithub();
  at = authMount(githubAuth(githubClient({ now: () => Date.now() })));
  await at.call("update", "config", { organization: "acme", base_url: fake.url, token_policies: "all" });
  fake.said.length = 0;
});
afterEach(() => fake.close());

const read = async (): Promise<unknown> => (await at.call("read", "config"))?.data;
const logIn = (login = "ann", address?: string) => at.grant("login", { token: fake.tokenOf(login) }, address);
const refusal = (token: string) => at.refusal("update", "login", { token });

test("the organization's id is asked for when it is not sent, and again when what it belongs to changes", async () => {
  expect(await read()).toMatchObject({ organization: "acme", organization_id: 9001, base_url: `${fake.url}/` });
  await at.call("update", "config", { token_ttl: 60 });
  expect(fake.said).toEqual([]);
  fake.organizations.set(9002, "other");
  await at.call("update", "config", { organization: "other" });
  expect(await read()).toMatchObject({ organization_id: 9002, token_ttl: 60, token_policies: ["all"] });
  await at.call("update", "config", { organization: "acme", organization_id: 7 });
  expect(await read()).toMatchObject({ organization_id: 7 });
  await at.call("update", "config", { organization_id: 0 });
  expect(await read()).toMatchObject({ organization_id: 9001 });
});

test("settings of older Vaults are shown as they were written", async () => {
  await at.call("update", "config", { ttl: "1h", max_ttl: "2h" });
  expect(await read()).toMatchObject({ ttl: 3600, token_ttl: 3600, max_ttl: 7200, token_max_ttl: 7200 });
});

test.each([
  [{ organization: "" }, "organization is a required parameter"],
  [{ organization: "nobody" }, "unable to fetch the organization_id"],
  [{ organization_id: -1 }, "organization_id"],
  [{ base_url: "http://github.example.com/" }, "base_url"],
  [{ base_url: "https://u:p@github.example.com/" }, "base_url"],
  [{ base_url: "https://github.example.com/?x=1" }, "base_url"],
  [{ base_url: "github.example.com" }, "base_url"],
  [{ base_url: "ftp://github.example.com" }, "base_url"],
  [{ token_ttl: 10, token_max_ttl: 5 }, "ttl"],
])("%j is refused", async (body, words) => {
  const before = await read();
  const fault = await at.refusal("update", "config", body);
  expect([fault.kind, fault.message]).toEqual(["invalid", expect.stringContaining(words)]);
  expect(await read()).toEqual(before);
});

test.each([
  "https://github.example.com/api/v3",
  "https://github.example.com",
  "http://localhost:1/",
  "http://[::1]:1",
])("base_url %s is taken with an id, and gets its slash", async (base_url) => {
  await at.call("update", "config", { base_url, organization_id: 5 });
  expect(await read()).toMatchObject({ base_url: `${base_url.replace(/\/$/, "")}/`, organization_id: 5 });
});

test("nobody to ask for the id: 503, with the way out in the words", async () => {
  const fault = await at.refusal("update", "config", { base_url: "http://127.0.0.1:1" });
  expect([fault.status, fault.message]).toEqual([503, expect.stringContaining("you must manually set it")]);
});

test("before it is configured", async () => {
  const bare = authMount(githubAuth(githubClient({ now: () => 0 })));
  expect((await bare.refusal("update", "login", { token: "t" })).message).toBe("configuration has not been set");
  expect(await bare.refusal("read", "config")).toMatchObject({ kind: "not-found" });
});

test("a member's grant", async () => {
  await at.call("update", "map/teams/devs", { value: "dev,Ops" });
  await at.call("update", "map/users/ANN", { value: "mine" });
  const grant = await logIn();
  expect(grant).toMatchObject({
    alias: "ann",
    displayName: "ann",
    policies: ["all", "dev", "mine", "ops"],
    groupAliases: ["501", "Devs", "devs"],
  });
  expect(Object.fromEntries(grant.metadata)).toEqual({ username: "ann", org: "acme" });
  expect(JSON.stringify(at.logs)).not.toContain("ghp_");
});

const teams = (...names: readonly Partial<typeof DEVS>[]): void => {
  const list = names.map((one) => ({ ...DEVS, ...one }));
  fake.users.set(fake.tokenOf("ann"), { login: "ann", organizations: [9001, 9002], teams: list });
};

test.each([
  ["by slug", { name: "Release Eng", slug: "release-eng" }, "release-eng", true],
  ["by name, in any case", { name: "Core", slug: "core-1" }, "CORE", true],
  ["by name with a blank", { name: "Release Eng", slug: "release-eng" }, "Release Eng", true],
  ["by id", { id: 77 }, "77", true],
  ["never by a name that looks like another's id", { id: 5, name: "77", slug: "77" }, "77", false],
  ["never of another organization", { organization: 9002 }, "devs", false],
])("a team matches %s", async (_, team, key, matches) => {
  teams(team);
  await at.call("update", `map/teams/${key}`, { value: "found" });
  expect((await logIn()).policies).toEqual(matches ? ["all", "found"] : ["all"]);
});

test("everyone's policies, of teams and users", async () => {
  await at.call("update", "map/teams/default", { value: "t" });
  await at.call("update", "map/users/default", { value: "u" });
  expect((await logIn()).policies).toEqual(["all", "t", "u"]);
});

test("all pages of organizations and teams count", async () => {
  const others = Array.from({ length: 250 }, (_, i) => 20_000 + i);
  const many = others.map((id) => ({ id, name: `n${id}`, slug: `s${id}`, organization: 9002 }));
  fake.users.set(fake.tokenOf("ann"), { login: "ann", organizations: [...others, 9001], teams: [...many, DEVS] });
  await at.call("update", "map/teams/devs", { value: "dev" });
  expect((await logIn()).policies).toEqual(["all", "dev"]);
});

test("the organization is known by its id: renamed it is the same, another of its name is not", async () => {
  fake.organizations.set(9001, "acme-new").set(9003, "acme");
  expect(Object.fromEntries((await logIn()).metadata)).toMatchObject({ org: "acme-new" });
  fake.users.set(fake.tokenOf("eve"), { login: "eve", organizations: [9003], teams: [] });
  expect(await refusal(fake.tokenOf("eve"))).toMatchObject({ message: "user is not part of required org" });
});

test.each([
  ["unknown to GitHub", "ghp_wrong", "GitHub does not take this token"],
  ["of nobody in the organization", "eve", "user is not part of required org"],
  ["that could split the header", "a\r\nx: y", "GitHub does not take this token"],
  ["that is no header value", "é", "GitHub does not take this token"],
  ["too long", "x".repeat(1025), "GitHub does not take this token"],
])("a token %s is refused: 400", async (_, name, message) => {
  const fault = await refusal(name === "eve" ? fake.tokenOf("eve") : name);
  expect(fault).toBeInstanceOf(BadCredentials);
  expect([fault.status, fault.message]).toEqual([400, message]);
});

test("no token: 400; from elsewhere: 403; neither asks GitHub", async () => {
  expect((await refusal("")).message).toBe("missing token");
  await at.call("update", "config", { token_bound_cidrs: "10.0.0.0/8" });
  const away = await at.refusal("update", "login", { token: fake.tokenOf("ann") }, "11.0.0.0");
  expect(away.kind).toBe("denied");
  expect(fake.said).toEqual([]);
  await expect(logIn("ann", "10.255.255.255")).resolves.toMatchObject({ boundCidrs: ["10.0.0.0/8"] });
});

test("GitHub's rate limit is 503 with Retry-After, and no failed login", async () => {
  fake.left = 1;
  const fault = await refusal(fake.tokenOf("ann"));
  expect([fault.status, fault instanceof BadCredentials, (fault.retryAfter ?? 0) > 0]).toEqual([503, false, true]);
});

test("a renewal costs 304s alone, and brings the groups of now", async () => {
  await at.call("update", "config", { token_ttl: "1h", token_max_ttl: "2h" });
  const grant = await logIn();
  fake.left = 0;
  fake.said.length = 0;
  expect(await at.renew(grant)).toEqual({
    ttl: 3_600_000,
    maxTtl: 7_200_000,
    period: 0,
    groups: ["501", "Devs", "devs"],
  });
  expect(fake.said.map((line) => line.slice(-3))).toEqual(["304", "304", "304"]);
});

test("a renewal is refused for other policies, a member who left, a token that was revoked; not when GitHub is away", async () => {
  const grant = await logIn();
  await at.call("update", "map/teams/devs", { value: "more" });
  await expect(at.renew(grant)).rejects.toMatchObject({ kind: "denied", message: "policies do not match" });
  await at.call("delete", "map/teams/DEVS");
  await expect(at.renew(grant)).resolves.toMatchObject({ groups: ["501", "Devs", "devs"] });
  fake.instead = (_, response) => {
    response.writeHead(503).end();
    return true;
  };
  await expect(at.renew(grant)).rejects.toMatchObject({ kind: "unavailable" });
  fake.instead = undefined;
  fake.users.set(fake.tokenOf("ann"), { login: "ann", organizations: [], teams: [] });
  await expect(at.renew(grant)).rejects.toMatchObject({ kind: "denied" });
  fake.users.delete(fake.tokenOf("ann"));
  await expect(at.renew(grant)).rejects.toMatchObject({ kind: "denied" });
  await expect(at.renew({ ...grant, internal: new Map([["mount", "old"]]) })).rejects.toMatchObject({ kind: "denied" });
});

test.each(["teams", "users"])("map/%s: written, read, listed by GET and LIST, removed", async (map) => {
  await at.call("update", `map/${map}/Dev`, { value: "a,b" });
  expect((await at.call("read", `map/${map}/dEV`))?.data).toEqual({ key: "Dev", value: "a,b" });
  expect((await at.call("read", `map/${map}`))?.data).toEqual({ keys: ["dev"] });
  expect((await at.call("list", `map/${map}/`))?.data).toEqual({ keys: ["dev"] });
  await at.call("delete", `map/${map}/DEV`);
  expect(await at.refusal("read", `map/${map}/dev`)).toMatchObject({ kind: "not-found", errors: [] });
  expect(await at.refusal("list", `map/${map}/`)).toMatchObject({ kind: "not-found", errors: [] });
  await at.call("update", `map/${map}/${"k".repeat(255)}`, { value: "v" });
  expect((await at.refusal("update", `map/${map}/${"k".repeat(256)}`, { value: "v" })).kind).toBe("invalid");
});
