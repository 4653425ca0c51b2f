/** The ldap method's port over ldapts. Source: RFC 4511 (result codes in appendix A), the README of ldapts. */
import { type Client, type Entry, FilterParser, type SearchOptions, SearchRequest, type SearchResult } from "ldapts";
import { Fault } from "../../lib/fault.ts";
import type { Ldap, LdapEntry, LdapQuery, LdapServer, LdapSession } from "../contract/ldap.ts";
import { inTime, type Line, openLine } from "./ldap-line.ts";

/** Milliseconds. */
const RETRY = 5000;

/**
 * Results of a bind that are about its name or password: no such object, invalid DN, inappropriate authentication,
 * invalid credentials, insufficient access rights, unwilling (a password that is locked or must be changed), constraint.
 */
const REFUSED: ReadonlySet<number> = new Set([19, 32, 34, 48, 49, 50, 53]);
/** Time limit, administrative limit, busy, unavailable. */
const PASSING: ReadonlySet<number> = new Set([3, 11, 51, 52]);

/** Sessions at one time: a directory that hangs must not gather connections without end. */
const MOST = 200;

export function ldapDirectory(most = MOST): Ldap {
  let underWay = 0;
  return {
    session: async (server, work) => {
      if (underWay >= most) throw unavailable("too many logins at the directory at this moment", undefined);
      underWay += 1;
      try {
        return await inSession(server, work);
      } finally {
        underWay -= 1;
      }
    },
    isFilter: (text) => parsed(text) !== undefined,
  };
}

async function inSession<T>(server: LdapServer, work: (session: LdapSession) => Promise<T>): Promise<T> {
  const line = await connect(server);
  try {
    return await inTime(server.requestTimeout, () => work(sessionOn(line.client, server.requestTimeout)));
  } catch (error) {
    throw error instanceof Fault ? error : unavailable("the directory does not answer", error);
  } finally {
    line.close();
  }
}

/** The first server that can be connected to. */
async function connect(server: LdapServer): Promise<Line> {
  const failed: Error[] = [];
  for (const url of server.urls) {
    try {
      return await openLine(url, server);
    } catch (error) {
      failed.push(new Error(url, { cause: error }));
    }
  }
  throw unavailable("the directory cannot be reached", new AggregateError(failed, failed.map(told).join("; ")));
}

function told(error: Error): string {
  return `${error.message}: ${error.cause instanceof Error ? error.cause.message : "unknown"}`;
}

function unavailable(message: string, cause: unknown): Fault {
  return new Fault("unavailable", message, { cause, retryAfter: RETRY });
}

function sessionOn(client: Client, timeout: number): LdapSession {
  return {
    bind: (dn, password) => bind(client, dn, password.reveal()),
    bindWithoutPassword: (dn) => bind(client, dn, ""),
    search: (query) => search(client, query, timeout),
  };
}

async function bind(client: Client, dn: string, password: string): Promise<boolean> {
  try {
    await client.bind(dn, password);
    return true;
  } catch (error) {
    const code = resultOf(error);
    if (code !== undefined && REFUSED.has(code)) return false;
    throw failure("a bind", code, error);
  }
}

async function search(client: Client, query: LdapQuery, timeout: number): Promise<readonly LdapEntry[]> {
  const filter = parsed(query.filter);
  if (filter === undefined) throw new Fault("invalid", "the filter for the directory is none: check the configuration");
  const options: SearchOptions = {
    scope: query.scope,
    filter,
    attributes: [...query.attributes],
    explicitBufferAttributes: [...query.attributes],
    sizeLimit: query.most,
    timeLimit: Math.ceil(timeout / 1000),
    ...(query.pageSize === 0 ? {} : { paged: { pageSize: query.pageSize } }),
  };
  try {
    const searched =
      query.dereference === "never" ? client.search(query.base, options) : dereferenced(client, query, options);
    return (await searched).searchEntries.map(entryOf);
  } catch (error) {
    throw failure("a search", resultOf(error), error);
  }
}

const DEREFERENCES = { finding: "find", searching: "search", always: "always", never: "never" } as const;

/**
 * ldapts 8.2 has the option but does not hand it on to the request, so the request is made here and given to the client's
 * own sender, in one page.
 */
async function dereferenced(client: Client, query: LdapQuery, options: SearchOptions): Promise<SearchResult> {
  const { filter, attributes = [], explicitBufferAttributes = [], sizeLimit = 0, timeLimit = 0 } = options;
  if (filter === undefined || typeof filter === "string") throw new Error("the filter must have been read");
  if (!client.isConnected) throw new Error("the connection is lost");
  const request = new SearchRequest({
    messageId: -1,
    baseDN: query.base,
    scope: query.scope,
    derefAliases: DEREFERENCES[query.dereference],
    filter,
    attributes,
    explicitBufferAttributes,
    sizeLimit,
    timeLimit,
  });
  const result: SearchResult = { searchEntries: [], searchReferences: [] };
  await (client as unknown as Sender)._sendSearch(request, result, false, 0);
  return result;
}

/** A part of ldapts' client that it does not show. */
interface Sender {
  _sendSearch(request: SearchRequest, result: SearchResult, paged: boolean, pageSize: number): Promise<unknown>;
}

function parsed(text: string): ReturnType<typeof FilterParser.parseString> | undefined {
  try {
    return FilterParser.parseString(text);
  } catch {
    return undefined;
  }
}

function entryOf({ dn, ...rest }: Entry): LdapEntry {
  const attributes = new Map<string, readonly Uint8Array[]>();
  for (const [name, value] of Object.entries(rest)) {
    const values = Array.isArray(value) ? value : [value];
    attributes.set(
      name.toLowerCase(),
      values.map((one) => (typeof one === "string" ? Buffer.from(one) : one)),
    );
  }
  return { dn, attributes };
}

function resultOf(error: unknown): number | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "number" ? code : undefined;
}

/** Result codes are the directory's word about our configuration; no code means that the connection broke. */
function failure(what: string, code: number | undefined, cause: unknown): Fault {
  if (code === undefined || PASSING.has(code)) return unavailable("the directory does not answer", cause);
  return new Fault("upstream", `the directory refuses ${what}: LDAP result ${String(code)}`, { cause });
}
