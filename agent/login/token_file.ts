/** A token that somebody else puts into a file, as Vault Agent's method "token_file". It is read anew at each login. */
import { readFile } from "node:fs/promises";
import { describeErrno } from "../../lib/errno.ts";
import { Fault } from "../../lib/fault.ts";
import { Secret } from "../../lib/secret.ts";
import type { Api } from "../../lib/wire/api.ts";
import { type Grant, grantFromLookup, type LoginMethod } from "./method.ts";

export function tokenFileLogin(options: { readonly api: Api; readonly path: string }): LoginMethod {
  return {
    name: "token_file",
    async login(signal: AbortSignal): Promise<Grant> {
      const token = await readTokenFile(options.path);
      const reply = await options.api({ method: "GET", path: "auth/token/lookup-self", token, signal });
      if (reply.status === 403) {
        throw new Fault(
          "denied",
          `the token in ${options.path} is refused: it has ended or was revoked; put a new one there`,
        );
      }
      return grantFromLookup(`lookup of the token in ${options.path}`, token, reply);
    },
  };
}

async function readTokenFile(path: string): Promise<Secret> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new Fault("unavailable", `token file ${path} cannot be read: ${describeErrno(error).text}`, { cause: error });
  }
  const token = text.trim();
  if (!/^[\x21-\x7e]{1,4096}$/.test(token)) throw new Fault("invalid", `token file ${path} does not hold one token`);
  return new Secret(token);
}
