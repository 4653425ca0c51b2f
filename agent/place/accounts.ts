/** User and group names -> numeric ids. Source: passwd(5), group(5). Only the local files are read, no name service. */
import { readFile } from "node:fs/promises";
import { Fault } from "../../lib/fault.ts";

export interface Accounts {
  /** @returns uid, and the primary gid where the local files know the user. @throws Fault "not-found" */
  user(nameOrId: string): Promise<{ readonly uid: number; readonly gid: number | undefined }>;
  /** @throws Fault "not-found" */
  group(nameOrId: string): Promise<number>;
}

/** The files are read at each call: an account may be made while the agent runs. */
export function localAccounts(files = { passwd: "/etc/passwd", group: "/etc/group" }): Accounts {
  return {
    async user(nameOrId) {
      const entry = find(await readFile(files.passwd, "utf8"), nameOrId);
      const id = Number(entry?.[2] ?? numeric(nameOrId) ?? Number.NaN);
      if (isId(id)) return { uid: id, gid: entry === undefined ? undefined : Number(entry[3]) };
      throw missing("user", nameOrId, files.passwd);
    },
    async group(nameOrId) {
      const entry = find(await readFile(files.group, "utf8"), nameOrId);
      const id = Number(entry?.[2] ?? numeric(nameOrId) ?? Number.NaN);
      if (isId(id)) return id;
      throw missing("group", nameOrId, files.group);
    },
  };
}

/** By name first: a name may consist of digits. */
function find(text: string, nameOrId: string): readonly string[] | undefined {
  const entries = text.split("\n").map((line) => line.split(":"));
  const complete = entries.filter((entry) => entry.length >= 4);
  return complete.find(([name]) => name === nameOrId) ?? complete.find(([, , id]) => id === numeric(nameOrId));
}

function numeric(text: string): string | undefined {
  return /^(?:0|[1-9][0-9]{0,9})$/.test(text) ? text : undefined;
}

/** 2^32 - 1 means "leave it" to chown(2). */
function isId(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id < 2 ** 32 - 1;
}

function missing(what: "user" | "group", name: string, file: string): Fault {
  return new Fault("not-found", `no ${what} ${JSON.stringify(name)} in ${file}: create it, or write its numeric id`);
}
