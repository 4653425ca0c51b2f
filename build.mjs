// Builds the bundles: one file per program, so that the agent never loads a line of the server.
import { writeFileSync } from "node:fs";
import { build } from "esbuild";

const result = await build({
  entryPoints: {
    oksae: "cli/main.ts",
    agent: "agent/main.ts",
    server: "server/main.ts",
    demo: "test/demo/main.ts",
    bench: "bench/main.ts",
    "bench-agent": "bench/agent/main.ts",
    "bench-leases": "bench/leases/main.ts",
  },
  outdir: "dist",
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  metafile: true,
  minifySyntax: true,
  sourcemap: process.env.OKSAE_SOURCEMAP === "1" ? "linked" : false,
  legalComments: "linked",
  // lmdb and bcrypt load native modules that lie beside them; the AWS SDK is loaded on first use only.
  external: ["lmdb", "@node-rs/bcrypt", "@aws-sdk/*"],
  // CommonJS packages inside an ESM bundle call require().
  banner: { js: "import{createRequire as $r}from'node:module';const require=$r(import.meta.url);" },
});
writeFileSync("dist/meta.json", JSON.stringify(result.metafile));
