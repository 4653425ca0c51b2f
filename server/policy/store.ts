/**
 * The policies in storage, and the compiled rules of each set of names that a token has. A change is seen by the next
 * request: every cache goes with it, and rules that were being compiled meanwhile are compiled again.
 */

import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import type { Subject } from "../contract/identity.ts";
import type { Acl, Explanation, Policies, PolicyInfo, Question, WriteTerms } from "../contract/policy.ts";
import type { Reader, Storage } from "../contract/storage.ts";
import { compileAcl, ROOT_ACL } from "./acl.ts";
import { DEFAULT_POLICY } from "./default.ts";
import { explain } from "./explain.ts";
import { filledPolicies, isTemplated } from "./fill.ts";
import { policyName, RESERVED_POLICIES } from "./names.ts";
import { parsePolicy } from "./parse.ts";
import { checkCas, decodePolicy, encodePolicy } from "./record.ts";
import type { ParsedPolicy } from "./rules.ts";

const FOLDER = "acl/";
/** Sets of names and single policies kept compiled; past it everything is compiled anew as it is asked for. */
const MOST_CACHED = 10_000;

/** The rules of one set of names. */
interface Together {
  /** For a token that belongs to nobody: without the paths to be filled in. */
  plain: Promise<Acl>;
  /** Whether there are paths to be filled in; undefined until it is known. */
  templated: boolean | undefined;
  policies: readonly ParsedPolicy[];
  /** Goes with the subject, whose object changes with everything in it. */
  readonly bySubject: WeakMap<Subject, Promise<Acl>>;
}

/**
 * @param storage this room's own view: everything below it is policies
 * @param clock tells when a policy was written; not noted without it
 */
export function policyStore(storage: Storage, clock?: Clock): Policies {
  return new PolicyStore(storage, clock);
}

class PolicyStore implements Policies {
  readonly #storage: Storage;
  readonly #clock: Clock | undefined;
  /** By the list itself, which a cached token keeps: no string is built on the hot path. */
  #byList = new WeakMap<readonly string[], Together>();
  readonly #byNames = new Map<string, Together>();
  readonly #parsed = new Map<string, ParsedPolicy | undefined>();
  #changes = 0;

  constructor(storage: Storage, clock: Clock | undefined) {
    this.#storage = storage;
    this.#clock = clock;
  }

  acl(names: readonly string[], subject?: Subject): Promise<Acl> {
    const together = this.#together(names);
    if (together.templated === false || subject === undefined) return together.plain;
    const known = together.bySubject.get(subject);
    if (known !== undefined) return known;
    const made = together.plain.then((plain) => {
      if (together.templated !== true) return plain;
      return compileAcl(filledPolicies(together.policies, subject));
    });
    together.bySubject.set(subject, made);
    return made;
  }

  #together(names: readonly string[]): Together {
    const known = this.#byList.get(names);
    if (known !== undefined) return known;
    const key = names.join("\n");
    let together = this.#byNames.get(key);
    if (together === undefined) {
      together = this.#compile(names);
      if (this.#byNames.size >= MOST_CACHED) this.#byNames.clear();
      this.#byNames.set(key, together);
      together.plain.catch(() => {
        this.forget();
      });
    }
    this.#byList.set(names, together);
    return together;
  }

