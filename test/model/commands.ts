/** The calls of a sequence, as data: small sets of names, so that they meet. */
import fc from "fast-check";

export const CAPABILITIES = ["create", "read", "update", "patch", "delete", "list", "deny", "sudo"] as const;
export type Capability = (typeof CAPABILITIES)[number];

export interface PolicyRule {
  readonly path: string;
  readonly capabilities: readonly Capability[];
}

/** `by` and `of` count the tokens made so far, modulo their number. Times are milliseconds. */
export type Command =
  | { readonly kind: "policy"; readonly name: string; readonly rules: readonly PolicyRule[] }
  | { readonly kind: "drop policy"; readonly name: string }
  | {
      readonly kind: "token";
      readonly by: number;
      readonly policies: readonly string[];
      readonly ttl: number;
      readonly explicitMaxTtl: number;
      readonly period: number;
      readonly numUses: number;
      readonly renewable: boolean;
      readonly orphan: boolean;
      readonly noDefault: boolean;
    }
  | { readonly kind: "lookup"; readonly by: number }
  | { readonly kind: "renew"; readonly by: number; readonly of: number; readonly increment: number }
  | { readonly kind: "revoke"; readonly how: "self" | "tree" | "orphan" | "accessor"; readonly of: number }
  | { readonly kind: "capabilities"; readonly by: number; readonly path: string }
  | { readonly kind: "v1 write"; readonly by: number; readonly path: string; readonly value: string }
  | { readonly kind: "v1 read"; readonly by: number; readonly path: string }
  | { readonly kind: "v1 delete"; readonly by: number; readonly path: string }
  | { readonly kind: "v1 list"; readonly by: number; readonly path: string }
  | {
      readonly kind: "v2 write";
      readonly by: number;
      readonly path: string;
      readonly value: string;
      readonly cas: number | undefined;
    }
  | {
      readonly kind: "v2 patch";
      readonly by: number;
      readonly path: string;
      readonly key: string;
      readonly value: string | null;
    }
  | { readonly kind: "v2 read"; readonly by: number; readonly path: string; readonly version: number }
  | { readonly kind: "v2 delete"; readonly by: number; readonly path: string }
  | { readonly kind: "v2 erase"; readonly by: number; readonly path: string }
  | { readonly kind: "v2 list"; readonly by: number; readonly path: string }
  | {
      readonly kind: "v2 versions";
      readonly by: number;
      readonly how: "delete" | "undelete" | "destroy";
      readonly path: string;
      readonly version: number;
    }
  | { readonly kind: "wrap"; readonly by: number; readonly path: string; readonly ttl: number }
  | { readonly kind: "unwrap"; readonly of: number }
  | { readonly kind: "time"; readonly ms: number }
  | { readonly kind: "restart" };

type PathKind = "v1 read" | "v1 delete" | "v1 list" | "v2 delete" | "v2 erase" | "v2 list";

export type Of<K extends Command["kind"]> = Extract<Command, { readonly kind: K }>;
/** What is done for each kind. */
export type Table<T> = { readonly [K in Command["kind"]]: (command: Of<K>) => T };

export function doFor<T>(table: Table<T>, command: Command): T {
  return (table[command.kind] as (command: Command) => T)(command);
}

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

const index = fc.nat({ max: 7 });
const policyName = fc.constantFrom("p0", "p1", "p2");
const path = fc.constantFrom("a", "a/b", "a/b/c", "b");
const value = fc.constantFrom("1", "2", "3");
const version = fc.nat({ max: 4 });
const duration = fc.constantFrom(SECOND, 30 * SECOND, HOUR, 2 * HOUR, 3 * DAY);
const orNone = <T>(arbitrary: fc.Arbitrary<T>, none: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(none) }, { weight: 1, arbitrary });

const rulePath = fc.constantFrom(
  "old/*",
  "old/a",
  "old/a/",
  "old/a/*",
  "old/+/b",
  "old/a/b/c",
  "kv/*",
  "kv/data/*",
  "kv/data/a",
  "kv/data/+/b",
  "kv/metadata/*",
  "kv/metadata/a/",
  "auth/token/*",
  "auth/token/create",
  "*",
);
const most: readonly Capability[] = ["create", "read", "update", "patch", "delete", "list"];
const rule = fc.record({
  path: rulePath,
  capabilities: fc.oneof(
    fc.subarray([...CAPABILITIES], { minLength: 1 }),
    fc.constant([...most]),
    fc.constant(["deny" as const]),
  ),
});

const token = fc.record({
  kind: fc.constant("token" as const),
  by: fc.nat({ max: 3 }),
  policies: fc.subarray(["p0", "p1", "p2"]),
  ttl: orNone(duration, 0),
  explicitMaxTtl: orNone(duration, 0),
  period: orNone(duration, 0),
  numUses: orNone(fc.constantFrom(1, 2, 3), 0),
  renewable: fc.boolean(),
  orphan: fc.boolean(),
  noDefault: fc.boolean(),
});

const at = (...kinds: readonly PathKind[]): fc.Arbitrary<Command> =>
  fc.record({ kind: fc.constantFrom(...kinds), by: index, path });

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("policy" as const),
      name: policyName,
      rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("drop policy" as const), name: policyName }) },
  { weight: 6, arbitrary: token },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("lookup" as const), by: index }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("renew" as const), by: index, of: index, increment: orNone(duration, 0) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("revoke" as const),
      how: fc.constantFrom("self" as const, "tree" as const, "orphan" as const, "accessor" as const),
      of: index,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("capabilities" as const), by: index, path: rulePath }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("v1 write" as const), by: index, path, value }) },
  { weight: 3, arbitrary: at("v1 read") },
  { weight: 1, arbitrary: at("v1 delete") },
  { weight: 2, arbitrary: at("v1 list") },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("v2 write" as const),
      by: index,
      path,
      value,
      cas: orNone<number | undefined>(version, undefined),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("v2 patch" as const),
      by: index,
      path,
      key: fc.constantFrom("value", "more"),
      value: orNone<string | null>(fc.constant(null), "4"),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("v2 read" as const), by: index, path, version }) },
  { weight: 1, arbitrary: at("v2 delete") },
  { weight: 1, arbitrary: at("v2 erase") },
  { weight: 2, arbitrary: at("v2 list") },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("v2 versions" as const),
      by: index,
      how: fc.constantFrom("delete" as const, "undelete" as const, "destroy" as const),
      path,
      version: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("wrap" as const), by: index, path, ttl: duration }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("unwrap" as const), of: index }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("time" as const),
      ms: fc.constantFrom(1, SECOND - 1, SECOND, 29 * SECOND, 30 * SECOND, HOUR, 2 * HOUR - 1, DAY, 33 * DAY),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "restart" as const }) },
);

const strong: Command = {
  kind: "policy",
  name: "p0",
  rules: [{ path: "*", capabilities: ["create", "read", "update", "patch", "delete", "list", "sudo"] }],
};
const maker: Command = {
  kind: "token",
  by: 0,
  policies: ["p0"],
  ttl: 0,
  explicitMaxTtl: 0,
  period: 0,
  numUses: 0,
  renewable: true,
  orphan: false,
  noDefault: false,
};

/** Half of the sequences begin with a token that may make others: so trees grow. */
export function sequence(length: number): fc.Arbitrary<readonly Command[]> {
  const begin = fc.constantFrom<readonly Command[]>([], [strong, maker]);
  const rest = fc.array(command, { minLength: length, maxLength: length + 20, size: "max" });
  return fc.tuple(begin, rest).map(([first, then]) => [...first, ...then]);
}
