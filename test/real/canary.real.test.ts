/**
 * No secret, token, nonce, share or key lies anywhere but where it belongs. The whole story runs with real processes at log
 * level debug, with its failures; then every byte that it left behind is searched: logs and outputs, the audit, the
 * store, status files, arguments and environments of processes. A leak planted in each of these places is found.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join, relative } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { systemRandom } from "../../lib/random.ts";
import { startAws } from "../demo/aws.ts";
import { type Canary, canary, formsOf, leaksIn, needlesOf } from "./canaries.ts";
import { House, PROGRAM, type Program } from "./house.ts";

const fresh = (): string => systemRandom().bytes(18).toString("base64url");

/** Each is unique to this run. Some hold what encoders escape. */
const VALUES = {
  password: `p"w\\d/+<&é= ${fresh()}`,
  second: `second/+"${fresh()}`,
  nested: `nested-${fresh()}`,
  number: `9${systemRandom().bytes(20).toString("hex").replace(/\D/g, "7").slice(0, 19)}`,
  lines: `first\n${fresh()}`,
  notJson: `{"broken": ${fresh()}`,
  badBody: `bad-body-${fresh()}`,
  badToken: `hvs.${fresh()}${fresh()}`,
  thiefsNonce: `thief-${fresh()}`,
  badProof: `${fresh()}${fresh()}`,
  badShare: systemRandom().bytes(33).toString("base64"),
} as const;

const house = new House({ arguments: ["-log-level", "debug"] });
const places = new Map<string, Buffer>();
const canaries: Canary[] = Object.entries(VALUES).map(([name, value]) => canary(name, value));
/** /proc/PID/cmdline of everything that ran meanwhile. */
const argvs = new Set<string>();
let environments = "";
/** stderr of every command, and stdout of those that have no secret to show. */
let outputs = "";

interface Command {
  readonly stdin?: string;
  /** Its output is the secret itself. */
  readonly shows?: boolean;
  readonly token?: string;
  /** Expected exit code. */
  readonly code?: number;
}

async function oksae(args: readonly string[], options: Command = {}): Promise<string> {
  const { stdin = "", shows = false, token = house.rootToken, code = 0 } = options;
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: house.path("home"),
      OKSAE_ADDR: house.address,
      ...(token !== "" && { OKSAE_TOKEN: token }),
    },
  });
  const out = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk) => (out.stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (out.stderr += String(chunk)));
  child.stdin.on("error", () => undefined).end(stdin);
  const ended = await new Promise((resolve) => child.once("close", resolve));
  outputs += `$ ${args.join(" ")}\n${out.stderr}${shows ? "" : out.stdout}`;
  expect([args, ended, out.stderr]).toEqual([args, code, expect.any(String)]);
  return out.stdout;
}

function sampleProcesses(): void {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      argvs.add(readFileSync(`/proc/${pid}/cmdline`, "latin1"));
    } catch {
      // It has ended.
    }
  }
}

function remember(program: Program | undefined): void {
  environments += readFileSync(`/proc/${program?.pid ?? 0}/environ`, "latin1");
}

function agentConfig(metadata: string): string {
  return `vault { address = "${house.address}" }
log_level   = "debug"
status_file = "${house.path("status.json")}"
auto_auth {
  method "aws" {
    config {
      type          = "ec2"
      role          = "app"
      nonce_path    = "${house.path("home/nonce")}"
      imds_endpoint = "${metadata}"
    }
  }
  sink "file" { config { path = "${house.path("home/sink")}" } }
}
template_config { static_secret_render_interval = "1s" }
env_file "${house.path("home/app.env")}" {
  secrets = ["secret/data/app/db"]
  # Says more than it should, and fails.
  command = ["sh", "-c", "cat ${house.path("home/app.env")} >&2; cat ${house.path("home/app.env")}; exit 3"]
}
env_file "${house.path("home/bad.env")}" {
  secrets  = ["secret/data/app/lines"]
  format   = "docker"
  required = false
}
template {
  destination = "${house.path("home/app.yml")}"
  contents    = "{{ with secret \\"secret/data/app/db\\" }}{{ .Data.data.password }} {{ .Data.data.nested }}{{ end }}"
}
${["parseJSON", "base64Decode", "add 1", "call", "index 3"]
  .map(
    (use, i) => `template {
  destination = "${house.path(`home/bad${i}.yml`)}"
  contents    = "{{ with secret \\"secret/data/app/json\\" }}{{ .Data.data.text | ${use} }}{{ end }}"
  required    = false
}`,
  )
  .join("\n")}
template {
  destination = "${house.path("home/missing.yml")}"
  contents    = "{{ with secret \\"secret/data/app/db\\" }}{{ .Data.data.password.missing }}{{ end }}"
  required    = false
}
`;
}

