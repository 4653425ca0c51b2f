/** The configuration: what it takes, and for what it does not take, the file and line it says so with. */
import { expect, test } from "@jest/globals";
import { readAgentConfig } from "../../../agent/config/read.ts";
import { type InstanceNames, newScope } from "../../../agent/config/scope.ts";
import type { AgentConfig } from "../../../agent/config/types.ts";
import { parseConfig } from "../../../lib/hcl/parse.ts";

const AUTH = 'auto_auth { method "aws" { config { type = "ec2" role = "web" } } }\n';
const ENV_FILE = 'env_file "/run/app/env" { secrets = ["secret/app"] }\n';
const INSTANCE: InstanceNames = {
  id: "i-0123456789abcdef0",
  accountId: "123456789012",
  region: "eu-west-1",
  tags: new Map([
    ["app", "shop"],
    ["evil", "../../etc"],
    ["nested", "${instance.id}"],
  ]),
};

function read(
  text: string,
  env: Record<string, string> = {},
  instance: InstanceNames | undefined = INSTANCE,
): AgentConfig {
  return readAgentConfig([parseConfig(text, "a.hcl")], newScope(new Map(Object.entries(env)), instance));
}

test("what is left out has its default", () => {
  expect(read(AUTH + ENV_FILE)).toMatchObject({
    vault: { address: "https://127.0.0.1:8200", tlsSkipVerify: false },
    method: { kind: "aws", mountPath: "auth/aws", role: "web", noncePath: "/var/lib/oksae/nonce", document: "rsa2048" },
    interval: 30_000,
    retry: { first: 1_000, most: 60_000 },
    exitAfterAuth: false,
    items: [{ kind: "env_file", format: "systemd", required: true, secrets: ["secret/app"] }],
  });
});

test("Vault Agent's own spellings are read, in HCL and in JSON", () => {
  const hcl = `
    pid_file = "/run/oksae/pid"
    vault { address = "https://vault.example:8200" retry { num_retries = 5 } }
    auto_auth {
      method { type = "aws" mount_path = "auth/aws-ec2" config = { type = "ec2" role = "web" nonce = "0123456789abcdef" } }
      sink { type = "file" config = { path = "/run/oksae/token" mode = 0640 } }
    }
    template_config { static_secret_render_interval = "10m" }
    template { source = "/etc/a.ctmpl" destination = "/run/a" perms = 0600 exec { command = ["systemctl", "reload", "a"] timeout = "5s" } }`;
  const json = `{"pid_file": "/run/oksae/pid",
    "vault": {"address": "https://vault.example:8200", "retry": {"num_retries": 5}},
    "auto_auth": {"method": [{"type": "aws", "mount_path": "auth/aws-ec2", "config": {"type": "ec2", "role": "web", "nonce": "0123456789abcdef"}}],
      "sinks": [{"sink": {"type": "file", "config": {"path": "/run/oksae/token", "mode": "0640"}}}]},
    "template_config": {"static_secret_render_interval": "10m"},
    "template": [{"source": "/etc/a.ctmpl", "destination": "/run/a", "perms": "0600", "exec": {"command": ["systemctl", "reload", "a"], "timeout": "5s"}}]}`;
  for (const text of [hcl, json]) {
    expect(read(text)).toMatchObject({
      interval: 600_000,
      method: { mountPath: "auth/aws-ec2" },
      sinks: [{ target: { path: "/run/oksae/token", perms: 0o640 } }],
      items: [
        {
          source: { file: "/etc/a.ctmpl" },
          target: { perms: 0o600 },
          command: { argv: ["systemctl", "reload", "a"], timeout: 5_000 },
        },
      ],
    });
  }
});

test("references are put in; a template's contents is left alone", () => {
  const config = read(
    `${AUTH.replace('"web"', '"${instance.tag.app}-${env.STAGE}"')}
     env_file "/run/\${instance.tag.app}/env" { secrets = ["secret/\${instance.account_id}/\${instance.region}/$\${x}"] }
     template { contents = "\${instance.id}" destination = "/run/x" }`,
    { STAGE: "prod" },
  );
  expect(config.method).toMatchObject({ role: "shop-prod" });
  expect(config.items[1]).toMatchObject({
    target: { path: "/run/shop/env" },
    secrets: ["secret/123456789012/eu-west-1/${x}"],
  });
  expect(config.items[0]).toMatchObject({ source: { contents: "${instance.id}" } });
});

