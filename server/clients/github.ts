/**
 * The github method's port over HTTP. Answers are remembered with their ETags, by token and address, so that a renewal
 * costs GitHub's "304 Not Modified", which does not count against the rate limit; the token is asked about every time.
 */
import { createHash } from "node:crypto";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import { Lru } from "../../lib/lru.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap, JsonNumber } from "../../lib/wire/json.ts";
import type { Github, GithubAccess, GithubOrganization, GithubTeam } from "../contract/github.ts";
import { getGithub } from "./github-http.ts";

const PER_PAGE = 100;
/** Pages of one list: 2,000 teams. */
const MOST_PAGES = 20;
/** Requests under way at one time; what is beyond is refused. */
const MOST = 64;
/** Bytes of answers that are remembered. */
const REMEMBERED = 8 * 2 ** 20;
/** Milliseconds of one request. */
const TIMEOUT = 10_000;

export interface GithubLimits {
  readonly timeout: number;
  readonly most: number;
  readonly remembered: number;
}

interface Page {
  readonly etag: string;
  readonly items: Json;
  readonly more: boolean;
}

/** Idle connections end by themselves. */
export function githubClient(clock: Pick<Clock, "now">, limits: Partial<GithubLimits> = {}): Github {
  const { timeout = TIMEOUT, most = MOST, remembered = REMEMBERED } = limits;
  const pages = new Lru<Page>(remembered);
  const agents = {
    "https:": new HttpsAgent({ keepAlive: true, timeout, minVersion: "TLSv1.2" }),
    "http:": new HttpAgent({ keepAlive: true, timeout }),
  };
  let underWay = 0;

  const get = async ({ baseUrl, token }: GithubAccess, path: string): Promise<Omit<Page, "etag">> => {
    const url = new URL(path, baseUrl);
    const key = createHash("sha256")
      .update(`${token?.reveal() ?? ""}\0${url.href}`)
      .digest("base64");
    const known = pages.get(key);
    const agent = agents[url.protocol === "https:" ? "https:" : "http:"];
    const answer = await getGithub({ url, token, etag: known?.etag, agent, timeout, now: clock.now() });
    if (answer === undefined && known !== undefined) return known;
    if (answer === undefined) throw new Fault("upstream", "GitHub answers 304 to what was not asked");
    const page = { items: answer.body, more: answer.more };
    // Several times the text, once it is read.
    if (answer.etag !== undefined) pages.set(key, { ...page, etag: answer.etag }, answer.bytes * 4);
    return page;
  };

  /** The server's own: GitHub's limits are for the whole of us. */
  const bounded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (underWay >= most)
      throw new Fault("unavailable", "too many logins at GitHub at this moment", { retryAfter: 2000 });
    underWay += 1;
    try {
      return await work();
    } finally {
      underWay -= 1;
    }
  };

  const list = (access: GithubAccess, path: string): Promise<readonly JsonMap[]> =>
    bounded(async () => {
      const out: JsonMap[] = [];
      for (let page = 1; page <= MOST_PAGES; page += 1) {
        const { items, more } = await get(access, `${path}?per_page=${String(PER_PAGE)}&page=${String(page)}`);
        if (!isJsonList(items)) throw unread();
        out.push(...items.map(mapOf));
        if (!more) return out;
      }
      throw new Fault("upstream", `GitHub lists more than ${String(PER_PAGE * MOST_PAGES)}: too many to go through`);
    });

  const one = async (access: GithubAccess, path: string): Promise<JsonMap> =>
    bounded(async () => mapOf((await get(access, path)).items));

  return {
    user: async (access) => textOf(await one(access, "user"), "login"),
    organizations: async (access) => (await list(access, "user/orgs")).map(organizationOf),
    teams: async (access) => (await list(access, "user/teams")).map(teamOf),
    organization: async (access, login) => organizationOf(await one(access, `orgs/${encodeURIComponent(login)}`)),
    forget: () => {
      pages.clear();
    },
  };
}

function organizationOf(map: JsonMap): GithubOrganization {
  return { id: idOf(map), login: textOf(map, "login") };
}

function teamOf(map: JsonMap): GithubTeam {
  const organizationId = idOf(mapOf(map.get("organization")));
  return { id: idOf(map), name: textOf(map, "name"), slug: textOf(map, "slug"), organizationId };
}

function mapOf(value: Json | undefined): JsonMap {
  if (!isJsonMap(value)) throw unread();
  return value;
}

function textOf(map: JsonMap, name: string): string {
  const value = map.get(name);
  if (typeof value !== "string" || value === "") throw unread();
  return value;
}

function idOf(map: JsonMap): number {
  const value = map.get("id");
  const id = value instanceof JsonNumber ? Number(value.text) : Number.NaN;
  if (!Number.isSafeInteger(id) || id <= 0) throw unread();
  return id;
}

function unread(): Fault {
  return new Fault("upstream", "GitHub's answer is not what its API says: check base_url");
}
