/** Every route of Vault's aws method, valid and bad, on an AWS in this process. */
import { awsAuth } from "../../../server/auth/aws/aws.ts";
import { facts, fakeCloud, INSTANCE } from "../../fakes/aws-mount.ts";
import { imdsBase64, mintDocument, mintPkcs7, testSigner } from "../../fakes/mint.ts";
import { awsArea } from "../cases/aws.ts";
import { cover } from "../cover.ts";

const cloud = fakeCloud();
const signer = testSigner("rsa2048");
const pending = "2026-01-05T12:00:00Z";
cloud.instances.set(INSTANCE, facts());

cover(awsArea, {
  kinds: [awsAuth(cloud)],
  prepare: () =>
    Promise.resolve({
      pem: signer.certificate,
      pkcs7: imdsBase64(mintPkcs7(mintDocument({ pendingTime: pending }), signer)),
      instance: INSTANCE,
      pending,
    }),
});