  async read(text: string): Promise<string | undefined> {
    const name = policyName(text);
    return name === "root" ? "" : textOf(name, this.#storage);
  }

  async describe(text: string): Promise<PolicyInfo | undefined> {
    const name = policyName(text);
    if (name === "root") return { text: "", version: 0, modified: 0, casRequired: false };
    return infoOf(name, this.#storage);
  }

  async explain(names: readonly string[], subject: Subject | undefined, question: Question): Promise<Explanation> {
    if (names.includes("root")) return { decision: ROOT_ACL.decide(question), reason: "root", rules: [], weaker: [] };
    const texts = await Promise.all(names.map(async (name) => ({ name, text: await textOf(name, this.#storage) })));
    const known = texts.flatMap(({ name, text }) => (text === undefined ? [] : [{ name, text }]));
    return explain(known, subject, question);
  }

  async write(given: string, text: string, terms: WriteTerms = {}): Promise<void> {
    const name = policyName(given);
    if (RESERVED_POLICIES.has(name)) throw new Fault("invalid", `cannot update "${name}" policy`);
    const plain = decoded(text);
    if (plain !== "") parsePolicy(name, plain);
    await this.#storage.transact(async (tx) => {
      const known = await infoOf(name, tx);
      checkCas(known, terms);
      const kept = plain === "" ? (known?.text ?? "") : plain;
      if (kept.trim() === "") throw new Fault("invalid", "'policy' parameter not supplied or empty");
      const version = (known?.version ?? 0) + 1;
      const casRequired = terms.casRequired ?? false;
      tx.put(keyOf(name), encodePolicy({ text: kept, version, modified: this.#clock?.now() ?? 0, casRequired }));
    });
    this.forget();
  }

  async remove(given: string): Promise<void> {
    const name = policyName(given);
    if (RESERVED_POLICIES.has(name) || name === "default") {
      throw new Fault("invalid", `cannot delete "${name}" policy`);
    }
    await this.#storage.transact((tx) => {
      tx.delete(keyOf(name));
      return Promise.resolve();
    });
    this.forget();
  }

  async list(): Promise<readonly string[]> {
    const names = (await this.#storage.list(FOLDER)).map((key) => decodeURIComponent(key));
    return [...names.sort(), "root"];
  }

  async seed(): Promise<void> {
    if ((await this.read("default")) === undefined) await this.write("default", DEFAULT_POLICY);
  }

  forget(): void {
    this.#changes += 1;
    this.#byList = new WeakMap();
    this.#byNames.clear();
    this.#parsed.clear();
  }

  #compile(names: readonly string[]): Together {
    const together: Together = {
      plain: Promise.resolve(ROOT_ACL),
      templated: false,
      policies: [],
      bySubject: new WeakMap(),
    };
    if (names.includes("root")) return together;
    together.templated = undefined;
    together.plain = this.#read(names).then((policies) => {
      together.templated = policies.some(isTemplated);
      if (together.templated) together.policies = policies;
      return compileAcl(filledPolicies(policies, undefined));
    });
    return together;
  }

  async #read(names: readonly string[]): Promise<readonly ParsedPolicy[]> {
    for (;;) {
      const before = this.#changes;
      const policies = await Promise.all(names.map((name) => this.#policy(name)));
      if (before === this.#changes) return policies.filter((policy) => policy !== undefined);
    }
  }

  async #policy(name: string): Promise<ParsedPolicy | undefined> {
    if (this.#parsed.has(name)) return this.#parsed.get(name);
    const before = this.#changes;
    const text = await textOf(name, this.#storage);
    const policy = text === undefined ? undefined : parsePolicy(name, text);
    if (this.#parsed.size >= MOST_CACHED) this.#parsed.clear();
    if (before === this.#changes) this.#parsed.set(name, policy);
    return policy;
  }
}

/** A name may hold "/" and any letter; the key holds neither. */
function keyOf(name: string): string {
  return FOLDER + encodeURIComponent(name);
}

async function infoOf(name: string, storage: Reader): Promise<PolicyInfo | undefined> {
  const bytes = await storage.get(keyOf(name));
  return bytes === undefined ? undefined : decodePolicy(name, bytes);
}

async function textOf(name: string, storage: Reader): Promise<string | undefined> {
  return (await infoOf(name, storage))?.text;
}

/** As Vault: a text that is base64 as a whole is decoded first; no policy is, since it needs quotes and braces. */
function decoded(text: string): string {
  const compact = text.trim();
  if (compact === "" || compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) return text;
  return Buffer.from(compact, "base64").toString();
}
