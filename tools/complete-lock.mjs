// Adds to package-lock.json the optional packages of other platforms that the registry at hand did not serve.
// npm writes no entry for a package it could not look up, and `npm ci` then calls the lock file out of sync;
// an entry with its platform is enough, because npm skips what is not for the machine it runs on.
// Run it after each `npm install`: node tools/complete-lock.mjs
import { readFileSync, writeFileSync } from "node:fs";

const OS = ["android", "darwin", "linux", "win32", "freebsd", "openbsd", "netbsd", "sunos", "aix", "openharmony"];
const CPU = ["arm64", "x64", "arm", "ia32", "ppc64", "riscv64", "s390x", "loong64", "mips64el", "universal", "wasm32"];
const LIBC = { musl: "musl", gnu: "glibc", glibc: "glibc" };
const ALIAS = { gnueabihf: "arm", eabi: "arm", musleabihf: "arm" };

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const top = `node_modules/${name}`;
    if (lock.packages[top] !== undefined || lock.packages[`${path}/${top}`] !== undefined) continue;
    const words = name.split(/[-/]/);
    const pick = (list) => words.filter((word) => list.includes(word));
    const cpu = [...new Set([...pick(CPU), ...words.flatMap((word) => ALIAS[word] ?? [])])].slice(0, 1);
    const os = pick(OS).slice(0, 1);
    if (cpu.length === 0 && os.length === 0) {
      console.error(`left out: ${name} (wanted by ${path}): its name tells no platform`);
      continue;
    }
    const libc = words.flatMap((word) => LIBC[word] ?? []).slice(0, 1);
    lock.packages[top] = {
      version: String(range).replace(/^[~^]/, ""),
      ...(cpu.length > 0 ? { cpu } : {}),
      ...(entry.dev ? { dev: true } : {}),
      ...(libc.length > 0 && os[0] === "linux" ? { libc } : {}),
      license: entry.license,
      optional: true,
      ...(os.length > 0 ? { os } : {}),
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} entries added`);