test("without an instance only the syntax is checked", () => {
  const scope = newScope(undefined, undefined);
  readAgentConfig(
    [parseConfig(`${AUTH}env_file "/run/\${instance.tag.app}/\${env.X}" { secrets = ["a/b"] }`, "a.hcl")],
    scope,
  );
  expect([...scope.tags]).toEqual(["app"]);
  expect(scope.wants.instance).toBe(true);
});

test("the environment goes over the file, ours over Vault's", () => {
  const text = `vault { address = "https://file:8200" }\n${AUTH}${ENV_FILE}`;
  expect(read(text, { VAULT_ADDR: "https://vaults:1" }).vault.address).toBe("https://vaults:1");
  expect(read(text, { VAULT_ADDR: "https://vaults:1", OKSAE_ADDR: "https://ours:1" }).vault.address).toBe(
    "https://ours:1",
  );
});

test.each([
  "http://127.0.0.1:8200",
  "http://localhost:1",
  "http://[::1]:8200",
  "unix:///run/oksae.sock",
  "https://x.example",
])("address %s is taken", (address) => {
  expect(read(`vault { address = "${address}" }\n${AUTH}${ENV_FILE}`).vault.address).toBe(address);
});

const vault = (inside: string): string => `${AUTH}${ENV_FILE}vault {\n${inside}\n}`;
const item = (inside: string): string => `${AUTH}template {\n${inside}\n}`;
const BAD: readonly (readonly [string, string, RegExp])[] = [
  ["an unknown key", `${AUTH}${ENV_FILE}lisener = 1`, /^a\.hcl:3:1: unknown key "lisener"/],
  ["http to another machine", vault('address = "http://10.0.0.1:8200"'), /^a\.hcl:4:1: http:\/\//],
  ["http to a lookalike", vault('address = "http://127.0.0.1.evil.example"'), /^a\.hcl:4:1: http:\/\//],
  ["a password in the address", vault('address = "https://a:hush@x.example"'), /^a\.hcl:4:1: (?!.*hush)/],
  ["no host in the address", vault('address = "https://"'), /^a\.hcl:4:1: .*must look like/],
  ["tls_skip_verify with aws", vault("tls_skip_verify = true"), /^a\.hcl:4:1: .*insecure_i_know/],
  ["a namespace", vault('namespace = "x"'), /^a\.hcl:4:1: "namespace" is not supported yet/],
  ["half a client certificate", vault('client_cert = "/a"'), /^a\.hcl:4:1: .*go together/],
  ...["api_proxy", "cache", "listener", "exec", "env_template", "telemetry"].map(
    (key) => [key, `${AUTH}${ENV_FILE}${key} {}`, new RegExp(`^a\\.hcl:3:1: "${key}" is not supported yet`)] as const,
  ),
  ["no method", `auto_auth {}\n${ENV_FILE}`, /^a\.hcl:1:1: "method" is required/],
  ["no auto_auth", ENV_FILE, /^a\.hcl:1:1: "auto_auth" is required/],
  ["an iam login", AUTH.replace("ec2", "iam") + ENV_FILE, /^a\.hcl:1:\d+: type = "iam" is not supported yet/],
  [
    "another method",
    `auto_auth { method "approle" {} }\n${ENV_FILE}`,
    /^a\.hcl:1:\d+: method "approle" is not supported yet/,
  ],
  ["nothing to do", AUTH, /nothing to do/],
  [
    "two items with one destination",
    AUTH + ENV_FILE + ENV_FILE,
    /^a\.hcl:3:\d+: "\/run\/app\/env" is the destination of a\.hcl:2:\d+ already/,
  ],
  [
    "the nonce's place",
    item('destination = "/var/lib/oksae/nonce"\ncontents = ""'),
    /^a\.hcl:2:1: .* is the nonce already/,
  ],
  [
    "the status file's place",
    item('destination = "/run/oksae/status.json"\ncontents = ""'),
    /^a\.hcl:2:1: .* is the status file already/,
  ],
  [
    "a sink at an item's place",
    `auto_auth { method "aws" { config { type = "ec2" } } sink "file" { config { path = "/run/app/env" } } }\n${ENV_FILE}`,
    /^a\.hcl:1:\d+: .* is the destination of a\.hcl:2:\d+ already/,
  ],
  [
    "a tag that holds a reference",
    item('destination = "/a/${instance.tag.nested}"\ncontents = ""'),
    /^a\.hcl:3:1: .*no safe part of a path/,
  ],
  ["no destination", item('contents = ""'), /^a\.hcl:2:1: "destination" is required/],
  ["a relative destination", item('destination = "x"'), /^a\.hcl:3:1: "destination" must be the absolute path/],
  ["a climbing destination", item('destination = "/run/../etc/x"'), /^a\.hcl:3:1: .*must not hold/],
  [
    "source and contents",
    item('destination = "/x"\nsource = "/a"\ncontents = ""'),
    /^a\.hcl:5:1: give "source" or "contents"/,
  ],
  ["an unset variable", item('destination = "/${env.NOPE}"\ncontents = ""'), /^a\.hcl:3:1: \$\{env\.NOPE\} is not set/],
  ["an unset tag", item('destination = "/${instance.tag.none}"\ncontents = ""'), /^a\.hcl:3:1: .*no such tag/],
  [
    "a tag that climbs",
    item('destination = "/a/${instance.tag.evil}"\ncontents = ""'),
    /^a\.hcl:3:1: .*no safe part of a path/,
  ],
  ["a strange reference", item('destination = "/${instance.hostname}"\ncontents = ""'), /^a\.hcl:3:1: .*is not known/],
  ["an open reference", item('destination = "/${env.A"\ncontents = ""'), /^a\.hcl:3:\d+: .*not closed/],
  [
    "a tag in a shell's text",
    item('destination = "/x"\ncontents = ""\ncommand = "echo ${instance.tag.app}"'),
    /^a\.hcl:5:\d+: .*needs a list/,
  ],
  ["a mode in decimal", item('destination = "/x"\ncontents = ""\nperms = "rw"'), /^a\.hcl:5:\d+: .*octal/],
  [
    "a short interval",
    `${AUTH}${ENV_FILE}template_config { static_secret_render_interval = "999ms" }`,
    /^a\.hcl:3:\d+: .*at least 1s/,
  ],
  [
    "a format that is none",
    `${AUTH}env_file "/x" { secrets = ["a/b"] format = "toml" }`,
    /^a\.hcl:2:\d+: "format" must be one of/,
  ],
  ["no secrets", `${AUTH}env_file "/x" {}`, /^a\.hcl:2:\d+: "secrets" is required/],
];

test.each(BAD)("%s is refused with its place", (_what, text, message) => {
  expect(() => read(text)).toThrow(message);
});

test("the environment cannot switch off what the file must spell out", () => {
  for (const name of ["OKSAE_SKIP_VERIFY", "VAULT_SKIP_VERIFY"])
    expect(() => read(AUTH + ENV_FILE, { [name]: "true" })).toThrow(/insecure_i_know/);
  expect(() => read(AUTH + ENV_FILE, { VAULT_ADDR: "http://10.0.0.1:8200" })).toThrow(/^OKSAE_ADDR: http:\/\//);
});

test("a variable whose value looks like a reference does not get round the check of the address", () => {
  const text = `vault { address = "\${env.A}" }\n${AUTH}${ENV_FILE}`;
  expect(() => read(text, { A: "http://10.0.0.1/${instance.id}" })).toThrow(/holds a reference itself/);
});

test.each([
  ["", 1_000, 60_000],
  ['min_backoff = "100ms" max_backoff = "59s"', 100, 59_000],
  ['max_backoff = "60s"', 1_000, 60_000],
  ['max_backoff = "5m"', 1_000, 60_000],
  ['min_backoff = "2m" max_backoff = "5m"', 60_000, 60_000],
])("back-off %j: nobody waits longer than a minute", (written, first, most) => {
  const auth = `auto_auth { method "aws" { ${written}\n config { type = "ec2" } } }\n`;
  expect(read(auth + ENV_FILE).retry).toEqual({ first, most });
});

test("an error never shows a nonce from the file", () => {
  const bad = 'auto_auth { method "aws" { config { type = "ec2" nonce = "hush hush hush hush" } } }';
  let message = "";
  try {
    read(bad + ENV_FILE);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toContain('"nonce" must have');
  expect(message).not.toContain("hush");
});
