/**
 * `oksae agent doctor`: everything the agent needs, one line each, with what to do about what fails. No nonce is made, no
 * first login is used up, no file is written. With a nonce that has logged in before it logs in once more: the server's
 * audit log and access list show that login, and its token is revoked at the end. The agent's own token is not touched.
 */
import { access, constants } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../lib/clock.ts";
import { describeErrno } from "../lib/errno.ts";
import { toFault } from "../lib/fault.ts";
import type { Secret } from "../lib/secret.ts";
import type { Api, ApiReply } from "../lib/wire/api.ts";
import { apiFault } from "../lib/wire/api.ts";
import { isJsonList, isJsonMap } from "../lib/wire/json.ts";
import type { AgentConfig, ItemConfig } from "./config/types.ts";
import { Mounts } from "./fetch/mounts.ts";
import type { LoginMethod } from "./login/method.ts";
import type { Rendered } from "./render/types.ts";

export interface DoctorOptions {
  readonly config: AgentConfig;
  readonly api: Api;
  readonly clock: Clock;
  /** @returns "i-…, account, region" @throws Fault; undefined = this configuration needs no metadata service */
  readonly metadata: ((signal: AbortSignal) => Promise<string>) | undefined;
  /** @returns a sentence on the nonce's state, and whether a login now would not be the first @throws Fault */
  readonly nonce: ((signal: AbortSignal) => Promise<{ readonly about: string; readonly safe: boolean }>) | undefined;
  readonly method: LoginMethod;
  /** What the item asks for first. */
  readonly inputs: (item: ItemConfig) => Promise<Rendered>;
  readonly print: (line: string) => void;
}

const SKEW = 30_000;

/** @returns whether everything is well */
export async function doctor(options: DoctorOptions, signal: AbortSignal): Promise<boolean> {
  const check = new Checks(options.print);
  const { config, metadata, nonce } = options;
  if (metadata !== undefined) await check.run("metadata service", () => metadata(signal));
  const health = await check.run("server", () => askHealth(options, signal));
  if (health !== undefined) await checkServer(check, options, health.reply);
  let safe = true;
  if (nonce !== undefined) {
    const found = await check.run("nonce", async () => {
      const { about, safe: harmless } = await nonce(signal);
      return { text: about, harmless };
    });
    safe = found?.harmless ?? false;
  }
  if (health !== undefined && safe) await checkLogin(check, options, signal);
  else check.skip("login", "needs a server and a nonce that has logged in before: start the agent first");
  for (const { target } of [...config.items, ...config.sinks]) {
    await check.run(`destination ${target.path}`, () => canWrite(target.path, target.createDirs));
  }
  return check.good;
}

type Said = string | { readonly text: string };

class Checks {
  readonly #print: (line: string) => void;
  good = true;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** @returns what `work` gave; undefined when it failed, which is printed */
  async run<T extends Said>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      const said = await work();
      this.#print(`OK    ${name}: ${typeof said === "string" ? said : said.text}`);
      return said;
    } catch (error) {
      this.good = false;
      const { message, cause } = toFault(error);
      const why = message === "internal error" && cause instanceof Error ? cause.message : message;
      this.#print(`FAIL  ${name}: ${why}`);
      return undefined;
    }
  }

  skip(name: string, why: string): void {
    this.#print(`skip  ${name}: ${why}`);
  }
}

async function askHealth(
  { api, config }: DoctorOptions,
  signal: AbortSignal,
): Promise<{ text: string; reply: ApiReply }> {
  const reply = await api({ method: "GET", path: "sys/health", signal });
  const tls = config.vault.address.startsWith("https://");
  const trust = config.vault.tlsSkipVerify ? "TLS, certificate not verified" : "TLS, certificate verified";
  return { text: `${config.vault.address} answers${tls ? ` (${trust})` : ""}`, reply };
}