/** Bytes straight to the socket: what no client of ours would send. */
function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    let seen = "";
    const socket = connect(house.port, "127.0.0.1", () => socket.end(text));
    socket.on("data", (chunk) => (seen += String(chunk)));
    socket
      .on("error", () => undefined)
      .on("close", () => {
        resolve(seen);
      });
  });
}

type Aws = Awaited<ReturnType<typeof startAws>>;
let aws: Aws;

async function openFirst(): Promise<void> {
  mkdirSync(house.path("home"), { mode: 0o700 });
  await house.start();
  remember(house.server);
  const made = JSON.parse(await oksae(["operator", "init", "-format=json"], { shows: true })) as {
    unseal_keys_b64: string[];
    unseal_keys_hex: string[];
    root_token: string;
  };
  house.rootToken = made.root_token;
  house.keys = made.unseal_keys_b64.slice(0, 3);
  canaries.push(canary("root token", made.root_token));
  for (const [i, share] of made.unseal_keys_b64.entries()) {
    const bytes = Buffer.from(share, "base64");
    canaries.push(canary(`share ${i}`, bytes), canary(`share ${i} in base64`, share));
    canaries.push(canary(`share ${i} in hex`, bytes.toString("hex")));
  }
  await oksae(["operator", "unseal", "-"], { stdin: VALUES.badShare.slice(0, 20), code: 2 });
  const [first = "", second = "", third = ""] = house.keys;
  for (const share of [VALUES.badShare, first]) await oksae(["operator", "unseal", "-"], { stdin: share });
  await oksae(["operator", "unseal", "-"], { stdin: second, code: 2 });
  for (const share of [first, second, third]) await oksae(["operator", "unseal", "-"], { stdin: share });
}

async function configure(): Promise<void> {
  await oksae(["audit", "enable", "file", `file_path=${house.path("audit.log")}`]);
  await oksae(["secrets", "enable", "-path=secret", "-version=2", "kv"]);
  await oksae(["secrets", "enable", "-path=old", "-version=1", "kv"]);
  await oksae(["policy", "write", "app", "-"], { stdin: 'path "secret/data/app/*" { capabilities = ["read"] }' });
  await oksae(["auth", "enable", "aws"]);
  const certificate = { aws_public_cert: aws.certificate, kind: "rsa2048", regions: aws.region };
  await oksae(["write", "auth/aws/config/certificate/demo", "-"], { stdin: JSON.stringify(certificate) });
  await oksae(["write", "auth/aws/config/client", "-"], { stdin: JSON.stringify(aws.client) });
  canaries.push(canary("EC2 secret key", aws.client["secret_key"] ?? ""));
  await oksae(["read", "auth/aws/config/client"]);
  const role = ["auth_type=ec2", `bound_account_id=${aws.account}`, "policies=app", "token_period=1h"];
  await oksae(["write", "auth/aws/role/app", ...role]);
}

async function putSecrets(): Promise<void> {
  const { password, nested, number, lines, notJson } = VALUES;
  const db = JSON.stringify({ password, nested });
  await oksae(["kv", "put", "secret/app/db", "-"], { stdin: db.replace(/}$/, `,"number":${number}}`) });
  await oksae(["kv", "put", "secret/app/lines", "text=-"], { stdin: lines });
  await oksae(["kv", "put", "secret/app/json", "text=-"], { stdin: notJson });
  await oksae(["write", "old/x", "-"], { stdin: JSON.stringify({ list: [{ deep: [nested] }, { password }] }) });
  await oksae(["kv", "get", "-format=json", "secret/app/db"], { shows: true });
  await oksae(["read", "-format=yaml", "old/x"], { shows: true });
  await oksae(["kv", "patch", "secret/app/db", "nested=-"], { stdin: nested });
  await oksae(["kv", "metadata", "get", "secret/app/db"]);
}

