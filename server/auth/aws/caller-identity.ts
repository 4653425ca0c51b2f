/**
 * STS's answer to GetCallerIdentity: who signed the request. Read strictly, because whoever logs in has chosen the request
 * (CVE-2020-16250: an answer that is no XML, or XML of another call, must not become an identity).
 * Source: STS API reference, GetCallerIdentity, "Response Syntax"; XML 1.0, of which this reads the part that STS writes.
 */
import { Fault } from "../../../lib/fault.ts";
import type { StsAnswer } from "../../contract/sts.ts";
import { canonicalArn, type PrincipalArn, parseArn } from "./arn.ts";

/** Milliseconds that a client is told to wait when STS throttles. */
const RETRY_AFTER = 5000;
const DEEPEST = 4;
const MOST_TAGS = 32;

export interface Caller {
  /** As STS gives it. */
  readonly arn: string;
  readonly principal: PrincipalArn;
  readonly canonicalArn: string;
  /** "AROA…:session". */
  readonly userId: string;
  /** The part of `userId` before the colon: of the role, the user. */
  readonly uniqueId: string;
}

/** @throws Fault "invalid" for a refusal of STS and for any answer that is none of GetCallerIdentity; "unavailable" when throttled */
export function callerOf(answer: StsAnswer): Caller {
  if (answer.status !== 200) throw refusal(answer);
  if (answer.contentType !== "text/xml") throw unexpected("it is not of the type text/xml");
  const members = readXml(answer.body);
  const member = (name: string): string => {
    const [value, second] = members.get(`GetCallerIdentityResponse/GetCallerIdentityResult/${name}`) ?? [];
    if (value === undefined || second !== undefined || value === "") throw unexpected(`it has not one ${name}`);
    return value;
  };
  const [arn, userId, account] = [member("Arn"), member("UserId"), member("Account")];
  const principal = parseArn(arn);
  if (account !== principal.account) throw unexpected("account and ARN are not of one account");
  const [uniqueId = ""] = userId.split(":", 1);
  return { arn, principal, canonicalArn: canonicalArn(principal), userId, uniqueId };
}

function refusal({ status, body }: StsAnswer): Fault {
  const code = /<Code>([A-Za-z]{1,64})<\/Code>/.exec(body)?.[1] ?? "no code";
  if (/^(?:Throttling|RequestLimitExceeded|TooManyRequests)/.test(code)) {
    return new Fault("unavailable", "AWS is throttling sts:GetCallerIdentity: try again", { retryAfter: RETRY_AFTER });
  }
  const text = `error making upstream request: received error code ${String(status)} from STS: ${code}`;
  return new Fault("invalid", text);
}

function unexpected(why: string): Fault {
  return new Fault("invalid", `error making upstream request: STS's answer cannot be used, ${why}`);
}

const DECLARATION = /^<\?xml version="1\.0"(?: encoding="UTF-8")?\?>\s*/i;
const TOKEN = /([^<]*)<(\/?)([A-Za-z]+)(?: xmlns="[^"<>&]*")?>/y;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

interface Token {
  /** Before the tag. */
  readonly text: string;
  readonly closes: boolean;
  readonly name: string;
}

/** @returns the texts of the elements without children, by their path. No attributes, comments, CDATA, types or instructions */
function readXml(document: string): ReadonlyMap<string, readonly string[]> {
  const out = new Map<string, string[]>();
  const open: string[] = [];
  // Path of the element that was opened last, while nothing has been closed since.
  let leaf: string | undefined;
  for (const [at, { text, closes, name }] of tokensOf(document).entries()) {
    const path = open.join("/");
    const ownText = closes && leaf === path;
    if ((open.length === 0 && at > 0) || (!ownText && text.trim() !== "")) throw noXml();
    if (!closes) {
      if (open.push(name) > DEEPEST) throw noXml();
      leaf = open.join("/");
      continue;
    }
    if (open.pop() !== name) throw noXml();
    if (ownText) add(out, path, unescape(text));
    leaf = undefined;
  }
  if (open.length > 0) throw noXml();
  return out;
}

function add(out: Map<string, string[]>, path: string, text: string): void {
  out.set(path, [...(out.get(path) ?? []), text]);
}

function tokensOf(document: string): readonly Token[] {
  const body = document.replace(DECLARATION, "").trimEnd();
  const out: Token[] = [];
  let end = 0;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(body); match !== null; match = TOKEN.exec(body)) {
    const [, text = "", slash, name = ""] = match;
    out.push({ text, closes: slash === "/", name });
    end = TOKEN.lastIndex;
    if (out.length > MOST_TAGS) throw noXml();
  }
  if (out.length === 0 || end !== body.length) throw noXml();
  return out;
}

const noXml = (): Fault => unexpected("it is not the XML of GetCallerIdentity");

function unescape(text: string): string {
  return text.replace(/&([a-z]*);?/g, (whole, name: string) => {
    const value = whole.endsWith(";") && Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
    if (value === undefined) throw noXml();
    return value;
  });
}
