/** The story: an instance proves who it is, and its secrets land in its files. Each step says what it saw, or fails. */
import { setTimeout as wait } from "node:timers/promises";
import { startAws } from "./aws.ts";
import { check, type Running, type Stage } from "./stage.ts";

export type Sabotage = "thief" | "audit" | "kill";

export interface Step {
  readonly name: string;
  /** @returns what a reader should see */
  readonly play: () => Promise<string>;
}

export interface Story {
  readonly steps: readonly Step[];
  readonly hints: () => string;
  readonly close: () => Promise<void>;
}

const POLICY = 'path "secret/data/app/*" {\n  capabilities = ["read"]\n}\n';
const TEMPLATE = `{{ with secret "secret/data/app/db" }}production:
  username: {{ .Data.data.username }}
  password: {{ .Data.data.password | toJSON }}
{{ end }}`;

export async function story(stage: Stage, sabotage: Sabotage | undefined): Promise<Story> {
  const aws = await startAws();
  const cast: { server?: Running; agent?: Running; keys: readonly string[]; stamps: readonly string[] } = {
    keys: [],
    stamps: [],
  };

  const serve = async (): Promise<void> => {
    cast.server = stage.start("server", ["server", "-config", stage.path("server.hcl")]);
    await stage.until("the server listens", 10, async () => (await stage.run(["status"])).err === "");
  };
  const unseal = async (): Promise<string> => {
    let out = "";
    for (const key of cast.keys.slice(0, 3)) out = await stage.must(["operator", "unseal", "-"], key);
    return out;
  };
  const boot = (): void => {
    cast.agent = stage.start("agent", ["agent", "-config", stage.path("agent.d")]);
  };
  const status = async (): Promise<string> =>
    (await stage.run(["agent", "status", "-config", stage.path("agent.d")])).out;
  const stamps = (): readonly string[] => ["out/app.env", "out/database.yml"].map((name) => stage.stamp(name));
  const login = (document: string, nonce: string | undefined) => {
    const body = nonce === undefined ? { role: "app", pkcs7: document } : { role: "app", pkcs7: document, nonce };
    return stage.run(["write", "-format=json", "auth/aws/login", "-"], JSON.stringify(body));
  };

  const steps: Step[] = [
    {
      name: "a server starts on an empty folder, is initialized, and three of five key shares open it",
      play: async () => {
        stage.write("server.hcl", serverConfig(stage));
        await serve();
        check((await stage.run(["status"])).code === 2, "a new server is not sealed");
        const made = JSON.parse(await stage.must(["operator", "init", "-format=json"])) as {
          unseal_keys_b64: string[];
          root_token: string;
        };
        cast.keys = made.unseal_keys_b64;
        stage.rootToken = made.root_token;
        check(cast.keys.length === 5, "init gave no five shares");
        await stage.must(["operator", "unseal", "-"], cast.keys[4]);
        check((await stage.run(["status"])).code === 2, "one share opened the server");
        await unseal();
        check((await stage.run(["status"])).code === 0, "three shares did not open the server");
        return "5 shares made, 3 given: unsealed";
      },
    },
    {
      name: "the operator sets up audit, a secret, a policy, and a role for the account's instances",
      play: async () => {
        if (sabotage !== "audit") await stage.must(["audit", "enable", "file", `file_path=${stage.path("audit.log")}`]);
        await stage.must(["secrets", "enable", "-path=secret", "-version=2", "kv"]);
        await stage.must(["kv", "put", "secret/app/db", "username=app", "password=-"], 'first "pass" $word');
        await stage.must(["policy", "write", "app", "-"], POLICY);
        await stage.must(["auth", "enable", "aws"]);
        await stage.must(
          ["write", "auth/aws/config/certificate/demo", "-"],
          JSON.stringify({ aws_public_cert: aws.certificate, type: "pkcs7", kind: "rsa2048", regions: aws.region }),
        );
        await stage.must(["write", "auth/aws/config/client", "-"], JSON.stringify(aws.client));
        await stage.must([
          "write",
          "auth/aws/role/app",
          "auth_type=ec2",
          `bound_account_id=${aws.account}`,
          "policies=app",
          "allowed_documents=rsa2048",
          "token_period=1h",
        ]);
        return `role app: instances of account ${aws.account} may read secret/data/app/*`;
      },
    },
    {
      name: "the agent boots, proves its instance, and the env file and the template appear",
      play: async () => {
        stage.write("agent.d/base.hcl", agentConfig(stage, aws.metadata));
        stage.write("database.yml.ctmpl", TEMPLATE);
        boot();
        await stage.until(
          "both files are there",
          15,
          () => stage.exists("out/app.env") && stage.exists("out/database.yml"),
        );
        const env = stage.read("out/app.env");
        check(
          env.includes('password="first \\"pass\\" \\$word"'),
          "the env file holds another password, or quotes it wrongly",
        );
        check(
          stage.read("out/database.yml").includes('password: "first \\"pass\\" $word"'),
          "the template holds another password",
        );
        check(
          stage.mode("out/app.env") === "0600" && stage.mode("out/database.yml") === "0640",
          "the modes are not 0600 and 0640",
        );
        check(stage.mode("nonce") === "0600", "the nonce's file is not 0600");
        return `out/app.env 0600:\n${env}out/database.yml 0640`;
      },
    },
    {
      name: "the secret changes, and the files follow",
      play: async () => {
        const before = performance.now();
        await stage.must(["kv", "put", "secret/app/db", "username=app", "password=-"], "second");
        await stage.until(
          "the files follow",
          10,
          () => stage.read("out/app.env").includes("second") && stage.read("out/database.yml").includes("second"),
        );
        return `in place after ${((performance.now() - before) / 1000).toFixed(1)} s (the demo looks each second; the default is 30 s)`;
      },
    },
    {
      name: "a thief with the same signed document and no nonce is refused",
      play: async () => {
        const document = await aws.document();
        const nonce = sabotage === "thief" ? nonceOf(stage) : "00000000-0000-0000-0000-000000000000";
        const wrong = await login(document, nonce);
        check(wrong.code === 2 && wrong.err.includes("nonce mismatch"), "a thief logged in with a stolen document");
        const without = await login(document, undefined);
        check(without.code === 2, "a thief logged in without any nonce");
        return wrong.err.trim().split("\n").at(-1) ?? "";
      },
    },
    {
      name: "the agent restarts and gets in again with its nonce",
      play: async () => {
        cast.stamps = stamps();
        await cast.agent?.kill("SIGTERM");
        boot();
        const ready = `agent    ready, pid ${String(cast.agent?.pid)}\n`;
        await stage.until("the agent is in again", 15, async () => (await status()).startsWith(ready));
        check(stamps().join() === cast.stamps.join(), "the restart wrote files that had not changed");
        return await status();
      },
    },
    {
      name: "the server is killed and comes back sealed; unsealed, it has lost nothing, and the agent recovers",
      play: async () => {
        const before = cast.server?.pid;
        if (sabotage !== "kill") {
          await cast.server?.kill("SIGKILL");
          await serve();
        }
        check(cast.server?.pid !== before, "the server was never killed");
        check((await stage.run(["status"])).code === 2, "the server came back unsealed");
        await wait(2500);
        check(stamps().join() === cast.stamps.join(), "the outage touched the files");
        await unseal();
        check(
          (await stage.must(["kv", "get", "-field=password", "secret/app/db"])) === "second",
          "the secret was lost",
        );
        await stage.must(["kv", "put", "secret/app/db", "username=app", "password=-"], "third");
        await stage.until("the agent follows again", 30, () => stage.read("out/app.env").includes("third"));
        return "sealed for 2.5 s, the agent asking in vain: files untouched; unsealed: the next change arrived";
      },
    },
    {
      name: "the audit says who read what, and holds no secret",
      play: () => {
        check(stage.exists("audit.log"), "there is no audit");
        const lines = stage
          .read("audit.log")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as AuditLine);
        const reads = lines.filter(
          (line) =>
            line.type === "response" && line.request.operation === "read" && line.request.path === "secret/data/app/db",
        );
        const byInstance = reads.filter((line) => line.auth?.metadata?.["instance_id"] === aws.instance);
        check(byInstance.length > 0, "no line says that the instance read its secret");
        check(
          lines.some((line) => line.error?.includes("nonce mismatch") === true),
          "no line tells of the thief",
        );
        const text = stage.read("audit.log");
        for (const secret of ["first", "second", "third", nonceOf(stage), stage.rootToken])
          check(!text.includes(secret), "the audit holds a secret");
        return Promise.resolve(
          `${String(lines.length)} lines; ${aws.instance} read secret/data/app/db ${String(byInstance.length)} times`,
        );
      },
    },
  ];
  return { steps, hints: () => hints(stage), close: () => aws.close() };
}

