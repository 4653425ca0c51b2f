/** The whole daemon over real sockets: a metadata service, a server, a nonce file, an env file, a template, a sink. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { parseArguments } from "../../agent/arguments.ts";
import { runAgentCommand } from "../../agent/commands.ts";
import { systemClock } from "../../lib/clock.ts";
import type { LogFields } from "../../lib/log.ts";
import { systemRandom } from "../../lib/random.ts";
import type { JsonMap } from "../../lib/wire/json.ts";
import { type FakeImds, imdsSigners, startImds } from "../fakes/imds.ts";
import { type FakeVault, fakeVault } from "../fakes/vault.ts";
import { until } from "./lab.ts";

const INSTANCE = "i-0123456789abcdef0";
const signers = imdsSigners();
let folder: string;
let vault: FakeVault;
let imds: FakeImds;
let address: string;
let lines: string[];
let printed: string;
const running: { readonly stop: AbortController; readonly ended: Promise<number> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "oksae-daemon-"));
  vault = fakeVault();
  vault.put("app/db", { user: "app", password: "pa$$ word" });
  address = await vault.listen();
  imds = await startImds({ signers, tags: { role: "web" } });
  lines = [];
  printed = "";
});

afterEach(async () => {
  for (const { stop } of running) stop.abort();
  await Promise.all(running.splice(0).map(({ ended }) => ended.catch(() => 0)));
  await Promise.all([vault.close(), imds.close()]);
  await rm(folder, { recursive: true, force: true });
});

const config = (more = "", interval = "1s"): string => `
  vault { address = "${address}" }
  status_file = "${folder}/status.json"
  pid_file = "${folder}/agent.pid"
  template_config { static_secret_render_interval = "${interval}" }
  auto_auth {
    method "aws" {
      config { type = "ec2" role = "\${instance.tag.role}" nonce_path = "${folder}/state/nonce" imds_endpoint = "${imds.url}" }
    }
    sink "file" { config { path = "${folder}/token" mode = 0600 } }
  }
  env_file "${folder}/app.env" { secrets = ["secret/app/db"] perms = "0640" }
  template {
    contents = "{{ with secret \\"secret/app/db\\" }}{{ .Data.data.user }}@\${x}{{ end }}"
    destination = "${folder}/app.conf"
  }
  ${more}`;

function start(...words: string[]): { readonly stop: AbortController; readonly ended: Promise<number> } {
  const stop = new AbortController();
  const host = {
    clock: systemClock,
    random: systemRandom(),
    env: new Map<string, string>(),
    uid: process.getuid?.() ?? -1,
    pid: process.pid,
    isAlive: () => true,
    print: (text: string) => {
      printed += text;
    },
    openLog: () =>
      Promise.resolve((level: string, message: string, fields: LogFields = {}) => {
        const shown = Object.values(fields).map((value) => (value instanceof Error ? value.message : String(value)));
        lines.push(`${level} ${message} ${shown.join(" ")}`);
      }),
  };
  const ended = runAgentCommand(parseArguments([...words, "-config", join(folder, "agent.hcl")]), host, stop.signal);
  ended.catch(() => undefined);
  const one = { stop, ended };
  running.push(one);
  return one;
}

const nonceIn = (body: JsonMap | undefined): string => {
  const nonce = body?.get("nonce");
  return typeof nonce === "string" ? nonce : "none";
};
const file = (name: string): Promise<string> => readFile(join(folder, name), "utf8").catch(() => "");

test("from nothing to files: identity, nonce, login, env file, template, sink, status, and a clean end", async () => {
  await writeFile(join(folder, "agent.hcl"), config());
  const { stop, ended } = start();
  await until(
    async () => (await file("app.conf")) !== "" && (await file("app.env")) !== "" && (await file("token")) !== "",
  );
  expect(await file("app.env")).toBe('password="pa\\$\\$ word"\nuser="app"\n');
  expect(await file("app.conf")).toBe("app@${x}");
  expect((await stat(join(folder, "app.env"))).mode & 0o777).toBe(0o640);
  expect((await stat(join(folder, "state/nonce"))).mode & 0o777).toBe(0o600);
  const login = vault.requests.find(({ path }) => path === "auth/aws/login");
  expect(login?.body?.get("role")).toBe("web");
  expect(await file("state/nonce")).toContain(nonceIn(login?.body));
  expect(vault.tokens.has(await file("token"))).toBe(true);

  vault.put("app/db", { user: "other", password: "x" });
  await until(async () => (await file("app.conf")) === "other@${x}");
  expect(await file("app.env")).toBe('password="x"\nuser="other"\n');
  await until(async () => (await file("status.json")).includes('"state":"placed"'));
  expect(await start("status").ended).toBe(0);
  expect(printed).toContain("agent    ready");
  expect(await start("doctor").ended).toBe(0);
  expect(printed).toMatch(/OK {4}policy for secret\/app\/db: secret\/data\/app\/db: read/);

  const token = await file("token");
  const everything = `${lines.join("\n")}${await file("status.json")}${printed}`;
  for (const secret of [token, nonceIn(login?.body), "pa$$ word"]) expect(everything).not.toContain(secret);
  stop.abort();
  expect(await ended).toBe(0);
  expect([await file("agent.pid"), await file("status.json")]).toEqual(["", ""]);
});

test("two items that read one secret ask for it once", async () => {
  await writeFile(join(folder, "agent.hcl"), config("exit_after_auth = true", "1h"));
  expect(await start().ended).toBe(0);
  expect([await file("app.env"), await file("app.conf")]).not.toContain("");
  expect(vault.count(/secret\/data\/app\/db$/)).toBe(1);
});

test("after a restart it gets in with its nonce; on a cloned disk it makes another one and says so", async () => {
  await writeFile(join(folder, "agent.hcl"), config("exit_after_auth = true"));
  vault.instanceOf = () => String(imds.knobs.fields["instanceId"] ?? INSTANCE);
  expect(await start().ended).toBe(0);
  const first = vault.nonces.get(INSTANCE);
  expect(await start().ended).toBe(0);
  expect(vault.count(/login$/)).toBe(2);
  imds.knobs.fields = { instanceId: "i-0aaaaaaaaaaaaaaaa" };
  expect(await start().ended).toBe(0);
  expect(vault.nonces.get("i-0aaaaaaaaaaaaaaaa")).not.toBe(first);
  expect(lines.some((line) => line.startsWith("warn nonce file is of another instance"))).toBe(true);
});

test("a refused re-login says in one line what happened and how to free the instance", async () => {
  await writeFile(join(folder, "agent.hcl"), config());
  vault.nonces.set(INSTANCE, "somebody-elses-nonce");
  start();
  await until(() => lines.some((line) => line.includes("login failed")));
  const line = lines.find((one) => one.includes("login failed")) ?? "";
  expect(line).toContain("client nonce mismatch");
  expect(line).toContain(`oksae aws unlock ${INSTANCE}`);
  expect(line).not.toContain("\n");
  expect(await file("app.env")).toBe("");
});

test("doctor makes no nonce and uses no first login up, and says what fails and how to mend it", async () => {
  await writeFile(
    join(folder, "agent.hcl"),
    config(`env_file "/nonexistent-root/x/env" { create_dest_dirs = false secrets = ["secret/app/db"] }`),
  );
  expect(await start("doctor").ended).toBe(1);
  expect(vault.count(/login$/)).toBe(0);
  expect(await file("state/nonce")).toBe("");
  expect(printed).toContain("OK    metadata service: i-0123456789abcdef0, account");
  expect(printed).toContain("none yet: the agent makes it before its first login");
  expect(printed).toMatch(/FAIL {2}destination \/nonexistent-root\/x\/env: .*missing: make it/);
  await vault.close();
  printed = "";
  expect(await start("doctor").ended).toBe(1);
  expect(printed).toMatch(/FAIL {2}server: .*connection refused/);
});

test("doctor names the policy that is missing", async () => {
  vault.put("denied", { a: "1" });
  await writeFile(
    join(folder, "agent.hcl"),
    config(`env_file "${folder}/d.env" { secrets = ["secret/denied"] }\nexit_after_auth = true`),
  );
  expect(await start().ended).toBe(0);
  expect(await start("doctor").ended).toBe(1);
  expect(printed).toContain('the role\'s policies lack: path "secret/data/denied" { capabilities = ["read"] }');
});

test("validate needs neither server nor metadata service, and finds a template's error with its place", async () => {
  await writeFile(join(folder, "agent.hcl"), config());
  await Promise.all([vault.close(), imds.close()]);
  expect(await start("validate").ended).toBe(0);
  await writeFile(join(folder, "agent.hcl"), config('template { contents = "{{ if }}" destination = "/run/x/y" }'));
  await expect(start("validate").ended).rejects.toThrow(/agent\.hcl:\d+:\d+: template: .*:1:/);
});

test("a server that goes away leaves the files as they are", async () => {
  await writeFile(join(folder, "agent.hcl"), config());
  start();
  await until(async () => (await file("app.conf")) !== "" && (await file("app.env")) !== "");
  const before = (await stat(join(folder, "app.env"), { bigint: true })).mtimeNs;
  await vault.close();
  await until(() => lines.some((line) => line.includes("reading failed")));
  expect((await stat(join(folder, "app.env"), { bigint: true })).mtimeNs).toBe(before);
});

test("a nonce file that cannot be understood is never replaced", async () => {
  await writeFile(join(folder, "agent.hcl"), config("exit_after_auth = true"));
  expect(await start().ended).toBe(0);
  await chmod(join(folder, "state/nonce"), 0o600);
  await writeFile(join(folder, "state/nonce"), "{");
  start();
  await until(() => lines.some((line) => line.includes("is damaged")));
  expect(await file("state/nonce")).toBe("{");
  expect(lines.find((line) => line.includes("is damaged"))).toContain(`oksae aws unlock ${INSTANCE}`);
});

test("a tag that is not set yet, or climbs, keeps the agent waiting and says so; with the right one it goes on", async () => {
  await writeFile(join(folder, "agent.hcl"), config("exit_after_auth = true"));
  imds.knobs.tags = {};
  const { ended } = start();
  await until(() => lines.some((line) => line.includes('instance tag "role" is not in the metadata')));
  imds.knobs.tags = { role: "../web" };
  await until(() => lines.some((line) => line.includes("no safe part of a path")));
  imds.knobs.tags = { role: "web" };
  expect(await ended).toBe(0);
  const role = vault.requests.find(({ path }) => path === "auth/aws/login")?.body?.get("role");
  expect(role).toBe("web");
});

test("what may yet come early in a boot is no fault of the configuration: a missing file, a missing certificate", async () => {
  await expect(start().ended).rejects.toMatchObject({
    kind: "unavailable",
    message: expect.stringContaining("agent.hcl"),
  });
  const tls = config().replace(
    /vault \{[^}]*\}/,
    `vault { address = "https://127.0.0.1:1" ca_cert = "${folder}/ca.pem" }`,
  );
  await writeFile(join(folder, "agent.hcl"), tls);
  await expect(start().ended).rejects.toMatchObject({
    kind: "unavailable",
    message: expect.stringContaining("ca.pem"),
  });
  expect(await start("doctor").ended).toBe(1);
  expect(printed).toMatch(/FAIL {2}TLS: ca_cert .*ca\.pem: no such file/);
  await writeFile(join(folder, "agent.hcl"), "lisener = 1");
  await expect(start().ended).rejects.toMatchObject({ kind: "invalid" });
});

test("exit_after_auth waits for required items and not for an optional one that is refused", async () => {
  const more = `exit_after_auth = true
  env_file "${folder}/optional.env" { secrets = ["secret/absent"] required = false }`;
  await writeFile(join(folder, "agent.hcl"), config(more));
  expect(await start().ended).toBe(0);
  expect(await file("app.env")).toContain("user=");
  expect(await file("optional.env")).toBe("");
  await writeFile(join(folder, "agent.hcl"), config(more.replace("required = false", "required = true")));
  const ended = start();
  await new Promise((resolve) => setTimeout(resolve, 100));
  ended.stop.abort();
  expect(await ended.ended).toBe(1);
  const waiting = start();
  const first = await Promise.race([waiting.ended, new Promise((resolve) => setTimeout(resolve, 700, "waits"))]);
  expect(first).toBe("waits");
  vault.put("absent", { now: "here" });
  expect(await waiting.ended).toBe(0);
  expect(await file("optional.env")).toBe('now="here"\n');
});

test("a pid file that cannot be written leaves no state behind of an agent that does not run", async () => {
  await writeFile(join(folder, "agent.hcl"), config().replace(`${folder}/agent.pid`, `${folder}/none/agent.pid`));
  await expect(start().ended).rejects.toMatchObject({ kind: "unavailable" });
  expect(await file("status.json")).toBe("");
});
