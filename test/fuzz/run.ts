/**
 * Rounds of requests by chance against whole servers in this process, a few at a time, over HTTP. A round's server starts
 * fresh with every method mounted. Nothing may be answered by 500, no connection may break, and memory has a bound.
 */
import { Agent, request } from "node:http";
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import { Secret } from "../../lib/secret.ts";
import { approleAuth } from "../../server/auth/approle/approle.ts";
import { awsAuth, awsEc2Auth } from "../../server/auth/aws/aws.ts";
import { githubAuth } from "../../server/auth/github/github.ts";
import { jwtAuth } from "../../server/auth/jwt/jwt.ts";
import { ldapAuth } from "../../server/auth/ldap/ldap.ts";
import { userpassAuth } from "../../server/auth/userpass/userpass.ts";
import type { Github } from "../../server/contract/github.ts";
import { fakeCloud } from "../fakes/aws-mount.ts";
import { fakeLdap } from "../fakes/ldap.ts";
import { fakePasswords } from "../fakes/passwords.ts";
import { type TestServer, testServer } from "../fakes/server.ts";
import { type FuzzRequest, requestsOf } from "./requests.ts";

interface FuzzOptions {
  readonly seed: number;
  readonly rounds: number;
  /** Requests of a round. */
  readonly length: number;
  /** Milliseconds after which no further round begins. */
  readonly budget: number;
}

interface FuzzOutcome {
  readonly requests: number;
  /** How often each status came. */
  readonly statuses: ReadonlyMap<number, number>;
  /** What must not be: the request, and what came of it. */
  readonly wrong: readonly string[];
  /** Bytes, the most seen. */
  readonly rss: number;
  /** Milliseconds, and for what: the slowest. */
  readonly slowest: readonly (readonly [number, string])[];
}

const AT_ONCE = 8;
/** Milliseconds. */
const SLOW = 1000;
const away = (): Promise<never> => Promise.reject(new Fault("unavailable", "is away"));
const github: Github = { user: away, organizations: away, teams: away, organization: away, forget: () => undefined };