/** Source of the statuses: Vault API, `sys/health`. */
async function checkServer(check: Checks, { clock }: DoctorOptions, reply: ApiReply): Promise<void> {
  await check.run("server state", () => {
    if (reply.status === 501)
      return Promise.reject(new Error("not initialized: run oksae operator init on the server"));
    if (reply.status === 503) return Promise.reject(new Error("sealed: run oksae operator unseal on the server"));
    const fine = reply.status < 300 || [429, 472, 473].includes(reply.status);
    return fine ? Promise.resolve("unsealed") : Promise.reject(apiFault("health", reply));
  });
  const { date } = reply;
  if (date === undefined) return;
  await check.run("clock", () => {
    const off = clock.now() - date;
    const seconds = String(Math.round(Math.abs(off) / 1000));
    if (Math.abs(off) <= SKEW) return Promise.resolve(`within ${seconds} s of the server's`);
    const message = `${seconds} s ${off > 0 ? "ahead of" : "behind"} the server's: set up time synchronisation (chrony)`;
    return Promise.reject(new Error(message));
  });
}

async function checkLogin(check: Checks, options: DoctorOptions, signal: AbortSignal): Promise<void> {
  const { api, config, method } = options;
  const login = await check.run("login", async () => {
    const grant = await method.login(signal);
    return { text: `role accepted, policies ${grant.policies.join(", ")}`, token: grant.token };
  });
  if (login === undefined) return;
  const mounts = new Mounts(api);
  try {
    for (const item of config.items) await checkItem(check, options, item, mounts, login.token, signal);
  } finally {
    // A token from a file is somebody else's; only what was made here is taken back.
    if (config.method.kind === "aws") {
      await api({ method: "POST", path: "auth/token/revoke-self", body: {}, token: login.token, signal }).catch(
        () => undefined,
      );
    }
  }
}

async function checkItem(
  check: Checks,
  { api, inputs }: DoctorOptions,
  item: ItemConfig,
  mounts: Mounts,
  token: Secret,
  signal: AbortSignal,
): Promise<void> {
  const wanted = await inputs(item).catch((error: unknown) => toFault(error));
  if (wanted instanceof Error) {
    await check.run(`inputs of ${item.target.path}`, () => Promise.reject(wanted));
    return;
  }
  const requests = "missing" in wanted ? wanted.missing : [];
  for (const request of requests) {
    if (request.kind === "file") {
      await check.run(`file ${request.path}`, () => canRead(request.path));
      continue;
    }
    const capability = request.kind === "read" ? "read" : "update";
    await check.run(`policy for ${request.path}`, async () => {
      const path = request.kind === "read" ? await mounts.apiPath(request.path, token, signal) : request.path;
      const body = { paths: [path] };
      const reply = await api({ method: "POST", path: "sys/capabilities-self", body, token, signal });
      return allowed(path, capability, reply);
    });
  }
}

function allowed(path: string, capability: string, reply: ApiReply): string {
  if (reply.status >= 300) throw apiFault(`capabilities of ${path}`, reply);
  const data = reply.body?.get("data");
  const list = isJsonMap(data) ? (data.get(path) ?? data.get("capabilities")) : undefined;
  const capabilities = isJsonList(list) ? list : [];
  if (capabilities.includes(capability) || capabilities.includes("root")) return `${path}: ${capability}`;
  throw new Error(`the role's policies lack: path "${path}" { capabilities = ["${capability}"] }`);
}

async function canRead(path: string): Promise<string> {
  try {
    await access(path, constants.R_OK);
    return "readable";
  } catch (error) {
    throw new Error(describeErrno(error).text, { cause: error });
  }
}

async function canWrite(path: string, createDirs: boolean): Promise<string> {
  let folder = dirname(path);
  for (;;) {
    try {
      await access(folder, constants.W_OK | constants.X_OK);
      return "its folder can be written to";
    } catch (error) {
      const { code, text } = describeErrno(error);
      if (code !== "ENOENT") throw new Error(`folder ${folder}: ${text}`, { cause: error });
      if (!createDirs || folder === "/") throw new Error(`folder ${folder} is missing: make it`, { cause: error });
      folder = dirname(folder);
    }
  }
}
