/**
 * Real client libraries tell one story each to a freshly started server: init, unseal, mounts, policies, every auth method,
 * kv, wrapping, leases, identity, key ceremonies, seal. Go's modules of HashiCorp and OpenBao, hvac and node-vault are the
 * judges where documents are silent. What the methods speak to is real where it can be: slapd; else it checks what the
 * real one checks: a STS that verifies signatures, a GitHub that pages, an issuer with keys.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "@jest/globals";
import { iamLoginFields } from "../../lib/crypto/sigv4.ts";
import { Secret } from "../../lib/secret.ts";
import { type FakeGithub, startGithub } from "../fakes/github.ts";
import { issuerKey, type OidcIssuer, oidcIssuer } from "../fakes/oidc-issuer.ts";
import { type FakeSts, startSts } from "../fakes/sts.ts";
import { House } from "./house.ts";
import { requires } from "./requires.ts";
import { GROUPS, SERVICE, SLAPD, Slapd, USERS } from "./slapd.ts";
import { run } from "./told.ts";

const CLIENTS = join(import.meta.dirname, "programs/clients");
const HVAC = "/opt/oksae-hvac/bin/python";
const NODE_VAULT = "/opt/oksae-node-vault";
const KEY = { id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
const ARN = "arn:aws:iam::123456789012:user/ann";

let folder: string;
let slapd: Slapd;
let sts: FakeSts;
let issuer: OidcIssuer;
let github: FakeGithub;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "oksae-clients-"));
  slapd = new Slapd();
  await slapd.start();
  sts = await startSts();
  sts.keys.set(KEY.id, { secret: KEY.secret, arn: ARN, userId: "AIDAEXAMPLE" });
  issuer = await oidcIssuer();
  issuer.keys = [issuerKey("one")];
  github = await startGithub();
});

afterAll(async () => {
  slapd.stop();
  await sts.close();
  await issuer.close();
  await github.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Client {
  readonly name: string;
  readonly needs: readonly string[];
  /** Steps told at least: a story that ends early is none. */
  readonly steps: number;
  /** @returns the command that tells the story of the world in `file` */
  readonly command: (file: string) => Promise<readonly string[]>;
}

const clients: readonly Client[] = [
  {
    name: "Go, github.com/hashicorp/vault/api",
    needs: ["go"],
    steps: 240,
    command: (file) => goStory("github.com/hashicorp/vault/api", file),
  },
  {
    name: "Go, github.com/openbao/openbao/api/v2",
    needs: ["go"],
    steps: 240,
    command: (file) => goStory("github.com/openbao/openbao/api/v2", file),
  },
  {
    name: "hvac",
    needs: [HVAC],
    steps: 115,
    command: (file) => Promise.resolve([HVAC, join(CLIENTS, "story_hvac.py"), file]),
  },
  {
    name: "node-vault",
    needs: [join(NODE_VAULT, "node_modules/node-vault")],
    steps: 30,
    command: (file) => Promise.resolve([process.execPath, join(CLIENTS, "story-node-vault.mjs"), NODE_VAULT, file]),
  },
];

describe.each(clients)("$name", ({ needs, steps, command }) => {
  requires(SLAPD, ...needs)(
    "tells its story to the end",
    async () => {
      const house = new House();
      try {
        await house.start();
        const file = join(folder, `${String(house.port)}.json`);
        writeFileSync(file, JSON.stringify(world(house)));
        const told = await run(await command(file), house.folder);
        const [, count = "0"] = /^(\d+) steps$/m.exec(told.out) ?? [];
        if (told.code !== 0) throw new Error(`${told.err}\nafter: ${told.out.split("\n").slice(-6).join("\n")}`);
        process.stderr.write(`${count} steps\n`);
        expect(Number(count)).toBeGreaterThanOrEqual(steps);
        expect(house.logOf("server")).not.toMatch(/"level":"error"/);
      } finally {
        await house.close();
      }
    },
    240_000,
  );
});

/** What the clients write as configuration, role and login of each method. */
function world(house: House): object {
  const team = { token_policies: "team" };
  const login = iamLoginFields({
    keys: { accessKeyId: KEY.id, secretAccessKey: new Secret(KEY.secret) },
    region: "",
    serverId: "",
    time: Date.now(),
  });
  return {
    address: house.address,
    audit: house.path("audit.log"),
    ldap: { url: slapd.url, userdn: USERS, groupdn: GROUPS, userattr: "uid", groupattr: "cn", ...SERVICE, ...team },
    github: { organization: github.organization, base_url: `${github.url}/` },
    aws: { sts_endpoint: sts.url, sts_region: "us-east-1" },
    jwt: { jwks_url: `${issuer.url}/keys`, bound_issuer: issuer.url },
    roles: {
      userpass: { "users/ann": { password: "correct horse", ...team } },
      ldap: { "groups/devs": { policies: "team" } },
      github: { "map/teams/devs": { value: "team" } },
      aws: { "role/dev": { auth_type: "iam", bound_iam_principal_arn: ARN, resolve_aws_unique_ids: false, ...team } },
      jwt: { "role/ci": { role_type: "jwt", user_claim: "sub", bound_audiences: "oksae", ...team } },
    },
    logins: {
      userpass: { path: "login/ann", body: { password: "correct horse" }, wrong: { password: "wrong" } },
      ldap: { path: "login/ann", body: { password: "password of ann" }, wrong: { password: "wrong" } },
      github: { path: "login", body: { token: github.tokenOf("ann") }, wrong: { token: "wrong" } },
      aws: {
        path: "login",
        body: { role: "dev", ...login },
        wrong: { role: "dev", ...login, iam_request_body: "QWN0aW9uPU5v" },
      },
      jwt: {
        path: "login",
        body: { role: "ci", jwt: issuer.token({ sub: "ann", aud: "oksae" }) },
        wrong: { role: "ci", jwt: issuer.token({ sub: "ann", aud: "other" }) },
      },
    },
  };
}

/** Builds the program once for each module; the module cache is Go's own. */
async function goStory(module: string, file: string): Promise<readonly string[]> {
  const place = join(folder, module.replaceAll("/", "-"));
  mkdirSync(place, { recursive: true });
  for (const name of ["go.mod", "go.sum"]) cpSync(join(CLIENTS, "go", name), join(place, name));
  const story = readFileSync(join(CLIENTS, "go/story.go.txt"), "utf8").replaceAll("API_MODULE", module);
  writeFileSync(join(place, "main.go"), story);
  const built = await run(["go", "build", "-mod=mod", "-o", "story", "."], place);
  if (built.code !== 0) throw new Error(`go build: ${built.err}`);
  return [join(place, "story"), file];
}
