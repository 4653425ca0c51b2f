/**
 * Reads the text of a policy, HCL1 or JSON. Strict: whatever is not known is an error with line and column, since
 * a word that is skipped is a right that is wrong. Source: Vault, "Policies" page; the legacy `policy = "write"`
 * forms: Vault 0.5's upgrade guide.
 */
import type { Body } from "../../lib/hcl/body.ts";
import { parseConfig } from "../../lib/hcl/parse.ts";
import { faultAt, type Value } from "../../lib/hcl/tree.ts";
import { bitOf, CAPABILITIES, DENY, type ParameterValues, type ParsedPolicy, type PathRule } from "./rules.ts";
import { parseTemplate, TemplateError } from "./template.ts";

const LEGACY = {
  deny: ["deny"],
  read: ["read", "list"],
  write: ["create", "read", "update", "delete", "list"],
  sudo: ["create", "read", "update", "delete", "list", "sudo"],
} as const;

const UNSUPPORTED = [
  "mfa_methods",
  "control_group",
  "subscribe_event_types",
  "expiration",
  "list_scan_response_keys_filter_path",
];

/** @throws Fault "invalid" that begins with "line L, column C" */
export function parsePolicy(name: string, text: string): ParsedPolicy {
  const body = parseConfig(text, "");
  body.known("name");
  const rules = body.blocks("path", 1).map(pathRule);
  body.done();
  return { name, rules };
}

function pathRule(block: Body): PathRule {
  const path = checkedPath(block);
  const unsupported = UNSUPPORTED.find((key) => block.has(key));
  if (unsupported !== undefined) throw block.fault(`"${unsupported}" is not supported: remove it`, unsupported);
  block.known("comment");
  const minWrappingTtl = block.duration("min_wrapping_ttl") ?? 0;
  const maxWrappingTtl = block.duration("max_wrapping_ttl") ?? 0;
  if (maxWrappingTtl !== 0 && minWrappingTtl > maxWrappingTtl) {
    throw block.fault(`"min_wrapping_ttl" is longer than "max_wrapping_ttl"`, "min_wrapping_ttl");
  }
  const rule: PathRule = {
    path,
    template: template(block, path),
    capabilities: capabilities(block),
    allowed: parameters(block, "allowed_parameters"),
    denied: parameters(block, "denied_parameters"),
    required: (block.strings("required_parameters") ?? []).map((name) => name.toLowerCase()),
    minWrappingTtl,
    maxWrappingTtl,
  };
  block.done();
  if ((rule.capabilities & DENY) === 0) return rule;
  return { ...rule, capabilities: DENY, allowed: new Map(), denied: new Map(), required: [] };
}

function checkedPath(block: Body): string {
  const written = block.labels[0] ?? "";
  const path = written.startsWith("/") ? written.slice(1) : written;
  if (path.includes("+*")) throw block.fault(`path ${JSON.stringify(written)}: "+*" is forbidden: write "+/*" or "*"`);
  return path;
}

function template(block: Body, path: string): PathRule["template"] {
  try {
    return parseTemplate(path);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw block.fault(`path ${JSON.stringify(path)}: ${error.message}`);
  }
}

function capabilities(block: Body): number {
  let bits = 0;
  const legacy = block.choice("policy", ["deny", "read", "write", "sudo"]);
  for (const capability of legacy === undefined ? [] : LEGACY[legacy]) bits |= bitOf(capability);
  for (const word of block.strings("capabilities") ?? []) {
    const known = CAPABILITIES.find((capability) => capability === word);
    if (known === undefined) {
      throw block.fault(
        `unknown capability ${JSON.stringify(word)}; known: ${CAPABILITIES.join(", ")}`,
        "capabilities",
      );
    }
    bits |= bitOf(known);
  }
  return bits;
}

function parameters(block: Body, key: string): ParameterValues {
  const map = new Map<string, readonly Value[]>();
  for (const inner of block.blocks(key)) {
    for (const member of inner.members) {
      const name = member.key.toLowerCase();
      if (map.has(name)) throw faultAt(member.at, `parameter ${JSON.stringify(name)} is there twice`);
      if (member.value.kind !== "list" || member.labels.length > 0) {
        throw faultAt(member.at, `${JSON.stringify(member.key)} must have a list of values, [] for any`);
      }
      map.set(name, member.value.items);
    }
  }
  return map;
}
