/**
 * What an iam login may have sent on to STS. Each way in which CVE-2020-16250 and CVE-2020-16251 bent that request is
 * refused. Source: Google Project Zero, "Enter the Vault: Authentication Issues in HashiCorp Vault" (2020).
 */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { iamLoginFields } from "../../../../lib/crypto/sigv4.ts";
import { Fault } from "../../../../lib/fault.ts";
import { Secret } from "../../../../lib/secret.ts";
import { parseJson, stringifyJson } from "../../../../lib/wire/json.ts";
import { callerRequest } from "../../../../server/auth/aws/caller-request.ts";
import type { ClientConfig } from "../../../../server/auth/aws/config-client.ts";
import type { CallerRequest } from "../../../../server/contract/sts.ts";

const CONFIG: ClientConfig = {
  accessKey: "",
  secretKey: new Secret(""),
  ec2Endpoint: "",
  iamEndpoint: "",
  stsEndpoint: "",
  stsRegion: "",
  useStsRegionFromClient: false,
  serverIdHeader: "",
  allowedStsHeaders: [],
  maxRetries: -1,
};
const keys = { accessKeyId: "AKIAUSERUSERUSERUSER", secretAccessKey: new Secret("x") };
const good = iamLoginFields({ keys, region: "", serverId: "", time: Date.UTC(2026, 0, 5) });
const base64 = (text: string): string => Buffer.from(text).toString("base64");
type Headers = Readonly<Record<string, string | readonly string[]>>;
const HEADERS = JSON.parse(Buffer.from(good.iam_request_headers, "base64").toString()) as Record<string, string[]>;
const signing = (names: string): Headers => ({
  Authorization: HEADERS["Authorization"]?.[0]?.replace(/SignedHeaders=[^,]+/, `SignedHeaders=${names}`) ?? "",
});

interface Change {
  readonly method?: string;
  readonly url?: string;
  readonly body?: string;
  readonly headers?: Headers;
  /** Instead of an object. */
  readonly rawHeaders?: string;
  readonly config?: Partial<ClientConfig>;
}

function request({ method = "POST", url, body, headers = {}, rawHeaders, config = {} }: Change): CallerRequest {
  const all = rawHeaders ?? parseJson(stringifyJson({ ...HEADERS, ...headers }));
  return callerRequest(
    {
      method,
      url: url === undefined ? good.iam_request_url : base64(url),
      body: body === undefined ? good.iam_request_body : base64(body),
      headers: all,
    },
    { ...CONFIG, ...config },
  );
}

function refusalOf(change: Change): string {
  try {
    request(change);
  } catch (error) {
    if (error instanceof Fault && error.kind === "invalid") return error.message;
    throw error;
  }
  return "not refused";
}

test("a plain request goes to the configured endpoint with the signed host and no header that is not signed", () => {
  const sent = request({ headers: { Accept: "application/json", Cookie: "a=b", Connection: "upgrade" } });
  expect(sent).toMatchObject({ endpoint: "https://sts.amazonaws.com/", host: "sts.amazonaws.com", method: "POST" });
  expect([...sent.headers.keys()].sort()).toEqual(["authorization", "content-type", "x-amz-date"]);
  const own = request({
    url: "https://sts.eu-west-1.amazonaws.com",
    config: { stsEndpoint: "http://10.0.0.9:4566" },
    headers: { Host: "sts.eu-west-1.amazonaws.com" },
  });
  expect(own.endpoint).toBe("http://10.0.0.9:4566");
});

