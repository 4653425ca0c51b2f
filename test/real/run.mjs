// `npm run test:real`: the tests against real components. Ends with the names of what this machine lacks and the
// line "N passed, N failed". With OKSAE_REAL_ALL=1 (CI) nothing may be lacking.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "oksae-real-"));
const skippedFile = join(folder, "skipped");
const resultFile = join(folder, "result.json");
writeFileSync(skippedFile, "");

spawnSync(process.execPath, ["build.mjs"], { stdio: "inherit" });
const run = spawnSync(
  process.execPath,
  [
    "--experimental-vm-modules",
    "--disable-warning=ExperimentalWarning",
    "node_modules/jest/bin/jest.js",
    "--config=jest.real.config.mjs",
    "--runInBand",
    "--json",
    `--outputFile=${resultFile}`,
    ...process.argv.slice(2),
  ],
  { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, OKSAE_SKIPPED_FILE: skippedFile } },
);

const skipped = [
  ...new Set(
    readFileSync(skippedFile, "utf8")
      .split("\n")
      .filter((line) => line !== ""),
  ),
].sort();
let passed = 0;
let failed = 1;
try {
  const result = JSON.parse(readFileSync(resultFile, "utf8"));
  passed = result.numPassedTests;
  failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
} catch {
  // No result: jest itself broke, and its own words are above.
}
rmSync(folder, { recursive: true, force: true });
if (process.env.OKSAE_REAL_ALL === "1" && skipped.length > 0) failed += skipped.length;
console.log(`skipped: ${skipped.length === 0 ? "none" : skipped.join(", ")}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && run.status === 0 ? 0 : 1;
