/**
 * Where engines are mounted, so that `secret/app` becomes `secret/data/app` on a KV v2 mount and stays as it is elsewhere.
 * Source: Vault API, `sys/internal/ui/mounts/:path`, and consul-template's `isKVv2`.
 */
import { Fault } from "../../lib/fault.ts";
import type { Secret } from "../../lib/secret.ts";
import { type Api, apiFault } from "../../lib/wire/api.ts";
import { isJsonMap } from "../../lib/wire/json.ts";

interface Mount {
  /** With its trailing slash. */
  readonly prefix: string;
  readonly kvV2: boolean;
}

export class Mounts {
  readonly #api: Api;
  readonly #known = new Map<string, Mount>();
  readonly #doubted = new Set<string>();

  constructor(api: Api) {
    this.#api = api;
  }

  /** @returns the path to read: with `data/` after a KV v2 mount unless it is there */
  async apiPath(path: string, token: Secret, signal: AbortSignal): Promise<string> {
    const held = this.#find(path);
    const mount =
      held === undefined || this.#doubted.has(path) ? await this.#askAgain(path, held, token, signal) : held;
    if (mount?.kvV2 !== true) return path;
    const rest = path.slice(mount.prefix.length);
    return rest === "data" || rest.startsWith("data/") ? path : `${mount.prefix}data/${rest}`;
  }

  /** To be called when a read went wrong in a way that another mount would explain. Only this path's next read asks again. */
  doubt(path: string): void {
    this.#doubted.add(path);
  }

  async #askAgain(
    path: string,
    held: Mount | undefined,
    token: Secret,
    signal: AbortSignal,
  ): Promise<Mount | undefined> {
    const mount = await this.#ask(path, token, signal);
    this.#doubted.delete(path);
    if (held !== undefined && held.prefix !== mount?.prefix) this.#known.delete(held.prefix);
    return mount;
  }

  #find(path: string): Mount | undefined {
    for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
      const mount = this.#known.get(path.slice(0, at + 1));
      if (mount !== undefined) return mount;
    }
    return undefined;
  }

  /** A refusal is no answer: the read itself tells what it means. */
  async #ask(path: string, token: Secret, signal: AbortSignal): Promise<Mount | undefined> {
    const reply = await this.#api({ method: "GET", path: `sys/internal/ui/mounts/${path}`, token, signal });
    if (reply.status === 403 || reply.status === 404 || reply.status === 400) return undefined;
    if (reply.status >= 300) throw apiFault(`look-up of the mount of ${path}`, reply);
    const data = reply.body?.get("data");
    const prefix = isJsonMap(data) ? data.get("path") : undefined;
    if (!isJsonMap(data) || typeof prefix !== "string" || !`${path}/`.startsWith(prefix)) {
      throw new Fault("upstream", `look-up of the mount of ${path}: the reply makes no sense`);
    }
    const options = data.get("options");
    const kvV2 = data.get("type") === "kv" && isJsonMap(options) && options.get("version") === "2";
    const mount = { prefix, kvV2 };
    this.#known.set(prefix, mount);
    return mount;
  }
}
