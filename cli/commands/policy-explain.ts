/**
 * policy explain: why a request is allowed or refused, by which line of which policy, and the least that would allow it.
 * Ours: Vault has nothing of the kind; docs/PROTOCOL.md describes sys/policy-explain.
 */
import { toSeconds } from "../../lib/duration.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap, JsonNumber } from "../../lib/wire/json.ts";
import { ApiError } from "../connect/api.ts";
import { type Context, member, text } from "../context.ts";
import { readData } from "../input/data.ts";
import { cleanPath } from "../input/path.ts";
import { typed } from "../input/typed.ts";
import { CommandError } from "../io.ts";
import { sortKeys } from "../output/format.ts";
import { printData } from "../output/print.ts";
import { columns, goText, table } from "../output/text.ts";
import { command, type Flags, flagText, type Spec } from "./register.ts";

const OPERATIONS = ["read", "list", "create", "update", "patch", "delete"];

export const policyExplainCommands: readonly Spec[] = [
  command({
    usage: "policy explain <operation> <path> [data...]",
    about: "Tells which policy line allows or refuses a request; exit code 0 when allowed, 2 when not",
    flags: [
      ["--token-accessor <accessor>", "about the token of this accessor (needs sudo)"],
      ["--token <token>", "about this token (needs sudo); - asks for it"],
    ],
    run: explain,
  }),
];

async function explain(
  context: Context,
  [operation = "", path = "", ...pairs]: readonly string[],
  flags: Flags,
): Promise<void> {
  if (!OPERATIONS.includes(operation)) {
    throw new CommandError(1, `the operation must be one of ${OPERATIONS.join(", ")}, not ${operation}`);
  }
  const body = await question(context, new Map([["operation", operation]]), { path, pairs, flags });
  const reply = await context
    .api({ method: "POST", path: "sys/policy-explain", body, bare: true })
    .catch((error: unknown) => {
      throw asNotThere(error);
    });
  const found = member(reply.body, "data");
  printData(context, sortKeys(found), () => paragraphs(found).join("\n"));
  if (found.get("allowed") !== true) throw new CommandError(2, "");
}

const REFUSED = `Hint: the token is not good, or its policies do not let it ask: the policy "default" lets everybody ask about
himself, asking about another token needs sudo on sys/policy-explain.`;

interface Asked {
  readonly path: string;
  readonly pairs: readonly string[];
  readonly flags: Flags;
}

async function question(context: Context, body: Map<string, Json>, { path, pairs, flags }: Asked): Promise<JsonMap> {
  body.set("path", cleanPath(path));
  const [accessor, given] = [flagText(flags, "tokenAccessor"), flagText(flags, "token")];
  if (accessor !== undefined && given !== undefined) {
    throw new CommandError(1, "give -token or -token-accessor, not both");
  }
  if (accessor !== undefined) body.set("accessor", accessor);
  if (given !== undefined) body.set("token", await anothers(context, given));
  if (pairs.length > 0) body.set("data", await readData(pairs, context.io));
  const { wrapTtl } = context.settings;
  if (wrapTtl !== undefined) body.set("wrap_ttl", new JsonNumber(String(toSeconds(wrapTtl))));
  return body;
}

/** 404: a server that has no such path: Vault, OpenBao, or an older one of ours. */
function asNotThere(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  if (error.status === 403) return new CommandError(2, `${error.message}\n\n${REFUSED}`);
  if (![404, 405].includes(error.status)) return error;
  return new CommandError(
    2,
    `this server has no sys/policy-explain: only oksae explains its decisions.
"oksae token capabilities PATH" tells what a token may do, and -output-policy what a command needs.`,
  );
}

/** @throws CommandError 1 for none: the server would answer about one's own */
async function anothers(context: Context, given: string): Promise<string> {
  const token = (given === "-" ? await typed(context, "Token (will be hidden): ") : given).trim();
  if (token === "") throw new CommandError(1, "-token needs a token: leave it out to ask about your own");
  return token;
}

function paragraphs(found: JsonMap): readonly string[] {
  const rules = ruleTable(found.get("rules"));
  const weaker = ruleTable(found.get("weaker_rules"));
  const hints = listOf(found.get("hints")).map((hint) => `Hint: ${goText(hint)}\n`);
  const suggestion = text(found, "suggestion");
  return [
    `${headline(found.get("allowed") === true ? "Allowed" : "Denied", text(found, "reason"))}\n`,
    factLines(found),
    ...(rules === "" ? [] : [`The rule that decides:\n\n${rules}`]),
    ...(weaker === "" ? [] : [`Less specific rules, which do not count here:\n\n${weaker}`]),
    ...hints,
    ...(suggestion === "" ? [] : [`The least that would allow it:\n\n${suggestion}`]),
  ];
}

/** "Denied by policy …" where the reason says so itself, else "Denied: …". */
function headline(verdict: string, reason: string): string {
  const start = `${verdict.toLowerCase()} `;
  return reason.startsWith(start) ? `${verdict} ${reason.slice(start.length)}` : `${verdict}: ${reason}`;
}

function factLines(found: JsonMap): string {
  const policies = listOf(found.get("policies")).map(goText).join(", ");
  return columns([
    ["Operation", text(found, "operation")],
    ["Path", text(found, "path")],
    ["Policies", policies === "" ? "n/a" : policies],
  ]);
}

/** "" when there is none. */
function ruleTable(rules: Json | undefined): string {
  const rows = listOf(rules).map((rule) => ruleRow(isJsonMap(rule) ? rule : new Map()));
  return rows.length === 0 ? "" : table([["Policy", "Line", "Path", "Capabilities"], ...rows]);
}

function ruleRow(rule: JsonMap): readonly string[] {
  const filled = text(rule, "matches");
  const path = text(rule, "path");
  const more = rule.get("constrained") === true ? " (with constraints)" : "";
  const capabilities = listOf(rule.get("capabilities")).map(goText).join(", ");
  return [text(rule, "policy"), text(rule, "line"), filled === "" ? path : `${path} = ${filled}`, capabilities + more];
}

function listOf(value: Json | undefined): readonly Json[] {
  return isJsonList(value) ? value : [];
}