async function failInEveryWay(): Promise<void> {
  const { badBody, badToken, password, thiefsNonce, badProof } = VALUES;
  const document = await aws.document();
  const login = (body: unknown): string => JSON.stringify(body);
  await oksae(["write", "auth/aws/login", "-"], {
    stdin: login({ role: "app", pkcs7: document, nonce: thiefsNonce }),
    code: 2,
  });
  await oksae(["write", "auth/aws/login", "-"], {
    stdin: login({ role: "app", pkcs7: badProof, nonce: "x" }),
    code: 2,
  });
  await oksae(["write", "auth/aws/login", "-"], {
    stdin: login({ role: "none", pkcs7: document, nonce: thiefsNonce }),
    code: 2,
  });
  await oksae(["kv", "put", "nowhere/app/db", "password=-"], { stdin: password, code: 2 });
  await oksae(["kv", "put", "secret/app/db", "-"], { stdin: `{"password": ${badBody}`, code: 1 });
  await oksae(["kv", "put", "-cas=99", "secret/app/db", "password=-"], { stdin: password, code: 2 });
  await oksae(["write", "auth/aws/config/client", "-"], { stdin: JSON.stringify({ secret_key: [badBody] }), code: 2 });
  await oksae(["write", "auth/token/lookup", "-"], { stdin: JSON.stringify({ token: badToken }), code: 2 });
  await oksae(["login", "-"], { stdin: badToken, token: "", code: 2 });
  await oksae(["kv", "get", "secret/app/db"], { token: badToken, code: 2 });
  const made = JSON.parse(await oksae(["token", "create", "-policy=app", "-format=json"], { shows: true })) as {
    auth: { client_token: string };
  };
  const child = made.auth.client_token;
  canaries.push(canary("child token", child));
  await oksae(["login", "-"], { stdin: child, token: "", shows: true });
  await oksae(["kv", "put", "secret/app/db", "password=-"], { stdin: password, token: child, code: 2 });
  await oksae(["write", "auth/token/lookup", "-"], { stdin: JSON.stringify({ token: child }), shows: true });
  await oksae(["write", "auth/token/revoke", "-"], { stdin: JSON.stringify({ token: child }) });
  await oksae(["kv", "get", "secret/app/db"], { token: child, code: 2 });
  for (const text of [
    `GET /v1/secret/data/app/db HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${house.rootToken}\r\nX-Vault-Token: ${badToken}\r\n\r\n`,
    `GET /v1/sys/mounts HTTP/1.1\r\nX-Vault-Token: ${house.rootToken}\r\nbroken header line ${badToken}\r\n\r\n`,
    `POST /v1/secret/data/app/db HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${house.rootToken}\r\nContent-Length: ${badBody.length}\r\n\r\n${badBody}`,
    `POST /v1/secret/data/app/db?list=%zz HTTP/1.1\r\nHost: x\r\nX-Vault-Token: ${house.rootToken}\r\n\r\n`,
    `NONSENSE ${badToken}\r\n\r\n`,
  ]) {
    outputs += await raw(text);
  }
}

const agentLog = (): string => house.logOf("agent");
const boot = (): Program =>
  house.spawn("agent", ["agent", "-config", house.path("agent.hcl")], [], { NOTIFY_SOCKET: house.path("nobody") });

async function runAgent(): Promise<void> {
  writeFileSync(house.path("agent.hcl"), agentConfig(aws.metadata), { mode: 0o600 });
  const agent = boot();
  const holds = (name: string, text: string): boolean => read(name).includes(text);
  await house.until("the template is there", 30, () => holds("home/app.yml", VALUES.nested));
  await house.until("the items have failed", 30, () => agentLog().split("render failed").length > 6);
  await house.until("the command has failed", 30, () => agentLog().includes("command failed"));
  remember(agent);
  keepStatus("first");
  const { nonce } = JSON.parse(read("home/nonce")) as { nonce: string };
  canaries.push(canary("agent's nonce", nonce), canary("agent's token", read("home/sink").trim()));
  await oksae(["agent", "status", "-config", house.path("agent.hcl")], { code: 1 });
  await oksae(["agent", "doctor", "-config", house.path("agent.hcl")], { code: 1 });
  await failInEveryWay();
  await oksae(["kv", "patch", "secret/app/db", "password=-"], { stdin: VALUES.second });
  await house.until("the file follows", 30, () => holds("home/app.yml", VALUES.second));
  await agent.kill("SIGTERM");
  const again = boot();
  await house.until("the agent is in again", 30, () => agentLog().split("logged in").length > 2);
  canaries.push(canary("agent's second token", read("home/sink").trim()));
  // The store as the kill leaves it, then as the next start makes of it.
  await house.kill();
  await oksae(["kv", "put", "secret/app/db", "password=-"], { stdin: VALUES.password, code: 2 });
  collect("killed");
  await house.start();
  await house.unseal();
  await oksae(["operator", "seal"]);
  await oksae(["kv", "get", "secret/app/db"], { code: 2 });
  await house.unseal();
  await oksae(["token", "revoke", "-accessor", await accessor()]);
  await house.until("the agent logs in anew", 60, () => agentLog().split("logged in").length > 3);
  keepStatus("last");
  await again.kill("SIGTERM");
}

