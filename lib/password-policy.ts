/**
 * Password policies: a length and rules, each a set of characters of which some must be there. Passwords are drawn
 * evenly from all that keep the rules: candidates from the union of the sets, thrown away when a rule fails.
 * Source: Vault's page "Password policies" (syntax, bounds, candidate generation and bias).
 */
import { Fault } from "./fault.ts";
import type { Body } from "./hcl/body.ts";
import { parseConfig } from "./hcl/parse.ts";

export interface PasswordPolicy {
  /** In characters (code points). */
  readonly length: number;
  readonly rules: readonly CharsetRule[];
}

interface CharsetRule {
  readonly charset: ReadonlySet<string>;
  readonly minChars: number;
}

const LENGTH = { least: 4, most: 100 };
const MOST_RULES = 100;
const MOST_CHARACTERS = 10_000;
/** Candidates until a policy counts as too hard. */
const ATTEMPTS = 5_000;

/** @throws Fault "invalid" with line and column, or for rules that no password can keep */
export function parsePasswordPolicy(text: string): PasswordPolicy {
  const body = parseConfig(text, "");
  const length = body.int("length", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) ?? 0;
  const blocks = body.blocks("rule", 1);
  const rules = blocks.map(readRule);
  body.done();
  if (length < LENGTH.least || length > LENGTH.most) {
    throw new Fault(
      "invalid",
      `passwords must be between ${String(LENGTH.least)} and ${String(LENGTH.most)} characters`,
    );
  }
  if (rules.length === 0) throw new Fault("invalid", 'at least one rule is needed: rule "charset" { charset = "…" }');
  if (rules.length > MOST_RULES)
    throw new Fault("invalid", `a password policy has at most ${String(MOST_RULES)} rules`);
  const least = rules.reduce((sum, rule) => sum + rule.minChars, 0);
  if (least > length) {
    throw new Fault(
      "invalid",
      `specified rules require at least ${String(least)} characters but ${String(length)} is specified`,
    );
  }
  return { length, rules };
}

function readRule(block: Body): CharsetRule {
  if (block.labels[0] !== "charset") throw block.fault('unknown rule: there is "charset"');
  const charset = new Set(block.requireString("charset"));
  const minChars = block.int("min-chars", 0, LENGTH.most) ?? 0;
  block.done();
  if (charset.size > MOST_CHARACTERS)
    throw block.fault(`a charset has at most ${String(MOST_CHARACTERS)} characters`, "charset");
  if ([...charset].some((one) => /[\p{C}\p{Zl}\p{Zp}]/u.test(one) || (one !== " " && /\p{Zs}/u.test(one)))) {
    throw block.fault("non-printable character in charset", "charset");
  }
  return { charset, minChars };
}

/**
 * @param bytes fit for secrets
 * @throws Fault "invalid" when no candidate keeps the rules within some thousand attempts
 */
export function generatePassword({ length, rules }: PasswordPolicy, bytes: (size: number) => Buffer): string {
  const characters = [...new Set(rules.flatMap(({ charset }) => [...charset]))];
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const candidate = draw(characters, length, bytes);
    if (rules.every(({ charset, minChars }) => holds(candidate, charset, minChars))) return candidate.join("");
  }
  throw new Fault("invalid", "unable to generate password from provided policy: are the rules impossible?");
}

function holds(candidate: readonly string[], charset: ReadonlySet<string>, minChars: number): boolean {
  let found = 0;
  for (const one of candidate) if (found < minChars && charset.has(one)) found += 1;
  return found >= minChars;
}

/** Even: what would favour the first characters is drawn again. */
function draw(characters: readonly string[], length: number, bytes: (size: number) => Buffer): readonly string[] {
  const most = Math.floor(0x1_0000 / characters.length) * characters.length;
  const out: string[] = [];
  while (out.length < length) {
    const pool = bytes(2 * (length - out.length));
    for (let at = 0; at + 1 < pool.length; at += 2) {
      const number = pool.readUInt16BE(at);
      if (number < most) out.push(characters[number % characters.length] ?? "");
    }
    pool.fill(0);
  }
  return out;
}
