/** `template` blocks with the keys of Vault Agent (consul-template's), and our own `env_file`. */
import type { Body } from "../../lib/hcl/body.ts";
import { command, later, onlyFalse, path, pathProblem, placeOf, requiredText, target } from "./fields.ts";
import { expand, type Scope } from "./scope.ts";
import { ENV_FORMATS, type EnvFileItemConfig, type TemplateItemConfig } from "./types.ts";

export function readTemplate(body: Body, scope: Scope): TemplateItemConfig {
  later(body, "wait", "sandbox_path", "function_denylist", "function_blacklist", "error_fatal");
  onlyFalse(body, "backup");
  const destination = path(body, "destination", scope);
  if (destination === undefined) throw body.fault('"destination" is required');
  const item: TemplateItemConfig = {
    kind: "template",
    source: sourceOf(body, scope),
    target: target(body, destination, scope, "perms"),
    command: command(body, scope),
    required: body.bool("required") ?? true,
    errorOnMissingKey: body.bool("error_on_missing_key") ?? true,
    leftDelimiter: delimiter(body, "left_delimiter", "{{"),
    rightDelimiter: delimiter(body, "right_delimiter", "}}"),
    at: placeOf(body),
  };
  body.done();
  return item;
}

function sourceOf(body: Body, scope: Scope): TemplateItemConfig["source"] {
  const file = path(body, "source", scope);
  const contents = body.string("contents");
  if (file !== undefined && contents !== undefined)
    throw body.fault('give "source" or "contents", not both', "contents");
  if (contents !== undefined) return { contents };
  if (file === undefined) throw body.fault('"source" or "contents" is required');
  return { file };
}

function delimiter(body: Body, key: string, usual: string): string {
  const value = body.string(key);
  if (value === undefined || value === "") return usual;
  if (/\s/.test(value)) throw body.fault(`${JSON.stringify(key)} must not hold blanks`, key);
  return value;
}

export function readEnvFile(body: Body, scope: Scope): EnvFileItemConfig {
  const label = body.labels[0];
  const written = label === undefined ? requiredText(body, "path", scope) : expand(label, scope, (m) => body.fault(m));
  const problem = pathProblem(written);
  if (problem !== undefined) throw body.fault(`the path of "env_file" ${problem}`);
  const secrets = (body.strings("secrets") ?? []).map((one) => {
    const expanded = expand(one, scope, (message) => body.fault(message, "secrets")).replace(/^\/+|\/+$/g, "");
    if (expanded === "") throw body.fault('"secrets" must not hold an empty path', "secrets");
    return expanded;
  });
  if (secrets.length === 0) throw body.fault('"secrets" is required: secrets = ["secret/data/app/db"]', "secrets");
  const item: EnvFileItemConfig = {
    kind: "env_file",
    secrets,
    format: body.choice("format", ENV_FORMATS) ?? "systemd",
    target: target(body, written, scope, "perms"),
    command: command(body, scope),
    required: body.bool("required") ?? true,
    at: placeOf(body),
  };
  body.done();
  return item;
}
