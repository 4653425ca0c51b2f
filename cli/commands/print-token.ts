/** print token: for scripts and for what -output-curl-string prints. Source: Vault CLI documentation, "print token". */
import { readToken } from "../connect/settings.ts";
import { command, type Spec } from "./register.ts";

export const printCommands: readonly Spec[] = [
  command({
    usage: "print token",
    about: "Prints the token that commands use, after variables and the token file have been read",
    run: async ({ io }) => {
      const token = await readToken(io);
      io.out(`${token?.reveal() ?? ""}\n`);
    },
  }),
];
