/** One instance of the fleet on this machine: its metadata service, its configuration with ten items, and its agent. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { startAws } from "../../test/fakes/ec2.ts";
import { startImds } from "../../test/fakes/imds.ts";
import type { Call } from "../client.ts";
import { prepareMount } from "../prepare.ts";
import { CERTIFICATE, endWithUs, stop } from "../subjects.ts";

/** Templates, and as many env files. */
const PAIRS = 5;
export const ITEMS = 2 * PAIRS;
const ACCOUNT = "111122223333";
const REGION = "eu-west-1";
const INSTANCE = "i-0f1e2d3c4b5a69788";
const MOUNT = "bench-fleet";

export interface Fleet {
  /** Starts an agent on empty destinations. @returns it, and the milliseconds until all ten files were in place */
  readonly boot: () => Promise<{ readonly agent: ChildProcess; readonly rendered: number; readonly first: number }>;
  readonly close: () => Promise<void>;
}

export async function startFleet(call: Call, address: string): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), "oksae-bench-agent-"));
  const out = join(folder, "out");
  const now = new Date();
  const cloud = await startAws({ accountId: ACCOUNT });
  cloud.add({ instanceId: INSTANCE, accountId: ACCOUNT, region: REGION, launchTime: now.getTime() });
  const pendingTime = now.toISOString().replace(/\.\d+/, "");
  const imds = await startImds({ fields: { accountId: ACCOUNT, region: REGION, instanceId: INSTANCE, pendingTime } });
  await prepareMount(call);
  for (let i = 0; i < ITEMS; i += 1) {
    const data = new Map([
      ["username", `app-${String(i)}`],
      ["password", `pass word ${String(i)}`],
    ]);
    await call("POST", `bench/data/agent-${String(i)}`, { data });
  }
  await teach(call, cloud, imds.signers.rsa2048.certificate);
  const config = join(folder, "agent.hcl");
  writeFileSync(config, agentConfig({ folder, out, address, metadata: imds.url }), { mode: 0o600 });
  return {
    boot: async () => {
      rmSync(out, { recursive: true, force: true });
      mkdirSync(out, { mode: 0o700 });
      return bootAgent(config, out);
    },
    close: async () => {
      await imds.close();
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The aws method beside what is there: whose signature counts, where EC2 is, what an instance of the account may read. */
async function teach(call: Call, cloud: Awaited<ReturnType<typeof startAws>>, certificate: string): Promise<void> {
  await call("POST", `sys/auth/${MOUNT}`, { type: "aws" });
  await call("POST", `auth/${MOUNT}/config/certificate/bench`, {
    aws_public_cert: certificate,
    type: "pkcs7",
    kind: "rsa2048",
    regions: REGION,
  });
  const { accessKey: access_key, secretKey: secret_key, url: endpoint } = cloud;
  await call("POST", `auth/${MOUNT}/config/client`, {
    access_key,
    secret_key,
    endpoint,
    iam_endpoint: endpoint,
    sts_endpoint: endpoint,
  });
  await call("POST", `auth/${MOUNT}/role/bench`, {
    auth_type: "ec2",
    bound_account_id: ACCOUNT,
    policies: "bench",
    allowed_documents: "rsa2048",
  });
}

async function bootAgent(
  config: string,
  out: string,
): Promise<{ readonly agent: ChildProcess; readonly rendered: number; readonly first: number }> {
  const program = new URL("./agent.mjs", import.meta.url).pathname;
  const start = performance.now();
  const agent = spawn(process.execPath, [program, "-config", config], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { PATH: process.env["PATH"] ?? "" },
  });
  endWithUs(agent);
  let first = 0;
  while (placed(out) < ITEMS) {
    if (agent.exitCode !== null) throw new Error("the agent ended before its files were in place: see above");
    if (performance.now() - start > 30_000) {
      await stop(agent);
      throw new Error("the files were not in place within 30 s");
    }
    if (first === 0 && placed(out) > 0) first = performance.now() - start;
    await wait(2);
  }
  const rendered = performance.now() - start;
  return { agent, rendered, first: first === 0 ? rendered : first };
}

/** Under their final names: what is being written has another. */
function placed(out: string): number {
  return readdirSync(out).filter((name) => /^(?:env|template)-\d+$/.test(name)).length;
}

interface Places {
  readonly folder: string;
  readonly out: string;
  readonly address: string;
  readonly metadata: string;
}

function agentConfig({ folder, out, address, metadata }: Places): string {
  const items = Array.from({ length: PAIRS }, (_, i) => itemsOf(out, i)).join("\n");
  const trust = address.startsWith("https:") ? `ca_cert = "${CERTIFICATE}"` : "";
  return `vault {
  address = "${address}"
  ${trust}
}
auto_auth {
  method "aws" {
    mount_path = "auth/${MOUNT}"
    config {
      type          = "ec2"
      role          = "bench"
      document      = "rsa2048"
      nonce_path    = "${folder}/nonce"
      imds_endpoint = "${metadata}"
    }
  }
}
log_level   = "warn"
status_file = "${folder}/status.json"
${items}`;
}

function itemsOf(out: string, i: number): string {
  const n = String(i);
  return `env_file "${out}/env-${n}" {
  secrets = ["bench/data/agent-${String(2 * i)}"]
  format  = "systemd"
}
template {
  contents    = "{{ with secret \\"bench/data/agent-${String(2 * i + 1)}\\" }}user={{ .Data.data.username }} pass={{ .Data.data.password }}{{ end }}\\n"
  destination = "${out}/template-${n}"
}
`;
}
