/** The reference for both KV engines: what lies where. Source: Vault's API pages of KV version 1 and 2. */
import { DONE, INVALID, NOTHING, shown, type Told } from "./reply.ts";

export class OldKv {
  readonly #data = new Map<string, string>();

  has(path: string): boolean {
    return this.#data.has(path);
  }

  write(path: string, value: string): Told {
    this.#data.set(path, value);
    return DONE;
  }

  read(path: string): Told {
    const value = this.#data.get(path);
    return value === undefined ? NOTHING : shown({ value });
  }

  delete(path: string): Told {
    this.#data.delete(path);
    return DONE;
  }

  list(path: string): Told {
    return listed(this.#data.keys(), path);
  }
}

interface Version {
  readonly data: Readonly<Record<string, string>>;
  deleted: boolean;
  destroyed: boolean;
}

/** Ten versions are kept. */
const KEPT = 10;

interface Secret {
  current: number;
  readonly versions: Map<number, Version>;
}

export class NewKv {
  readonly #secrets = new Map<string, Secret>();

  has(path: string): boolean {
    return this.#secrets.has(path);
  }

  write(path: string, data: Readonly<Record<string, string>>, cas: number | undefined): Told {
    const secret = this.#secrets.get(path) ?? { current: 0, versions: new Map<number, Version>() };
    if (cas !== undefined && cas !== secret.current) return INVALID;
    secret.current += 1;
    secret.versions.set(secret.current, { data, deleted: false, destroyed: false });
    secret.versions.delete(secret.current - KEPT);
    this.#secrets.set(path, secret);
    return shown({ version: secret.current });
  }

  patch(path: string, key: string, value: string | null): Told {
    const secret = this.#secrets.get(path);
    const version = secret?.versions.get(secret.current);
    if (version === undefined || version.deleted || version.destroyed) return NOTHING;
    const kept = Object.fromEntries(Object.entries(version.data).filter(([name]) => name !== key));
    return this.write(path, value === null ? kept : { ...kept, [key]: value }, undefined);
  }

  read(path: string, wanted: number): Told {
    const secret = this.#secrets.get(path);
    const number = wanted === 0 ? (secret?.current ?? 0) : wanted;
    const version = secret?.versions.get(number);
    if (version === undefined || version.deleted || version.destroyed) return NOTHING;
    return shown({ data: version.data, version: number });
  }

  delete(path: string): Told {
    const secret = this.#secrets.get(path);
    this.versions(path, "delete", secret?.current ?? 0);
    return DONE;
  }

  erase(path: string): Told {
    this.#secrets.delete(path);
    return DONE;
  }

  versions(path: string, how: "delete" | "undelete" | "destroy", number: number): Told {
    const version = this.#secrets.get(path)?.versions.get(number);
    if (version === undefined) return DONE;
    if (how === "destroy") version.destroyed = true;
    else if (!version.destroyed) version.deleted = how === "delete";
    return DONE;
  }

  list(path: string): Told {
    return listed(this.#secrets.keys(), path);
  }
}

function listed(paths: Iterable<string>, folder: string): Told {
  const names = new Set<string>();
  for (const path of paths) {
    if (!path.startsWith(`${folder}/`)) continue;
    const [name = "", ...rest] = path.slice(folder.length + 1).split("/");
    names.add(rest.length === 0 ? name : `${name}/`);
  }
  return names.size === 0 ? NOTHING : shown({ keys: [...names].sort() });
}