interface AuditLine {
  readonly type: string;
  readonly error?: string;
  readonly request: { readonly operation: string; readonly path: string };
  readonly auth?: { readonly metadata?: Readonly<Record<string, string>> };
}

/** Read as the thief of the sabotage does, who has got hold of the agent's own file. */
function nonceOf(stage: Stage): string {
  const { nonce } = JSON.parse(stage.read("nonce")) as { nonce: string };
  return nonce;
}

function serverConfig(stage: Stage): string {
  return `storage "lmdb" {
  path = "${stage.path("data")}"
}

listener "tcp" {
  address     = "127.0.0.1:${String(stage.port)}"
  tls_disable = true
}

api_addr = "${stage.address}"
`;
}

function agentConfig(stage: Stage, metadata: string): string {
  return `vault {
  address = "${stage.address}"
}

auto_auth {
  method "aws" {
    config {
      type          = "ec2"
      role          = "\${instance.tag.Role}"
      document      = "rsa2048"
      nonce_path    = "${stage.path("nonce")}"
      imds_endpoint = "${metadata}"
    }
  }
}

template_config {
  static_secret_render_interval = "1s"
}

env_file "${stage.path("out/app.env")}" {
  secrets = ["secret/data/app/db"]
  format  = "systemd"
}

template {
  source      = "${stage.path("database.yml.ctmpl")}"
  destination = "${stage.path("out/database.yml")}"
  perms       = "0640"
}

status_file = "${stage.path("status.json")}"
`;
}

function hints(stage: Stage): string {
  return `
Everything is still up; Ctrl-C ends it. In another terminal:
  export OKSAE_ADDR=${stage.address} OKSAE_TOKEN=${stage.rootToken}
  npx oksae kv put secret/app/db username=app password=mine    # and look at ${stage.path("out/app.env")}
  npx oksae list auth/aws/identity-accesslist
  tail -f ${stage.path("audit.log")}
  npx oksae agent status -config ${stage.path("agent.d")}
`;
}