/** From the status file, which may show it. */
async function accessor(): Promise<string> {
  await house.until("the status has an accessor", 10, () => /"accessor":"\w/.test(read("status.json")));
  return (JSON.parse(read("status.json")) as { token: { accessor: string } }).token.accessor;
}

function read(name: string): string {
  try {
    return readFileSync(house.path(name), "utf8");
  } catch {
    return "";
  }
}

function keepStatus(when: string): void {
  const text = read("status.json");
  expect(text).not.toBe("");
  places.set(`status file, ${when}`, Buffer.from(text));
}

/** Every file of the house but "home", where the nonce, the sink, the token helper and the placed files belong. */
function collect(when: string): void {
  const walk = (folder: string): void => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (path === house.path("home")) continue;
      if (statSync(path).isDirectory()) walk(path);
      else if (statSync(path).isFile()) places.set(`${relative(house.folder, path)}, ${when}`, readFileSync(path));
    }
  };
  walk(house.folder);
}

beforeAll(async () => {
  aws = await startAws();
  const sampling = setInterval(sampleProcesses, 10);
  try {
    await openFirst();
    await configure();
    await putSecrets();
    await runAgent();
    await house.server?.kill("SIGTERM");
    await wait(50);
  } catch (error) {
    throw new Error(`${String(error)}\n${agentLog().slice(-4000)}`, { cause: error });
  } finally {
    clearInterval(sampling);
  }
  collect("at the end");
  places.set("output of commands", Buffer.from(outputs));
  places.set("arguments of processes", Buffer.from([...argvs].join("\n"), "latin1"));
  places.set("environment of daemons", Buffer.from(environments, "latin1"));
}, 300_000);

afterAll(async () => {
  await aws.close();
  await house.close();
});

test("the run left something in every place", () => {
  const names = [...places.keys()];
  for (const name of [
    "server.log",
    "agent.log",
    "audit.log",
    "data/data.mdb",
    "status file",
    "output",
    "arguments",
    "environment",
  ]) {
    expect(names.filter((place) => place.startsWith(name)).length).toBeGreaterThanOrEqual(1);
  }
  expect([...places].filter(([name, bytes]) => bytes.length === 0 && !name.startsWith("nobody"))).toEqual([]);
  const size = [...places.values()].reduce((sum, { length }) => sum + length, 0);
  const needles = canaries.flatMap(needlesOf).length;
  process.stdout.write(
    `${places.size} places, ${size} bytes, ${argvs.size} command lines, ${canaries.length} canaries in ${needles} forms\n`,
  );
});

test("no canary is anywhere, in any form", () => {
  expect(leaksIn(places, canaries.flatMap(needlesOf))).toEqual([]);
});

test("a leak planted in any place, in any form, is found", () => {
  const needles = canaries.flatMap(needlesOf);
  let planted = 0;
  for (const [place, bytes] of places) {
    const middle = Math.floor(bytes.length / 2);
    const search = (text: string): boolean => {
      planted += 1;
      const leaky = Buffer.concat([bytes.subarray(0, middle), Buffer.from(text, "latin1"), bytes.subarray(middle)]);
      return leaksIn(new Map([[place, leaky]]), needles).length > 0;
    };
    for (const { name, bytes: value } of canaries)
      expect([place, name, search(value.toString("latin1"))]).toEqual([place, name, true]);
    const [first = canary("", "")] = canaries;
    for (const [form, text] of formsOf(first.bytes)) expect([place, form, search(text)]).toEqual([place, form, true]);
  }
  process.stdout.write(`${planted} planted leaks found\n`);
}, 120_000);