test.each<[string, Change, string]>([
  ["another method", { method: "PUT" }, "only POST and GET"],
  ["a query", { url: "https://sts.amazonaws.com/?Action=GetSessionToken" }, "no query string"],
  ["a path", { url: "https://sts.amazonaws.com/evil" }, "iam_request_url"],
  ["a path that is cleaned away", { url: "https://sts.amazonaws.com/a/.." }, "iam_request_url"],
  ["a fragment", { url: "https://sts.amazonaws.com/#x" }, "iam_request_url"],
  ["a user", { url: "https://sts.amazonaws.com@evil.com/" }, "iam_request_url"],
  ["a backslash", { url: "https://evil.com\\@sts.amazonaws.com/" }, "iam_request_url"],
  ["another scheme", { url: "ftp://sts.amazonaws.com/" }, "iam_request_url"],
  ["a line break in the URL", { url: "https://sts.amazonaws.com/\r\nX: y" }, "iam_request_url"],
  ["another host", { url: "https://evil.com/", headers: { Host: "evil.com" } }, "STS endpoint"],
  [
    "a host that begins so",
    { url: "https://sts.amazonaws.com.evil.com/", headers: { Host: "sts.amazonaws.com.evil.com" } },
    "STS endpoint",
  ],
  [
    "another port",
    { url: "https://sts.amazonaws.com:8443/", headers: { Host: "sts.amazonaws.com:8443" } },
    "STS endpoint",
  ],
  ["a Host unlike the URL", { headers: { Host: "evil.com" } }, "header Host"],
  ["another action", { body: "Action=GetSessionToken&Version=2011-06-15" }, "iam_request_body"],
  ["a second action", { body: "Action=GetCallerIdentity&Version=2011-06-15&Action=X" }, "iam_request_body"],
  ["a further parameter", { body: "Action=GetCallerIdentity&Version=2011-06-15&ContentType=JSON" }, "iam_request_body"],
  ["another version", { body: "Action=GetCallerIdentity&Version=2011-06-16" }, "iam_request_body"],
  ["a wrong length", { headers: { "Content-Length": "44" } }, "Content-Length"],
  ["another type of body", { headers: { "Content-Type": "application/json" } }, "Content-Type"],
  [
    "JSON asked for by a signed Accept",
    { headers: { Accept: "application/json", ...signing("accept;host;x-amz-date") } },
    "XML only",
  ],
  [
    "an X-Amz header of another kind",
    { headers: { "X-Amz-Target": "AWSSecurityTokenService.X" } },
    "invalid request header: x-amz-target",
  ],
  [
    "a signed header of another kind",
    { headers: { "X-Forwarded-Host": "x", ...signing("host;x-amz-date;x-forwarded-host") } },
    "invalid request header: x-forwarded-host",
  ],
  [
    "a signed header that hops",
    { headers: { "Transfer-Encoding": "chunked", ...signing("host;transfer-encoding;x-amz-date") } },
    "invalid request header",
  ],
  ["a signed header that is missing", { headers: signing("host;user-agent;x-amz-date") }, "lacks a header"],
  ["a header twice by case", { headers: { "x-amz-date": "20260105T000000Z" } }, "each header once"],
  ["a header with two values", { headers: { "X-Amz-Date": ["a", "b"] } }, "one value"],
  ["a header without a value", { headers: { "X-Amz-Date": [] } }, "one value"],
  ["a line break in a value", { headers: { "User-Agent": "x\r\nX-Amz-Target: y" } }, "printable"],
  ["a line break in a name", { headers: { "X-A\r\nHost": "y" } }, "each header once"],
  ["no signature", { headers: { Authorization: "Bearer x" } }, "AWS signature version 4"],
  ["a host that is not signed", { headers: signing("x-amz-date") }, "Host must be among the signed"],
  [
    "a signature for another service",
    { headers: { Authorization: HEADERS["Authorization"]?.[0]?.replace("/sts/", "/iam/") ?? "" } },
    "service sts",
  ],
  ["headers that are a list", { rawHeaders: "[]" }, "iam_request_headers"],
  ["headers that are no JSON", { rawHeaders: "{" }, "iam_request_headers"],
  ["headers that are no base64", { rawHeaders: "%%%" }, "base64"],
])("refuses %s", (_, change, message) => {
  expect(refusalOf(change)).toContain(message);
});

