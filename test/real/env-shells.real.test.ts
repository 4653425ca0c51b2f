/** Env files of format sh and systemd, read back by real shells. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "@jest/globals";
import { encodeEnv, envStrings } from "../../agent/render/env-file.ts";
import { isJsonMap, parseJsonMap } from "../../lib/wire/json.ts";
import { requires } from "./requires.ts";

const folder = mkdtempSync(join(tmpdir(), "oksae-env-shells-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const vectors = parseJsonMap(readFileSync(new URL("../vectors/env-files/roundtrip.json", import.meta.url), "utf8")).get(
  "values",
);
const values = new Map(
  [...envStrings(isJsonMap(vectors) ? vectors : new Map())].map(([name, value]) => [`V_${name}`, value]),
);

for (const shell of ["bash", "dash"]) {
  for (const format of ["sh", "systemd"] as const) {
    requires(shell, "env")(`${shell} reads 42 values from a file of format ${format}`, () => {
      expect(values.size).toBe(42);
      const file = join(folder, `${shell}-${format}`);
      writeFileSync(file, encodeEnv(format, values));
      const seen = execFileSync(shell, ["-c", 'set -a; . "$1" && env -0', shell, file], {
        env: { PATH: process.env["PATH"], HOME: "/root/H" },
        encoding: "utf8",
      });
      const pairs = seen.split("\0").flatMap((entry) => {
        const sign = entry.indexOf("=");
        return entry.startsWith("V_") ? [[entry.slice(0, sign), entry.slice(sign + 1)] as const] : [];
      });
      expect(new Map(pairs)).toEqual(values);
    });
  }
}
