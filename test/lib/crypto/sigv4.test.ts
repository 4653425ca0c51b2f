/** Signatures against AWS's own vectors; the login's fields against what auth/aws/login takes. */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { iamLoginFields, signRequest, stsUrl } from "../../../lib/crypto/sigv4.ts";
import { Secret } from "../../../lib/secret.ts";

interface Vector {
  readonly source: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly token?: string;
  readonly signedHeaders: string;
  readonly signature: string;
}

const vectors = JSON.parse(
  readFileSync(new URL("../../vectors/sigv4/aws-c-auth.json", import.meta.url), "utf8"),
) as Vector[];
// The suite's own keys, in each context.json.
const KEYS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: new Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
};
const TIME = Date.UTC(2015, 7, 30, 12, 36);

test.each(vectors)("$source", ({ signature, signedHeaders, token, ...request }) => {
  const keys = { ...KEYS, ...(token === undefined ? {} : { sessionToken: new Secret(token) }) };
  const signed = signRequest(request, keys, { region: "us-east-1", service: "service", time: TIME });
  const scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
  expect(new Map(signed).get("Authorization")).toBe(
    `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  );
  expect(new Map(signed).get("X-Amz-Date")).toBe("20150830T123600Z");
});

const decoded = (text: string): string => Buffer.from(text, "base64").toString("utf8");
const proof = (region: string, serverId = "", token?: string) =>
  iamLoginFields({
    keys: { ...KEYS, ...(token === undefined ? {} : { sessionToken: new Secret(token) }) },
    region,
    serverId,
    time: TIME,
  });

test("a login's fields: a POST of GetCallerIdentity to the region's endpoint, its headers signed", () => {
  const fields = proof("eu-west-1", "vault.example.com", "session");
  expect(fields.iam_http_request_method).toBe("POST");
  expect(decoded(fields.iam_request_url)).toBe("https://sts.eu-west-1.amazonaws.com/");
  expect(decoded(fields.iam_request_body)).toBe("Action=GetCallerIdentity&Version=2011-06-15");
  const headers = JSON.parse(decoded(fields.iam_request_headers)) as Record<string, string[]>;
  expect(headers).toMatchObject({
    Host: ["sts.eu-west-1.amazonaws.com"],
    "Content-Length": ["43"],
    "X-Vault-AWS-IAM-Server-ID": ["vault.example.com"],
    "X-Amz-Security-Token": ["session"],
    "X-Amz-Date": ["20150830T123600Z"],
  });
  expect(headers["Authorization"]?.[0]).toContain("Credential=AKIDEXAMPLE/20150830/eu-west-1/sts/aws4_request");
  expect(headers["Authorization"]?.[0]).toContain(
    "SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-security-token;x-vault-aws-iam-server-id",
  );
  expect(JSON.stringify(fields)).not.toContain("wJalr");
});

test.each([
  ["", "https://sts.amazonaws.com/", "/us-east-1/sts/"],
  ["us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com/", "/us-gov-west-1/sts/"],
  ["cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn/", "/cn-north-1/sts/"],
])("region %j: %s", (region, url, scope) => {
  expect(stsUrl(region)).toBe(url);
  const fields = proof(region);
  expect(decoded(fields.iam_request_url)).toBe(url);
  expect(decoded(fields.iam_request_headers)).toContain(scope);
  expect(decoded(fields.iam_request_headers)).not.toContain("Server-ID");
});
