/** The server's configuration: what each key becomes, what is refused and where, files and directories. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parseServerConfig } from "../../../server/config/parse.ts";
import { readServerConfig } from "../../../server/config/read.ts";
import type { ServerConfig } from "../../../server/config/types.ts";

const accounts = {
  uid: (name: string) => (name === "oksae" ? 900 : undefined),
  gid: (name: string) => (name === "www-data" ? 33 : undefined),
};
const parse = (text: string): ServerConfig => parseServerConfig([{ file: "s.hcl", text }], accounts);
const MEMORY = 'storage "memory" {}\n';
const PLAIN = 'listener "tcp" { tls_disable = true }\n';
const BASE = MEMORY + PLAIN;

const FULL = `
storage "lmdb" { path = "/var/lib/oksae" }
listener "tcp" {
  address                            = "[::1]:8201"
  tls_cert_file                      = "/etc/oksae/cert.pem"
  tls_key_file                       = "/etc/oksae/key.pem"
  tls_client_ca_file                 = "/etc/oksae/ca.pem"
  tls_require_and_verify_client_cert = "true"
  tls_min_version                    = "tls13"
  max_request_size                   = 1048576
  max_request_duration               = "30s"
  max_request_json_depth             = 32
  max_connections                    = 500
  disable_unauthed_rekey_endpoints   = false
  disable_unauthed_generate_root_endpoints = true
  telemetry { unauthenticated_metrics_access = true }
}
listener "unix" {
  address      = "/run/oksae/server.sock"
  socket_mode  = "0660"
  socket_user  = "oksae"
  socket_group = "www-data"
}
audit "file" "log/" {
  description = "the one"
  options { file_path = "/var/log/oksae/audit.log" mode = 0640 }
}
audit "file" { options = { file_path = "stdout" } }
api_addr          = "https://oksae.example.com:8200/"
cluster_name      = "main"
cluster_addr      = "https://10.0.0.1:8201"
log_level         = "TRACE"
log_format        = "json"
default_lease_ttl = "1h"
max_lease_ttl     = 7200
pid_file          = "/run/oksae.pid"
ui                = true
disable_mlock     = true
seal "shamir" {}
raw_storage_endpoint = false
`;

const TWIN = {
  storage: { lmdb: { path: "/var/lib/oksae" } },
  listener: [
    {
      tcp: {
        address: "[::1]:8201",
        tls_cert_file: "/etc/oksae/cert.pem",
        tls_key_file: "/etc/oksae/key.pem",
        tls_client_ca_file: "/etc/oksae/ca.pem",
        tls_require_and_verify_client_cert: true,
        tls_min_version: "tls13",
        max_request_size: 1048576,
        max_request_duration: "30s",
        max_request_json_depth: 32,
        max_connections: 500,
        disable_unauthed_rekey_endpoints: false,
        disable_unauthed_generate_root_endpoints: true,
        telemetry: { unauthenticated_metrics_access: true },
      },
    },
    {
      unix: { address: "/run/oksae/server.sock", socket_mode: "0660", socket_user: "oksae", socket_group: "www-data" },
    },
  ],
  audit: [
    { file: { "log/": { description: "the one", options: { file_path: "/var/log/oksae/audit.log", mode: "0640" } } } },
    { file: { "file/": { options: { file_path: "stdout" } } } },
  ],
  api_addr: "https://oksae.example.com:8200/",
  cluster_name: "main",
  log_level: "trace",
  log_format: "json",
  default_lease_ttl: "1h",
  max_lease_ttl: 7200,
  pid_file: "/run/oksae.pid",
  ui: true,
};

test("every key, in HCL and in its JSON twin", () => {
  const { warnings, ...config } = parse(FULL);
  expect(config).toEqual({
    storage: { type: "lmdb", path: "/var/lib/oksae" },
    listeners: [
      {
        kind: "tcp",
        host: "::1",
        port: 8201,
        tls: {
          certFile: "/etc/oksae/cert.pem",
          keyFile: "/etc/oksae/key.pem",
          clientCaFile: "/etc/oksae/ca.pem",
          requireClientCert: true,
          minVersion: "tls13",
        },
        maxRequestSize: 1_048_576,
        maxRequestDuration: 30_000,
        maxJsonDepth: 32,
        maxConnections: 500,
        unauthedRekey: true,
        unauthedGenerateRoot: false,
        unauthenticatedMetrics: true,
      },
      { kind: "unix", path: "/run/oksae/server.sock", mode: 0o660, uid: 900, gid: 33 },
    ],
    audit: [
      {
        path: "log/",
        type: "file",
        description: "the one",
        options: new Map([
          ["file_path", "/var/log/oksae/audit.log"],
          ["mode", "0640"],
        ]),
      },
      { path: "file/", type: "file", description: "", options: new Map([["file_path", "stdout"]]) },
    ],
    apiAddr: "https://oksae.example.com:8200",
    clusterName: "main",
    logLevel: "debug",
    logFormat: "json",
    defaultLeaseTtl: 3_600_000,
    maxLeaseTtl: 7_200_000,
    pidFile: "/run/oksae.pid",
    ui: true,
  });
  expect(warnings.map((text) => text.slice(0, 40))).toEqual([
    's.hcl:38:1: "disable_mlock" has no effec',
    's.hcl:31:1: "cluster_addr" has no effect',
  ]);
  expect({ ...parse(JSON.stringify(TWIN)), warnings }).toEqual({ ...config, warnings });
});

test("defaults", () => {
  expect(parse(BASE)).toEqual({
    storage: { type: "memory" },
    listeners: [{ kind: "tcp", host: "127.0.0.1", port: 8200 }],
    audit: [],
    apiAddr: "",
    clusterName: "",
    logLevel: "info",
    logFormat: "text",
    defaultLeaseTtl: 2_764_800_000,
    maxLeaseTtl: 2_764_800_000,
    pidFile: undefined,
    ui: false,
    warnings: [],
  });
  expect(parse(`storage "inmem" {}\n${PLAIN}max_lease_ttl = "1h"`)).toMatchObject({
    storage: { type: "memory" },
    defaultLeaseTtl: 3_600_000,
  });
});

test.each([
  ["0.0.0.0:8200", "0.0.0.0", 8200],
  [":8300", "0.0.0.0", 8300],
  ["[::]:1", "::", 1],
  ["::1", "::1", 8200],
  ["localhost", "localhost", 8200],
  ["10.0.0.1", "10.0.0.1", 8200],
  ["vault.internal:0", "vault.internal", 0],
  ["h:65535", "h", 65_535],
])("address %s", (address, host, port) => {
  expect(parse(`${MEMORY}listener "tcp" { address = "${address}" tls_disable = 1 }`).listeners[0]).toMatchObject({
    host,
    port,
  });
});

describe("refused, with file, line and column", () => {
  test.each([
    [`${BASE}lisener "tcp" {}`, 's.hcl:3:1: unknown key "lisener"'],
    [`${MEMORY}listener "tcp" {\n  tls_disable = true\n  adress = "x"\n}`, 's.hcl:4:3: unknown key "adress"'],
    [PLAIN, "storage is required"],
    [MEMORY, "a listener is required"],
    [`${BASE}storage "memory" {}`, "s.hcl:3:1: there is a second storage"],
    [`storage "consul" {}\n${PLAIN}`, 's.hcl:1:1: storage "consul" is not supported'],
    [`storage "lmdb" {}\n${PLAIN}`, '"path" is required'],
    [`storage "lmdb" { path = "data" }\n${PLAIN}`, 's.hcl:1:18: "path" must be absolute'],
    [`storage "memory" { path = "/x" }\n${PLAIN}`, 'unknown key "path"'],
    [`${MEMORY}listener "udp" {}`, 'unknown listener "udp"'],
    [`${MEMORY}listener "tcp" {}`, '"tls_cert_file" is required'],
    [`${MEMORY}listener "tcp" { tls_cert_file = "c" }`, '"tls_key_file" is required'],
    [`${MEMORY}listener "tcp" { tls_disable = true address = "a:65536" }`, "must be HOST:PORT"],
    [`${MEMORY}listener "tcp" { tls_disable = true address = "[1.2.3.4]:1" }`, "must be HOST:PORT"],
    [`${MEMORY}listener "tcp" { tls_disable = true address = "http://a" }`, "must be HOST:PORT"],
    [
      `${MEMORY}listener "tcp" { tls_cert_file = "c" tls_key_file = "k" tls_min_version = "tls11" }`,
      "must be one of: tls12, tls13",
    ],
    [
      `${MEMORY}listener "tcp" { tls_cert_file = "c" tls_key_file = "k" tls_min_version = "tls13" tls_max_version = "tls12" }`,
      "is above",
    ],
    [
      `${MEMORY}listener "tcp" { tls_cert_file = "c" tls_key_file = "k" tls_require_and_verify_client_cert = true }`,
      'needs "tls_client_ca_file"',
    ],
    [`${MEMORY}listener "tcp" { tls_disable = true max_request_size = 0 }`, "whole number from 1"],
    [`${MEMORY}listener "tcp" { tls_disable = true max_request_duration = 0 }`, "above 0"],
    [
      `${MEMORY}listener "tcp" { tls_disable = true proxy_protocol_behavior = "use_always" }`,
      '"proxy_protocol_behavior" is not supported',
    ],
    [`${MEMORY}listener "unix" {}`, '"address" is required'],
    [`${MEMORY}listener "unix" { address = "run.sock" }`, "absolute path"],
    [`${MEMORY}listener "unix" { address = "/${"x".repeat(107)}" }`, "at most 107 bytes"],
    [`${MEMORY}listener "unix" { address = "/s" socket_mode = "0999" }`, "octal mode"],
    [`${MEMORY}listener "unix" { address = "/s" socket_mode = "4600" }`, "at most 0777"],
    [`${MEMORY}listener "unix" { address = "/s" socket_user = "nobody-here" }`, 'there is no "nobody-here"'],
    [`${BASE}default_lease_ttl = "2h"\nmax_lease_ttl = "1h"`, 's.hcl:3:1: "default_lease_ttl" is longer'],
    [`${BASE}default_lease_ttl = "769h"`, "is longer than"],
    [`${BASE}max_lease_ttl = 0`, "at least 1s"],
    [`${BASE}max_lease_ttl = "soon"`, 's.hcl:3:17: "max_lease_ttl": invalid duration'],
    [`${BASE}api_addr = "oksae:8200"`, "must be a URL"],
    [`${BASE}log_level = "loud"`, "must be one of: trace"],
    [`${BASE}log_format = "xml"`, "must be one of: json"],
    [`${BASE}seal "awskms" {}`, 's.hcl:3:1: seal "awskms" is not supported'],
    [`${BASE}ha_storage "consul" {}`, '"ha_storage" is not supported'],
    [`${BASE}telemetry {}`, '"telemetry" is not supported'],
    [`${BASE}raw_storage_endpoint = true`, '"raw_storage_endpoint" is not supported'],
    [`${BASE}audit "file" "x" {}`, "file_path is required"],
    [
      `${BASE}audit "file" "x" {\n options { file_path = "/a" log_raw = true }\n}`,
      "s.hcl:4:2: log_raw is not supported",
    ],
    [`${BASE}audit "syslog" "x" { options { } }`, 'unknown audit device type "syslog"'],
    [`${BASE}audit "file" "x" { file_path = "/a" }`, 'unknown key "file_path"; known: description, options'],
    [
      `${BASE}audit "file" "x" { options { file_path = "/a" } }\naudit "file" "x/" { options { file_path = "/b" } }`,
      "s.hcl:4:1: there is a second audit device",
    ],
    [`${BASE}ui = true\nui = false`, 's.hcl:4:1: "ui" is set twice'],
  ])("%s", (text, says) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ kind: "invalid" }));
    expect(() => parse(text)).toThrow(says);
  });
});

describe("files", () => {
  const inFolder = async (
    files: Record<string, string | Buffer>,
    work: (folder: string) => Promise<void>,
  ): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), "oksae-config-"));
    try {
      for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
      await work(folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  };

  test("a directory is merged in lexical order; other files, hidden ones and directories are left alone", async () => {
    const files = {
      "20-b.json": '{"log_level": "warn", "listener": {"tcp": {"address": "b:2", "tls_disable": true}}}',
      "10-a.hcl": `${MEMORY}log_level = "debug"\nlistener "tcp" { address = "a:1" tls_disable = true }`,
      ".hidden.hcl": "nonsense",
      "#x.hcl": "nonsense",
      "a.hcl~": "nonsense",
      "README.md": "nonsense",
    };
    await inFolder(files, async (folder) => {
      await mkdir(join(folder, "sub.d"));
      const config = await readServerConfig([folder]);
      expect(config.logLevel).toBe("warn");
      expect(config.listeners).toMatchObject([{ host: "a" }, { host: "b" }]);
      const [file] = [join(folder, "10-a.hcl")];
      expect((await readServerConfig([folder, file]).catch((error: unknown) => error)) as Error).toMatchObject({
        message: expect.stringContaining("there is a second storage"),
      });
    });
  });

  test("messages name the file of the directory", async () => {
    await inFolder({ "a.hcl": BASE, "b.hcl": "\n  nope = 1" }, async (folder) => {
      await expect(readServerConfig([folder])).rejects.toThrow(`${join(folder, "b.hcl")}:2:3: unknown key "nope"`);
    });
  });

  test.each<[string, Record<string, string | Buffer>, string]>([
    ["an empty directory", {}, "no .hcl or .json file"],
    ["not UTF-8", { "a.hcl": Buffer.from([0x61, 0xff]) }, "not UTF-8"],
    ["too long", { "a.hcl": Buffer.alloc(1024 * 1024 + 1, "#") }, "longer than 1 MiB"],
  ])("%s", async (_, files, says) => {
    await inFolder(files, async (folder) => {
      await expect(readServerConfig([folder])).rejects.toMatchObject({
        kind: "invalid",
        message: expect.stringContaining(says),
      });
    });
  });

  test("a file that is not there, and no file at all", async () => {
    await expect(readServerConfig(["/nonexistent/x.hcl"])).rejects.toThrow(
      "/nonexistent/x.hcl: cannot be read (ENOENT)",
    );
    await expect(readServerConfig([])).rejects.toThrow("name a file or directory with -config");
  });
});
