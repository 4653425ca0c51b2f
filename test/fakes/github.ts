/**
 * GitHub's REST API as far as logins need it, over real HTTP: checks the authorization header, pages with Link headers,
 * answers ETags and 304, and has a rate limit that 304s do not count against. Source: https://docs.github.com/rest.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeTeam {
  readonly id: number;
  readonly name: string;
  readonly slug: string;
  /** Id of the organization. */
  readonly organization: number;
}

export interface FakeUser {
  readonly login: string;
  readonly organizations: number[];
  readonly teams: FakeTeam[];
}

export interface FakeGithub {
  /** Without a slash at the end. */
  readonly url: string;
  /** The login of the organization that `ann` is in, and its id. */
  readonly organization: string;
  readonly organizationId: number;
  /** By token. */
  readonly users: Map<string, FakeUser>;
  /** Logins by id: they may be changed. */
  readonly organizations: Map<number, string>;
  /** "GET /user 200" for each request, in order. */
  readonly said: string[];
  /** Requests that are left before the limit; undefined = without limit. */
  left: number | undefined;
  /** Instead of an answer. */
  instead: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  /** A token of this user: "ann" is in the organization and in its team "devs"; "eve" is in none. */
  tokenOf(login: string): string;
  close(): Promise<void>;
}

export const DEVS: FakeTeam = { id: 501, name: "Devs", slug: "devs", organization: 9001 };

export async function startGithub(): Promise<FakeGithub> {
  const users = new Map<string, FakeUser>([
    [tokenOf("ann"), { login: "ann", organizations: [9001], teams: [DEVS] }],
    [tokenOf("eve"), { login: "eve", organizations: [], teams: [] }],
  ]);
  const server = createServer((request, response) => {
    if (fake.instead?.(request, response) === true) return;
    const status = serve(fake, request, response);
    fake.said.push(`${request.method ?? ""} ${request.url ?? ""} ${String(status)}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const fake: FakeGithub = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    organization: "acme",
    organizationId: 9001,
    users,
    organizations: new Map([[9001, "acme"]]),
    said: [],
    left: undefined,
    instead: undefined,
    tokenOf,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return fake;
}

function tokenOf(login: string): string {
  return `ghp_${createHash("sha256").update(login).digest("hex").slice(0, 36)}`;
}

type Headers = Readonly<Record<string, string>>;

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Headers;
}

/** @returns the status */
function serve(fake: FakeGithub, request: IncomingMessage, response: ServerResponse): number {
  const { status, body, headers } = answerOf(fake, request);
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
  response.end(status === 304 ? undefined : JSON.stringify(body));
  return status;
}

function answerOf(fake: FakeGithub, request: IncomingMessage): Answer {
  const url = new URL(request.url ?? "", fake.url);
  if (request.headers["user-agent"] === undefined)
    return { status: 403, body: { message: "a User-Agent is required" } };
  const organization = /^\/orgs\/([^/]+)$/.exec(url.pathname)?.[1];
  const user = fake.users.get(bearerOf(request));
  if (organization === undefined && user === undefined) return { status: 401, body: { message: "Bad credentials" } };
  const found = organization === undefined ? bodyOf(fake, url.pathname, user) : organizationBody(fake, organization);
  if (found === undefined) return { status: 404, body: { message: "Not Found" } };
  const { body, headers } = Array.isArray(found) ? paged(fake, url, found) : { body: found, headers: {} };
  const etag = `W/"${createHash("sha256").update(JSON.stringify(body)).digest("hex")}"`;
  if (request.headers["if-none-match"] === etag) return { status: 304, headers: { etag, ...headers } };
  return counted(fake) ?? { status: 200, body, headers: { etag, ...headers } };
}

function bearerOf({ headers }: IncomingMessage): string {
  return /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1] ?? "";
}

/** The refusal once nothing is left. */
function counted(fake: FakeGithub): Answer | undefined {
  if (fake.left === undefined) return undefined;
  if (fake.left > 0) {
    fake.left -= 1;
    return undefined;
  }
  const reset = String(Math.floor(Date.now() / 1000) + 90);
  const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset };
  return { status: 403, body: { message: "rate limit" }, headers };
}

function bodyOf(fake: FakeGithub, path: string, user: FakeUser | undefined): unknown {
  if (user === undefined) return undefined;
  if (path === "/user") return { login: user.login, id: 1, two_factor_authentication: true };
  if (path === "/user/orgs")
    return user.organizations.map((id) => ({ id, login: fake.organizations.get(id) ?? "gone" }));
  if (path !== "/user/teams") return undefined;
  return user.teams.map(({ organization, ...team }) => ({
    ...team,
    organization: { id: organization, login: fake.organizations.get(organization) ?? "gone" },
  }));
}

function organizationBody(fake: FakeGithub, name: string): unknown {
  const found = [...fake.organizations].find(([, login]) => login === decodeURIComponent(name));
  return found === undefined ? undefined : { id: found[0], login: found[1] };
}

/** At most 100 a page, 30 unless asked; a Link header as long as there is more. */
function paged(fake: FakeGithub, url: URL, all: readonly unknown[]): { body: readonly unknown[]; headers: Headers } {
  const size = Math.min(100, Number(url.searchParams.get("per_page") ?? 30));
  const page = Number(url.searchParams.get("page") ?? 1);
  const body = all.slice((page - 1) * size, page * size);
  const link = (to: number, rel: string): string =>
    `<${fake.url}${url.pathname}?per_page=${size}&page=${to}>; rel="${rel}"`;
  const last = Math.ceil(all.length / size);
  if (page >= last) return { body, headers: page > 1 ? { link: link(1, "first") } : {} };
  return { body, headers: { link: `${link(page + 1, "next")}, ${link(last, "last")}` } };
}
