import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import ts from "typescript-eslint";

const FORBIDDEN = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: "take a Clock" },
  { selector: "ExportDefaultDeclaration", message: "export by name" },
  { selector: "ExportAllDeclaration", message: "no barrel files: import from the file that defines it" },
];
const REVEAL = [
  { selector: "CallExpression[callee.property.name='reveal']", message: "a secret leaves its box only at the edge" },
];
// One line each, with what it does with the clear value.
const EDGES = [
  "server/core/envelope.ts", // shows the nonce that a login has just made
  "server/clients/aws-session.ts", // hands AWS keys to the SDK
  "server/auth/approle/hmac-key.ts", // HMACs with a role's key; stores it, below the barrier
  "server/auth/aws/config-client.ts", // stores the secret key, below the barrier
  "server/auth/aws/role.ts", // stores the key of a role's tags, below the barrier
  "server/auth/aws/role-tag.ts", // signs tags with it
  "server/auth/aws/access-list.ts", // stores the nonce, below the barrier; shows it to who may read the entry
  "server/clients/bcrypt.ts", // hashes passwords
  "server/clients/github.ts", // hashes the token: the key of what is remembered
  "server/clients/github-http.ts", // the authorization header
  "server/clients/ldap.ts", // binds with the password
  "server/clients/ldap-line.ts", // the key of the client certificate
  "server/auth/ldap/config.ts", // stores bindpass and the client's key, below the barrier
  "server/auth/ldap/config-update.ts", // checks the client's key against its certificate
  "server/auth/ldap/directory.ts", // whether there is a bindpass
  "server/auth/userpass/user.ts", // stores the hash, below the barrier
  "server/auth/userpass/login.ts", // hands the hash to the port
  "lib/secret.ts", // compares it
  "lib/crypto/sigv4.ts", // signs with the AWS secret key, sends the session token
  "server/token/batch.ts", // opens what is sealed in a batch token's string
  "server/token/names.ts", // HMACs a token's string
  "server/auth/token/lookup.ts", // a token looked up by its string is answered with it
  "cli/machine.ts", // writes the token file
  "cli/input/typed.ts", // hands on what a person has typed
  "cli/commands/print-token.ts", // prints the token that was asked for
  "server/audit/hasher.ts", // hashes the token for the audit
  "server/seal/shares.ts", // reads a share
  "server/seal/root-generation.ts", // XORs a root token with its one-time password
  "lib/wire/client.ts", // the token header, the client certificate's key
  "lib/wire/envelope.ts", // the token that a reply hands out
  "server/dev.ts", // prints the root token of -dev
  "server/engines/system/init.ts", // shows the first root token
  "server/engines/system/generate-root.ts", // shows the one-time password it has just made
  "agent/login/nonce.ts", // writes the nonce to its file
  "agent/login/aws.ts", // sends the nonce
  "agent/place/scrub.ts", // finds secrets in a command's output, to hide them
  "agent/placing.ts", // hands a file's text to placing
  "agent/sink.ts", // hands the token to its sink file
];

export default defineConfig(
  globalIgnores(["dist/", "node_modules/", "**/*.mjs"]),
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      // It follows recursive types (JSON) without end and overflows the stack (typescript-eslint 8.73.0).
      "@typescript-eslint/no-unsafe-class-instance-assignment": "off",
      complexity: ["error", 12],
      "max-lines": ["error", { max: 400, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true, IIFEs: true }],
      "no-console": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/explicit-module-boundary-types": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreVoidOperator: true }],
    },
  },
  {
    // Time and randomness are handed in: only the clock, the random source and the programs' mains may ask the machine.
    files: ["agent/**", "server/**", "lib/**", "cli/**"],
    ignores: ["**/main.ts", "lib/clock.ts", "lib/random.ts"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "take a Clock" },
        { object: "Math", property: "random", message: "take a random source" },
        { object: "process", property: "env", message: "read the environment in main.ts" },
      ],
      "no-restricted-syntax": ["error", ...FORBIDDEN, ...REVEAL],
    },
  },
  {
    // The edges: the only files in which a secret leaves its box.
    files: EDGES,
    rules: { "no-restricted-syntax": ["error", ...FORBIDDEN] },
  },
  {
    files: ["test/**"],
    rules: {
      "max-lines-per-function": "off",
      "@typescript-eslint/explicit-module-boundary-types": "off",
      "@typescript-eslint/restrict-template-expressions": "off",
      "@typescript-eslint/no-misused-spread": "off",
    },
  },
);
