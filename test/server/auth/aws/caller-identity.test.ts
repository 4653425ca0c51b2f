/** STS's answer and the ARN in it: only the one form becomes an identity. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { canonicalArn, matchesArn, parseArn } from "../../../../server/auth/aws/arn.ts";
import { callerOf } from "../../../../server/auth/aws/caller-identity.ts";
import { identityXml } from "../../../fakes/sts.ts";

const ARN = "arn:aws:sts::123456789012:assumed-role/web/i-1";
const good = identityXml({ secret: "", arn: ARN, userId: "AROAWEB:i-1" });
const of = (body: string, change: { status?: number; contentType?: string } = {}) =>
  callerOf({ status: 200, contentType: "text/xml", body, ...change });

test("an answer as AWS writes it", () => {
  const caller = {
    arn: ARN,
    canonicalArn: "arn:aws:iam::123456789012:role/web",
    userId: "AROAWEB:i-1",
    uniqueId: "AROAWEB",
  };
  expect(of(good)).toMatchObject(caller);
  expect(of(`<?xml version="1.0" encoding="UTF-8"?>\n${good}`)).toMatchObject(caller);
  expect(of(good.replace(/\s*\n\s*/g, ""))).toMatchObject(caller);
});

const inside = "<GetCallerIdentityResult>";
test.each<[string, string]>([
  ["nothing", ""],
  ["text", "GetCallerIdentityResponse"],
  ["JSON", '{"GetCallerIdentityResponse":{}}'],
  ["another root", good.replaceAll("GetCallerIdentityResponse", "GetSessionTokenResponse")],
  ["the root further in", `<a>${good}</a>`],
  ["two roots", good + good],
  ["text before", `x${good}`],
  ["text after", `${good}x`],
  ["text between", good.replace(inside, `${inside}x`)],
  ["two ARNs", good.replace(inside, `${inside}<Arn>${ARN}</Arn>`)],
  ["no ARN", good.replace(/<Arn>.*<\/Arn>/, "")],
  ["an empty ARN", good.replace(/<Arn>.*<\/Arn>/, "<Arn></Arn>")],
  ["an ARN with a child", good.replace(ARN, `${ARN}<b></b>`)],
  ["an ARN in another result", good.replaceAll("GetCallerIdentityResult", "Result")],
  ["a comment", good.replace(ARN, `<!-- x -->${ARN}`)],
  ["CDATA", good.replace(ARN, `<![CDATA[${ARN}]]>`)],
  ["a document type", `<!DOCTYPE a [<!ENTITY b "c">]>${good}`],
  ["an entity of its own", good.replace("AROAWEB", "&b;")],
  ["an entity by number", good.replace("AROAWEB", "&#65;")],
  ["an entity named like a member of every object", good.replace("AROAWEB", "&constructor;")],
  ["an attribute", good.replace("<Arn>", '<Arn a="b">')],
  ["tags that cross", "<a><b></a></b>"],
  ["an open tag", good.replace("</GetCallerIdentityResponse>", "")],
  ["a deep tree", `${"<a>".repeat(40)}${"</a>".repeat(40)}`],
  ["many tags", `<a>${"<b></b>".repeat(1000)}</a>`],
  ["another account", good.replace("<Account>123456789012", "<Account>210987654321")],
])("an answer with %s is refused", (_, body) => {
  expect(() => of(body)).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test("status and type must be right", () => {
  expect(() => of(good, { contentType: "application/json" })).toThrow("text/xml");
  expect(() => of(good, { status: 201 })).toThrow("201");
  expect(() => of("<Code><script></Code>", { status: 403 })).toThrow("no code");
});

test("any change of an answer gives the same identity or none", () => {
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.string({ maxLength: 12 }), fc.nat(8), (at, text, cut) => {
      try {
        const { principal } = of(good.slice(0, at) + text + good.slice(at + cut));
        expect(principal.account).toMatch(/^\d{12}$/);
        expect(["user", "role", "assumed-role"]).toContain(principal.type);
      } catch (error) {
        expect(error).toMatchObject({ kind: "invalid" });
      }
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["arn:aws:iam::123456789012:user/ann", "arn:aws:iam::123456789012:user/ann"],
  ["arn:aws:iam::123456789012:user/a/b/ann", "arn:aws:iam::123456789012:user/ann"],
  ["arn:aws-cn:iam::123456789012:role/p/web", "arn:aws-cn:iam::123456789012:role/web"],
  ["arn:aws-us-gov:sts::123456789012:assumed-role/web/s@x", "arn:aws-us-gov:iam::123456789012:role/web"],
])("%s is canonically %s", (arn, canonical) => {
  expect(canonicalArn(parseArn(arn))).toBe(canonical);
});

test.each([
  "",
  "arn:aws:iam::123456789012:root",
  "arn:aws:iam::12345678901:user/ann",
  "arn:aws:iam::123456789012:user/",
  "arn:aws:iam::123456789012:user/an n",
  "arn:aws:iam::123456789012:group/ann",
  "arn:aws:sts::123456789012:federated-user/ann",
  "arn:aws:sts::123456789012:role/web",
  "arn:aws:iam::123456789012:assumed-role/web/s",
  "arn:aws:sts::123456789012:assumed-role/web",
  "arn:aws:sts::123456789012:assumed-role/web/s/t",
  "arn:aws:iam::123456789012:user/ann\n",
  `arn:aws:iam::123456789012:user/${"a".repeat(65)}`,
])("%j is no principal", (arn) => {
  expect(() => parseArn(arn)).toThrow(expect.objectContaining({ kind: "invalid" }));
});

test.each([
  ["arn:aws:iam::1:role/a*", "arn:aws:iam::1:role/ab", true],
  ["arn:aws:iam::1:role/*b", "arn:aws:iam::1:role/ab", false],
  ["arn:aws:iam::1:role/a*c", "arn:aws:iam::1:role/a*c", true],
  ["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/ab", false],
])("%s and %s: %s", (bound, actual, fits) => {
  expect(matchesArn(bound, actual)).toBe(fits);
});
