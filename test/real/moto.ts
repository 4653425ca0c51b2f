/**
 * An AWS that is not ours: moto in server mode, and the house beside it with the aws method mounted and a test signer
 * registered. Source: https://docs.getmoto.org, "Server mode".
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { freePort } from "../fakes/free-port.ts";
import { testSigner } from "../fakes/mint.ts";
import { House } from "./house.ts";

export const MOTO = "/opt/oksae-moto/bin/moto_server";
export const ACCOUNT = "123456789012";
export const REGION = "eu-west-1";
/** One that moto knows. */
export const IMAGE = "ami-12c6146b";
export const ROOT_KEYS = { accessKeyId: "AKIAMOTOMOTOMOTOMOTO", secretAccessKey: "moto-takes-any-secret-key" };
/** Whose documents the house takes. */
export const signer = testSigner("rsa2048");

export interface MotoHouse {
  readonly house: House;
  readonly endpoint: string;
  /** Has the house ask moto with these keys. */
  configure(keys: { readonly accessKeyId: string; readonly secretAccessKey: string }): Promise<void>;
  close(): Promise<void>;
}

/** @returns undefined without moto: the tests are skipped then, and nothing needs to run */
export async function startMoto(): Promise<MotoHouse | undefined> {
  if (!existsSync(MOTO)) return undefined;
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const moto: ChildProcess = spawn(MOTO, ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  const house = new House();
  const close = async (): Promise<void> => {
    moto.kill("SIGKILL");
    await house.close();
  };
  const out: MotoHouse = {
    house,
    endpoint,
    configure: async ({ accessKeyId, secretAccessKey }) => {
      await house.must("POST", "auth/aws/config/client", {
        access_key: accessKeyId,
        secret_key: secretAccessKey,
        endpoint,
        sts_endpoint: endpoint,
        iam_endpoint: endpoint,
        max_retries: 1,
      });
    },
    close,
  };
  try {
    await Promise.all([house.start(), house.until("moto answers", 60, () => answers(endpoint))]);
    await house.init();
    await house.must("POST", "sys/auth/aws", { type: "aws" });
    await house.must("POST", "auth/aws/config/certificate/test", { aws_public_cert: signer.certificate });
    await out.configure(ROOT_KEYS);
  } catch (error) {
    await close();
    throw error;
  }
  return out;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/moto-api/`)).status > 0;
  } catch {
    return false;
  }
}