export async function fuzz({ seed, rounds, length, budget }: FuzzOptions): Promise<FuzzOutcome> {
  const end = performance.now() + budget;
  const statuses = new Map<number, number>();
  const wrong: string[] = [];
  const slowest: [number, string][] = [];
  let requests = 0;
  let rss = 0;
  for (let round = 0; round < rounds && performance.now() < end; round += 1) {
    const one = await Round.start((level, message, fields) => {
      if (level !== "error") return;
      const error = fields?.["error"];
      wrong.push(`round ${String(seed + round)}: logged "${message}": ${error instanceof Error ? told(error) : ""}`);
    });
    try {
      const all = requestsOf(seed + round, length);
      let next = 0;
      const work = async (): Promise<void> => {
        for (let at = next++; at < all.length; at = next++) {
          const sent = all[at];
          if (sent === undefined) return;
          const begun = performance.now();
          const status = await one.send(sent).catch((error: unknown) => {
            wrong.push(`${show(sent)}: ${String(error)}`);
            return 0;
          });
          const took = performance.now() - begun;
          if (took > SLOW) slowest.push([took, show(sent)]);
          if (status === 500) wrong.push(`500 for ${show(sent)}`);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          requests += 1;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      await one.alive();
    } finally {
      await one.close();
    }
    rss = Math.max(rss, process.memoryUsage().rss);
  }
  return { requests, statuses, wrong, rss, slowest };
}

function told(error: Error): string {
  return error.cause instanceof Error ? `${error.message} <- ${told(error.cause)}` : (error.stack ?? error.message);
}

function show({ method, target, body, token }: FuzzRequest): string {
  return `${method} ${target} ${token} ${(body ?? "").slice(0, 500)}`;
}

class Round {
  readonly #server: TestServer;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  readonly #words: Map<string, string>;
  #rooting: Promise<void> | undefined;

  private constructor(server: TestServer, words: Map<string, string>) {
    this.#server = server;
    this.#words = words;
  }

  static async start(log: Log): Promise<Round> {
    const cloud = fakeCloud();
    const kinds = [
      approleAuth,
      awsAuth(cloud),
      awsEc2Auth(cloud),
      userpassAuth(fakePasswords()),
      ldapAuth(fakeLdap()),
      githubAuth(github),
      jwtAuth({ get: away, forget: () => undefined } as never),
    ];
    const server = await testServer({ kinds, log });
    for (const type of ["approle", "aws", "aws-ec2", "userpass", "ldap", "github", "jwt"])
      await server.request("POST", `sys/auth/${type}`, { type });
    await server.request("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } });
    await server.request("POST", "sys/mounts/kv-v1", { type: "kv" });
    const words = new Map([
      ["root", server.rootToken],
      ["key", server.keys[0] ?? ""],
    ]);
    const child = await server.request("POST", "auth/token/create", { policies: ["default"] });
    const { client_token, accessor } = child.body?.["auth"] as Record<string, string>;
    words
      .set("child", client_token ?? "")
      .set("accessor", accessor ?? "")
      .set("wrapping", client_token ?? "");
    return new Round(server, words);
  }

  #filled(value: string): string {
    return value.replace(/\{\{(\w+)\}\}/g, (whole, word: string) => this.#words.get(word) ?? whole);
  }

  send({ method, target, body, token, headers }: FuzzRequest): Promise<number> {
    const bytes = body === undefined ? undefined : Buffer.from(this.#filled(body), "utf8");
    const all = {
      ...headers,
      ...(token !== "" && { "X-Vault-Token": this.#filled(token) }),
      ...(method === "PATCH" && { "Content-Type": "application/json" }),
      ...(bytes !== undefined && { "Content-Length": String(bytes.length) }),
    };
    // Node's own client does not know LIST: the door takes what it becomes inside.
    const options = { agent: this.#agent, method: method === "LIST" ? "LINK" : method, headers: all };
    return new Promise((resolve, reject) => {
      const url = new URL(this.#server.url);
      const sent = request({ ...options, host: url.hostname, port: url.port, path: this.#filled(target) }, (reply) => {
        const chunks: Buffer[] = [];
        reply.on("data", (chunk: Buffer) => chunks.push(chunk));
        reply.on("error", reject);
        reply.on("end", () => {
          const { statusCode = 0 } = reply;
          const text = Buffer.concat(chunks).toString("utf8");
          Promise.resolve()
            .then(() => {
              check(statusCode, text, reply.headers["content-type"]);
              return this.#mend(statusCode, text);
            })
            .then(() => {
              resolve(statusCode);
            }, reject);
        });
      });
      sent.on("error", reject).end(bytes);
    });
  }

  /** Requests by chance seal it, and revoke the root token. */
  async #mend(status: number, text: string): Promise<void> {
    if (status === 403) await (this.#rooting ??= this.#root().finally(() => (this.#rooting = undefined)));
    if (status === 503 && text.includes("Vault is sealed")) {
      const reply = await this.#server.request("PUT", "sys/unseal", { key: this.#server.keys[0] }, "");
      if (reply.status !== 200) throw new Error(`unseal: ${reply.text}`);
    }
  }

  /** Another root token where there is none, by the one share. */
  async #root(): Promise<void> {
    const { core, keys, request } = this.#server;
    const root = this.#words.get("root") ?? "";
    if ((await request("GET", "auth/token/lookup-self", undefined, root)).status !== 403) return;
    const { rootGeneration } = core.operator;
    await rootGeneration.cancel(undefined);
    const { status, otp } = await rootGeneration.start(undefined);
    const encoded = await rootGeneration.update(new Secret(keys[0] ?? ""), status.nonce);
    const pad = Buffer.from(otp?.reveal() ?? "", "utf8");
    const token = Buffer.from(encoded ?? "", "base64").map((byte, i) => byte ^ (pad[i] ?? 0));
    this.#words.set("root", Buffer.from(token).toString("utf8"));
  }

  /** It still says how it is. */
  async alive(): Promise<void> {
    const reply = await fetch(`${this.#server.url}/v1/sys/seal-status`);
    if (reply.status !== 200) throw new Error(`after the round: ${String(reply.status)}`);
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.#server.close();
  }
}

/** Every reply is whole: JSON where it says so, errors as a list of sentences, nothing of our inside. */
function check(status: number, text: string, type: string | undefined): void {
  if (text === "" || type !== "application/json") return;
  const body = JSON.parse(text) as { errors?: unknown };
  if (status >= 400 && status !== 472 && status !== 473 && body.errors !== undefined && !Array.isArray(body.errors))
    throw new Error(`errors is no list: ${text.slice(0, 200)}`);
  if (/node:internal|\.ts:\d+|at Object\.|\[object Object\]|undefined is not/.test(text))
    throw new Error(`shows its inside: ${text.slice(0, 300)}`);
}
