/**
 * Faults to be sown into the server, one at a time: the model check must catch each. `find` stands exactly once in its
 * file, so a change there that makes the fault meaningless is noticed.
 */
export interface Fault {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const FAULTS: readonly Fault[] = [
  {
    name: "a deny that is skipped",
    file: "server/policy/parse.ts",
    find: "if ((rule.capabilities & DENY) === 0) return rule;",
    replace: "if (rule.capabilities >= 0) return { ...rule, capabilities: rule.capabilities & ~DENY };",
  },
  {
    name: "a deny that another policy's allow overrules",
    file: "server/policy/rules.ts",
    find: "if ((other.capabilities & DENY) !== 0) return { ...other, sources: [] };",
    replace: "if ((other.capabilities & DENY) !== 0) return one;",
  },
  {
    name: "a deny on a folder that LIST with a slash gets round",
    file: "server/policy/acl.ts",
    find: "(bare === undefined ? undefined : matcher.exact(bare)) ??\n    matcher.wild(path)",
    replace: "matcher.wild(path)",
  },
  {
    name: "a renewal that passes the explicit maximum by a second",
    file: "lib/ttl.ts",
    find: "const left = end - limits.age;",
    replace: "const left = end - limits.age + 1000;",
  },
  {
    name: "a token that lives one millisecond too long",
    file: "server/token/record.ts",
    find: "expireTime <= now",
    replace: "expireTime < now",
  },
  {
    name: "a use that is not counted",
    file: "server/token/store.ts",
    find: "record.entry.numUses - 1",
    replace: "record.entry.numUses",
  },
  {
    name: "a child that outlives its parent",
    file: "server/token/store.ts",
    find: 'above !== ""; ) {',
    replace: 'above === "never"; ) {',
  },
  {
    name: "children of a token revoked alone that die with it",
    file: "server/token/tree.ts",
    find: 'parent: "", orphan: true',
    replace: "orphan: true",
  },
  {
    name: "a token given policies that its parent does not have",
    file: "server/auth/token/policies.ts",
    find: "!own.has(name)",
    replace: 'name === "nobody"',
  },
  {
    name: "a create-only token that overwrites",
    file: "server/core/admit.ts",
    find: "if (!there) pass.call",
    replace: "if (there !== undefined) pass.call",
  },
  {
    name: "a check-and-set that is not checked",
    file: "server/engines/kv/versions.ts",
    find: "casNumber(cas) !== meta.current",
    replace: "casNumber(cas) < 0",
  },
  {
    name: "a destroyed version that is only deleted",
    file: "server/engines/kv/v2-versions.ts",
    find: "{ ...v, destroyed: true }",
    replace: "{ ...v, deleted: 1 }",
  },
  {
    name: "a patch that forgets what it does not name",
    file: "server/engines/kv/v2-data.ts",
    find: "stringifyJson(mergePatch(current, data))",
    replace: "stringifyJson(mergePatch(new Map(current.size > 9 ? current : []), data))",
  },
  {
    name: "a cache that keeps what was overwritten",
    file: "server/engines/kv/v1.ts",
    find: "cache.write([key], () =>\n        context.storage",
    replace: 'cache.write(["other"], () =>\n        context.storage',
  },
  {
    name: "a policy that goes on after it was deleted",
    file: "server/policy/store.ts",
    find: "      tx.delete(keyOf(name));\n      return Promise.resolve();\n    });\n    this.forget();",
    replace: "      tx.delete(keyOf(name));\n      return Promise.resolve();\n    });",
  },
  {
    name: "a wrapping token that opens twice",
    file: "server/core/wrapping.ts",
    find: "numUses: 1,",
    replace: "numUses: 2,",
  },
  {
    name: "a restart after which no token is known",
    file: "server/token/names.ts",
    find: "if (before !== undefined) return before;",
    replace: "if (before?.length === 0) return before;",
  },
];
