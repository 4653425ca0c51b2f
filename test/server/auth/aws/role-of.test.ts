/** The role a login will go by, as quotas of one role ask for it: without a call to AWS. The method has no lockout. */
import { expect, test } from "@jest/globals";
import type { Context } from "../../../../server/contract/engine.ts";
import { type TestMount, testMount } from "../../../fakes/aws-mount.ts";
import { imdsBase64, mintDocument, mintPkcs7, testSigner } from "../../../fakes/mint.ts";

const roleOf = (aws: TestMount, values: object): Promise<string | undefined> | undefined => {
  const route = aws.engine.routes.find(({ path }) => path === "login");
  expect(route?.aliasOf).toBeUndefined();
  return route?.roleOf?.(values, { storage: aws.storage } as unknown as Context);
};

test("named, or by the image of a document that AWS has signed", async () => {
  const aws = await testMount();
  const pkcs7 = imdsBase64(mintPkcs7(mintDocument({ imageId: "ami-0123456789abcdef1" }), aws.signer));
  const forged = imdsBase64(mintPkcs7(mintDocument({ imageId: "ami-0123456789abcdef1" }), testSigner("rsa2048")));
  expect(await roleOf(aws, { role: "Web", pkcs7 })).toBe("web");
  expect(await roleOf(aws, { role: "", pkcs7 })).toBe("ami-0123456789abcdef1");
  expect(await roleOf(aws, { pkcs7: forged })).toBeUndefined();
  expect(await roleOf(aws, { iam_http_request_method: "POST" })).toBeUndefined();
  expect(aws.cloud.describes).toBe(0);
});
