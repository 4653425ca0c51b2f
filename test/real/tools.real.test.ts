/**
 * Tools that people point at a Vault, unchanged, against a freshly started server: consul-template, Ansible's
 * community.hashi_vault and Spring Vault. Each is the published program or library; what it needs is in .ci/run.
 */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect } from "@jest/globals";
import { House } from "./house.ts";
import { requires } from "./requires.ts";
import { run, type Told } from "./told.ts";

const TOOLS = join(import.meta.dirname, "programs/tools");
const TEMPLATE = join(TOOLS, "app.tpl");
const CONSUL_TEMPLATE = "/opt/oksae-consul-template/consul-template";
const ANSIBLE = "/opt/oksae-ansible";
const SPRING = "/opt/oksae-spring/lib";

const TEXT = `old ann 5 2
team bob 1 [1 2]
short bob
first bob
w=2
y=1
has app`;

let house: House;
beforeEach(async () => {
  house = new House();
  await house.start();
  await house.init();
});
afterEach(async () => {
  await house.close();
});

describe("consul-template", () => {
  const withTemplate = requires(CONSUL_TEMPLATE);
  const READER = 'path "old/*" { capabilities = ["read", "list"] } path "team/*" { capabilities = ["read", "list"] }';

  /** @returns a token of the policy that reads what the template asks for */
  async function reader(fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const made = await house.must("POST", "auth/token/create", { policies: ["reader"], ttl: "1h", ...fields });
    return (made["auth"] as { client_token: string }).client_token;
  }

  /** Not through the house, which sets no headers. @returns what wraps such a token */
  async function wrappedReader(): Promise<string> {
    const reply = await fetch(`${house.address}/v1/auth/token/create`, {
      method: "POST",
      headers: { "X-Vault-Token": house.rootToken, "X-Vault-Wrap-TTL": "60s" },
      body: JSON.stringify({ policies: ["reader"], ttl: "1h" }),
    });
    return ((await reply.json()) as { wrap_info: { token: string } }).wrap_info.token;
  }

  function render(token: string, to: string, ...flags: readonly string[]): Promise<Told> {
    const args = ["-once", "-vault-retry-attempts=1", "-template", `${TEMPLATE}:${house.path(to)}`, ...flags];
    const env = { VAULT_ADDR: house.address, VAULT_TOKEN: token };
    return run([CONSUL_TEMPLATE, ...args], house.folder, env);
  }

  const rendered = (file: string): string => readFileSync(house.path(file), "utf8").trim();

  /** consul-template as a daemon while `work` runs; its own log says what it did. */
  async function during(
    flags: readonly string[],
    env: Readonly<Record<string, string>>,
    work: () => Promise<void>,
  ): Promise<string> {
    const args = ["-log-level=trace", "-template", `${TEMPLATE}:${house.path("out")}`, ...flags];
    const child = spawn(CONSUL_TEMPLATE, args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: process.env["PATH"], HOME: house.folder, VAULT_ADDR: house.address, ...env },
    });
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (log += text));
    const gone = new Promise((resolve) => child.once("close", resolve));
    try {
      await work();
    } finally {
      child.kill("SIGINT");
      await gone;
    }
    return log;
  }

  /** The time until a change shows is the lease of old/app, 2 s. */
  async function showsAChange(): Promise<void> {
    await house.until("the first text", 20, () => isRendered(TEXT));
    await house.must("PUT", "old/app", { user: "dora", n: 6, lease: "2s" });
    await house.until("the changed text", 20, () => isRendered(TEXT.replace("ann 5", "dora 6")));
  }

  function isRendered(text: string): boolean {
    try {
      return rendered("out") === text;
    } catch {
      return false;
    }
  }

  beforeEach(async () => {
    await house.must("POST", "sys/mounts/old", { type: "kv" });
    await house.must("POST", "sys/mounts/team", { type: "kv", options: { version: "2" } });
    await house.must("PUT", "sys/policies/acl/reader", { policy: READER });
    await house.must("PUT", "old/app", { user: "ann", n: 5, lease: "2s" });
    await house.must("PUT", "team/data/app", { data: { user: "bob", list: [1, 2] } });
    await house.must("PUT", "team/data/more/y", { data: { value: "1" } });
    await house.must("PUT", "team/data/more/w", { data: { value: "2" } });
  });

  withTemplate("renders both versions of kv, with a token and with a wrapped one that opens once", async () => {
    expect(await render(await reader(), "plain")).toMatchObject({ code: 0 });
    expect(rendered("plain")).toBe(TEXT);
    const wrapped = await wrappedReader();
    expect(await render(wrapped, "unwrapped", "-vault-unwrap-token")).toMatchObject({ code: 0 });
    expect(rendered("unwrapped")).toBe(TEXT);
    expect((await render(wrapped, "twice", "-vault-unwrap-token")).code).not.toBe(0);
  });

  withTemplate("keeps a short token alive and shows changes of secrets without a lease", async () => {
    const token = await reader({ period: "4s" });
    const log = await during([], { VAULT_TOKEN: token }, async () => {
      await showsAChange();
      await wait(5000);
    });
    expect(log).toContain("vault.token: successfully renewed");
    expect(log).not.toMatch(/\[(WARN|ERR)\]/);
    expect((await house.request("GET", "auth/token/lookup-self", undefined, token)).status).toBe(200);
  });

  withTemplate("takes the token from an agent's file", async () => {
    writeFileSync(house.path("token"), await reader(), { mode: 0o600 });
    const flags = ["-vault-agent-token-file", house.path("token"), "-vault-renew-token=false"];
    const log = await during(flags, {}, showsAChange);
    expect(log).not.toMatch(/\[(WARN|ERR)\]/);
  });
});

describe("Ansible, community.hashi_vault", () => {
  requires(join(ANSIBLE, "bin/ansible-playbook"))(
    "plays mounts, policies, logins, tokens and secrets by modules and lookups",
    async () => {
      const command = [join(ANSIBLE, "bin/ansible-playbook"), "-i", "localhost,", join(TOOLS, "play.yml")];
      const ours = { HOME: house.folder, ANSIBLE_COLLECTIONS_PATH: join(ANSIBLE, "collections") };
      const env = { VAULT_ADDR: house.address, VAULT_TOKEN: house.rootToken, ...ours };
      const told = await run(command, house.folder, env);
      if (told.code !== 0) throw new Error(`${told.err}\n${told.out}`);
      expect(told.out).toMatch(/ok=27 .*failed=0 .*ignored=3/);
      expect(house.logOf("server")).not.toMatch(/"level":"error"/);
    },
    240_000,
  );
});

describe("Spring Vault", () => {
  requires("javac", "java", SPRING)(
    "tells its story to the end",
    async () => {
      const classes = `${house.folder}:${SPRING}/*`;
      const story = join(TOOLS, "spring/Story.java");
      const built = await run(["javac", "-cp", classes, "-d", house.folder, story], house.folder);
      if (built.code !== 0) throw new Error(built.err);
      const quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn";
      const env = { VAULT_ADDR: house.address, VAULT_TOKEN: house.rootToken };
      const told = await run(["java", quiet, "-cp", classes, "Story"], house.folder, env);
      if (told.code !== 0) throw new Error(`${told.err}\n${told.out}`);
      expect(told.out).toContain("35 steps");
    },
    120_000,
  );
});