test("allowed_sts_header_values lets a signed header through", () => {
  const change = { headers: { "X-Forwarded-Host": "x", ...signing("host;x-amz-date;x-forwarded-host") } };
  const { headers } = request({ ...change, config: { allowedStsHeaders: ["X-Forwarded-Host"] } });
  expect(headers.get("x-forwarded-host")).toBe("x");
});

test.each([
  "sts.amazonaws.com",
  "sts.eu-west-1.amazonaws.com",
  "sts-fips.us-gov-west-1.amazonaws.com",
  "sts.cn-north-1.amazonaws.com.cn",
  "vpce-0123-abcd.sts.eu-west-1.vpce.amazonaws.com",
  "127.0.0.1:5000",
])("the host %s may be signed when it is AWS's or the endpoint's own", (host) => {
  const stsEndpoint = host.startsWith("127") ? `http://${host}` : "";
  expect(request({ url: `https://${host}/`, headers: { Host: host }, config: { stsEndpoint } }).host).toBe(host);
});

const QUERY: Readonly<Record<string, string>> = {
  Action: "GetCallerIdentity",
  Version: "2011-06-15",
  "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
  "X-Amz-Credential": "AKIAUSERUSERUSERUSER/20260105/us-east-1/sts/aws4_request",
  "X-Amz-Date": "20260105T000000Z",
  "X-Amz-Expires": "60",
  "X-Amz-SignedHeaders": "host",
  "X-Amz-Signature": "0".repeat(64),
};
const get = (change: Readonly<Record<string, string>> = {}, more = ""): Change => ({
  method: "GET",
  url: `https://sts.amazonaws.com/?${new URLSearchParams({ ...QUERY, ...change }).toString()}${more}`,
  rawHeaders: "{}",
});

test("a GET that is signed in its query is sent on with it", () => {
  const { url = "" } = get();
  const sent = callerRequest({ method: "GET", url: base64(url), body: "", headers: "{}" }, CONFIG);
  expect(sent).toMatchObject({ method: "GET", query: url.slice(url.indexOf("?")), body: "" });
});

test.each<[string, Change, string]>([
  ["a body", get(), "no body"],
  ["another action", { ...get({ Action: "GetSessionToken" }), body: "" }, "signed GetCallerIdentity alone"],
  ["a parameter twice", { ...get({}, "&Action=GetCallerIdentity"), body: "" }, "signed GetCallerIdentity alone"],
  ["a further parameter", { ...get({ Format: "json" }), body: "" }, "signed GetCallerIdentity alone"],
  ["a parameter of every object", { ...get({ constructor: "x" }), body: "" }, "signed GetCallerIdentity alone"],
  ["the host not signed", { ...get({ "X-Amz-SignedHeaders": "x-amz-date" }), body: "" }, "Host must be among"],
  ["a second signature", { ...get(), body: "", rawHeaders: '{"Authorization":"x"}' }, "in its query alone"],
])("refuses a GET with %s", (_, change, message) => {
  const body = change.body === "" ? "" : good.iam_request_body;
  const { url = "", rawHeaders = "" } = change;
  expect(() => callerRequest({ method: "GET", url: base64(url), body, headers: rawHeaders }, CONFIG)).toThrow(message);
});

test("whatever comes, the endpoint is the configured one and only that action goes there", () => {
  const text = fc.oneof(fc.string(), fc.constantFrom("https://sts.amazonaws.com/", "POST", "GET", "\r\n"));
  const headers = fc.dictionary(fc.string(), fc.oneof(text, fc.array(text)));
  fc.assert(
    fc.property(fc.constantFrom("POST", "GET"), text, text, headers, (method, url, body, more) => {
      try {
        const sent = request({ method, url, body, headers: more });
        expect(sent.endpoint).toBe("https://sts.amazonaws.com/");
        expect(sent.body + sent.query).toContain("GetCallerIdentity");
        expect([...sent.headers].join("")).not.toMatch(/[\r\n]/);
      } catch (error) {
        expect(error).toMatchObject({ kind: "invalid" });
      }
    }),
  );
});
