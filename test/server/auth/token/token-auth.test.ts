/** auth/token/ through the real core: who may make what, lookups as Vault shows them, renewal within its limits, revocation. */

import { beforeEach, describe, expect, test } from "@jest/globals";
import { type Fault, toFault } from "../../../../lib/fault.ts";
import { systemRandom } from "../../../../lib/random.ts";
import { Secret } from "../../../../lib/secret.ts";
import { parseJsonMap, stringifyJson } from "../../../../lib/wire/json.ts";
import { type Composed, compose } from "../../../../server/compose.ts";
import type { Answer } from "../../../../server/contract/answer.ts";
import type { Operation } from "../../../../server/contract/call.ts";
import { memoryStore } from "../../../../server/storage/memory.ts";
import { type FakeClock, fakeClock } from "../../../fakes/clock.ts";

const START = Date.UTC(2026, 0, 2, 3, 4, 5);
const HOUR = 3600;
const MAX = 100 * HOUR;
const DEFAULT = 10 * HOUR;

let clock: FakeClock;
let composed: Composed;
let root: string;

beforeEach(async () => {
  clock = fakeClock(START);
  composed = compose({
    clock,
    random: systemRandom(),
    log: () => undefined,
    store: memoryStore(),
    storageType: "inmem",
    declared: [],
    kinds: [],
    defaultLeaseTtl: DEFAULT * 1000,
    maxLeaseTtl: MAX * 1000,
  });
  const { operator } = composed.core;
  const made = await operator.init(1, 1);
  await operator.unseal(new Secret(made.shares[0]?.toString("hex") ?? ""));
  root = made.rootToken.reveal();
  await policy("maker", 'path "auth/token/*" { capabilities = ["create", "update", "read"] }');
  await policy("sudoer", 'path "auth/token/*" { capabilities = ["create", "update", "read", "list", "sudo"] }');
  await policy("app", 'path "secret/*" { capabilities = ["read"] }');
});

function call(token: string, operation: Operation, path: string, body: object = {}): Promise<Answer> {
  return composed.core.handle({
    id: "id",
    operation,
    path,
    data: parseJsonMap(JSON.stringify(body)),
    token: new Secret(token),
    wrapTtl: undefined,
    remote: { address: "127.0.0.1", port: 1 },
    headers: new Map(),
  });
}

const policy = (name: string, text: string) => call(root, "update", `sys/policies/acl/${name}`, { policy: text });

interface Made {
  readonly token: string;
  readonly entry: NonNullable<Answer["issued"]>["entry"];
  readonly warnings: readonly string[];
}

async function make(by: string, body: object = {}, path = "create"): Promise<Made> {
  const { issued, reply } = await call(by, "update", `auth/token/${path}`, body);
  if (issued?.clientToken === undefined) throw new Error("no token was made");
  return { token: issued.clientToken.reveal(), entry: issued.entry, warnings: reply?.warnings ?? [] };
}

function refusal(by: string, path: string, body: object = {}): Promise<Fault> {
  return call(by, "update", `auth/token/${path}`, body).then(() => {
    throw new Error(`${path} was not refused`);
  }, toFault);
}

async function lookup(by: string, path = "lookup-self", body: object = {}): Promise<Record<string, unknown>> {
  const { reply } = await call(by, path === "lookup-self" ? "read" : "update", `auth/token/${path}`, body);
  return JSON.parse(stringifyJson(reply?.data ?? null)) as Record<string, unknown>;
}

describe("lookup, as Vault shows it", () => {
  test("a root token", async () => {
    const { accessor, ...rest } = await lookup(root);
    expect(accessor).toMatch(/^[0-9A-Za-z]{24}$/);
    expect(rest).toEqual({
      creation_time: START / 1000,
      creation_ttl: 0,
      display_name: "root",
      entity_id: "",
      expire_time: null,
      explicit_max_ttl: 0,
      id: root,
      meta: null,
      num_uses: 0,
      orphan: true,
      path: "auth/token/root",
      policies: ["root"],
      ttl: 0,
      type: "service",
    });
  });

  test("a renewed, periodic child", async () => {
    const { token, entry } = await make(root, {
      policies: "app",
      period: "1h",
      meta: { team: "a" },
      display_name: "ci bot!",
    });
    await clock.advance(600_000);
    await call(token, "update", "auth/token/renew-self");
    await clock.advance(10_000);
    const expected = {
      accessor: entry.accessor,
      creation_time: START / 1000,
      creation_ttl: HOUR,
      display_name: "token-ci-bot",
      entity_id: "",
      expire_time: "2026-01-02T04:14:05Z",
      explicit_max_ttl: 0,
      id: token,
      issue_time: "2026-01-02T03:04:05Z",
      last_renewal: "2026-01-02T03:14:05Z",
      last_renewal_time: START / 1000 + 600,
      meta: { team: "a" },
      num_uses: 0,
      orphan: false,
      path: "auth/token/create",
      period: HOUR,
      policies: ["app", "default"],
      renewable: true,
      ttl: HOUR - 10,
      type: "service",
    };
    expect(await lookup(token)).toEqual(expected);
    expect(await lookup(root, "lookup", { token })).toEqual(expected);
    expect(await lookup(root, "lookup-accessor", { accessor: entry.accessor })).toEqual({ ...expected, id: "" });
  });

  test("a token that lives never shows a ttl of 0, and its last use still shows it", async () => {
    const { token } = await make(root, { ttl: "10s", num_uses: 1 });
    await clock.advance(9999);
    expect(await lookup(token)).toMatchObject({ ttl: 1, num_uses: 0 });
    expect(await refusal(token, "lookup-self")).toMatchObject({ kind: "denied" });
  });

  test.each([
    ["lookup", { token: "hvs.none" }, "denied", "bad token"],
    ["lookup-accessor", { accessor: "none" }, "invalid", "invalid accessor"],
    ["lookup-accessor", {}, "invalid", "missing accessor"],
  ])("%s of %j", async (path, body, kind, message) => {
    expect(await refusal(root, path, body)).toMatchObject({ kind, message });
  });
});

describe("policies of a child", () => {
  test.each([
    ["maker", {}, ["default", "maker"]],
    ["maker", { policies: ["default"] }, ["default"]],
    ["maker", { policies: ["Maker "] }, ["default", "maker"]],
    ["maker", { policies: ["maker"], no_default_policy: true }, ["maker"]],
    ["maker", { no_default_policy: true }, ["maker"]],
    ["maker", { policies: ["app"] }, "child policies must be subset of parent"],
    ["maker", { policies: ["root"] }, "child policies must be subset of parent"],
    ["sudoer", { policies: ["app"] }, ["app", "default"]],
    ["sudoer", { policies: ["root"] }, "root tokens may not be created without parent token being root"],
    ["sudoer", { policies: [" ROOT"] }, "root tokens may not be created without parent token being root"],
    ["sudoer", { policies: ["response-wrapping"] }, 'cannot assign policy "response-wrapping"'],
  ])("%s asks for %j", async (by, body, outcome) => {
    const { token } = await make(root, { policies: [by] });
    if (typeof outcome === "string") {
      expect(await refusal(token, "create", body)).toMatchObject({ kind: "invalid", message: outcome });
    } else {
      expect((await make(token, body)).entry.policies).toEqual(outcome);
    }
  });

  test("root makes root; a name without a policy is a warning", async () => {
    expect((await make(root)).entry).toMatchObject({ policies: ["root"], expireTime: 0, renewable: false });
    expect((await make(root, { policies: ["nothing"] })).warnings).toEqual(['Policy "nothing" does not exist']);
  });

  test("a root token that expires makes none that does not", async () => {
    const { token, entry } = await make(root, { ttl: "1h" });
    expect(entry.expireTime).toBe(START + HOUR * 1000);
    expect(await refusal(token, "create", {})).toMatchObject({ kind: "invalid" });
    expect((await make(token, { ttl: "2h" })).entry.policies).toEqual(["root"]);
  });
});

describe("what needs sudo", () => {
  test.each([
    [{ id: "chosen" }, "specify token id"],
    [{ no_parent: true }, "create orphan token"],
    [{ period: "1h" }, "create periodic token"],
  ])("%j", async (body, what) => {
    const maker = await make(root, { policies: ["maker"] });
    expect(await refusal(maker.token, "create", body)).toMatchObject({
      message: `root or sudo privileges required to ${what}`,
    });
    const sudoer = await make(root, { policies: ["sudoer"] });
    expect((await make(sudoer.token, body)).token).toMatch(/^(chosen$|hvs\.)/);
  });

  test("create-orphan does not: its path is a privilege of its own", async () => {
    const maker = await make(root, { policies: ["maker"] });
    expect((await make(maker.token, {}, "create-orphan")).entry).toMatchObject({ orphan: true, parent: "" });
  });

  test.each([[{ id: "hvs.mine" }], [{ id: "two words" }], [{ id: "ä" }]])("not even root chooses %j", async (body) => {
    expect(await refusal(root, "create", body)).toMatchObject({ kind: "invalid" });
  });

  test("accessors and revoke-orphan are sudo routes", async () => {
    const maker = await make(root, { policies: ["maker"] });
    expect(await refusal(maker.token, "revoke-orphan", { token: maker.token })).toMatchObject({ kind: "denied" });
    const { reply } = await call(root, "list", "auth/token/accessors/");
    expect(stringifyJson(reply?.data ?? null)).toContain(maker.entry.accessor);
  });
});

test.each([
  [{ type: "batch" }, "batch tokens cannot be root tokens"],
  [{ type: "batch", policies: "app", num_uses: 1 }, 'batch tokens cannot have "num_uses" set'],
  [{ type: "batch", policies: "app", period: "1h" }, 'batch tokens cannot have "period" set'],
  [{ type: "batch", policies: "app", explicit_max_ttl: "1h" }, 'batch tokens cannot have "explicit_max_ttl" set'],
  [{ id: "hvb.mine" }, "custom token ID cannot have the 'hvb.' prefix"],
  [{ type: "other" }, "invalid 'token_type' value"],
  [{ entity_alias: "me" }, "'entity_alias' is only allowed in combination with token role"],
  [{ num_uses: -1 }, "number of uses cannot be negative"],
])("create with %j is refused", async (body, message) => {
  expect(await refusal(root, "create", body)).toMatchObject({ kind: "invalid", message });
});

test("a token with limited uses makes none", async () => {
  for (const numUses of [1, 2]) {
    const { token } = await make(root, { policies: ["maker"], num_uses: numUses });
    expect(await refusal(token, "create")).toMatchObject({
      message: "restricted use token cannot generate child tokens",
    });
  }
});

describe("time to live at creation", () => {
  test.each([
    ["the mount's default", {}, DEFAULT, 0],
    ["as asked", { ttl: "90m" }, 1.5 * HOUR, 0],
    ["as asked, in seconds", { ttl: 90 }, 90, 0],
    ["by its old name", { lease: "2h" }, 2 * HOUR, 0],
    ["capped by the mount", { ttl: "200h" }, MAX, 1],
    ["capped by its own maximum", { ttl: "5h", explicit_max_ttl: "3h" }, 3 * HOUR, 1],
    ["the default, capped", { explicit_max_ttl: "3h" }, 3 * HOUR, 1],
    ["its period", { period: "4h", ttl: "1h" }, 4 * HOUR, 0],
    ["its period, capped", { period: "200h" }, MAX, 1],
  ])("%s", async (_name, body, seconds, warnings) => {
    const made = await make(root, { policies: ["app"], ...body });
    expect(made.entry.creationTtl).toBe(seconds * 1000);
    expect(made.entry.expireTime).toBe(START + seconds * 1000);
    expect(made.warnings).toHaveLength(warnings);
  });
});

describe("renewal", () => {
  interface Row {
    name: string;
    body: object;
    steps: readonly (readonly [wait: number, increment: string | undefined, ttl: number | string])[];
  }
  const rows: Row[] = [
    { name: "without an increment: as long as at first", body: { ttl: "2h" }, steps: [[HOUR, undefined, 2 * HOUR]] },
    { name: "with one", body: { ttl: "2h" }, steps: [[HOUR, "5h", 5 * HOUR]] },
    { name: "may shorten", body: { ttl: "2h" }, steps: [[0, "10m", 600]] },
    {
      name: "up to the mount's maximum, counted from creation",
      body: { ttl: "60h" },
      steps: [
        [50 * HOUR, undefined, 50 * HOUR],
        [49 * HOUR, undefined, HOUR],
      ],
    },
    {
      name: "up to its own maximum",
      body: { ttl: "2h", explicit_max_ttl: "3h" },
      steps: [
        [HOUR, undefined, 2 * HOUR],
        [HOUR, undefined, HOUR],
      ],
    },
    {
      name: "of a periodic token: for ever, whatever the increment",
      body: { period: "60h" },
      steps: [
        [59 * HOUR, undefined, 60 * HOUR],
        [59 * HOUR, "1h", 60 * HOUR],
      ],
    },
    {
      name: "of a periodic token with a maximum",
      body: { period: "2h", explicit_max_ttl: "3h" },
      steps: [[1.5 * HOUR, undefined, 1.5 * HOUR]],
    },
    { name: "not when it was refused", body: { ttl: "2h", renewable: false }, steps: [[0, undefined, "invalid"]] },
    { name: "not past its end", body: { ttl: "2h" }, steps: [[2 * HOUR, undefined, "denied"]] },
  ];
  test.each(rows)("$name", async ({ body, steps }) => {
    const { token } = await make(root, { policies: ["app"], ...body });
    for (const [wait, increment, outcome] of steps) {
      await clock.advance(wait * 1000);
      const renewing = call(token, "update", "auth/token/renew-self", increment === undefined ? {} : { increment });
      if (typeof outcome === "string") {
        await expect(renewing).rejects.toMatchObject({ kind: outcome });
      } else {
        const { issued } = await renewing;
        expect(issued?.entry.expireTime).toBe(clock.now() + outcome * 1000);
        expect(issued?.clientToken?.reveal()).toBe(token);
      }
    }
  });

  test("by string or accessor; the accessor does not tell the string", async () => {
    const { token, entry } = await make(root, { policies: ["app"] });
    const byString = await call(root, "update", "auth/token/renew", { token, increment: 60 });
    expect(byString.issued?.entry.expireTime).toBe(START + 60_000);
    const byAccessor = await call(root, "update", "auth/token/renew-accessor", { accessor: entry.accessor });
    expect(byAccessor.issued).toMatchObject({ clientToken: undefined });
    expect(await refusal(root, "renew", { token: "none" })).toMatchObject({ message: "token not found" });
    expect(await refusal(root, "renew", {})).toMatchObject({ message: "missing token ID" });
    expect(await refusal(root, "renew-self")).toMatchObject({ message: "lease is not renewable" });
  });
});

describe("revocation", () => {
  async function family() {
    const parent = await make(root, { policies: ["maker"] });
    const child = await make(parent.token);
    const orphan = await make(parent.token, {}, "create-orphan");
    return { parent, child, orphan };
  }
  const works = (token: string): Promise<boolean> =>
    lookup(token).then(
      () => true,
      () => false,
    );

  test.each(["revoke", "revoke-self", "revoke-accessor"])("%s takes the tree, not the orphan", async (path) => {
    const { parent, child, orphan } = await family();
    const body = path === "revoke" ? { token: parent.token } : { accessor: parent.entry.accessor };
    const { reply } = await call(path === "revoke-self" ? parent.token : root, "update", `auth/token/${path}`, body);
    expect(reply).toBeUndefined();
    expect([await works(parent.token), await works(child.token), await works(orphan.token)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  test("revoke-orphan takes the token alone", async () => {
    const { parent, child } = await family();
    await call(root, "update", "auth/token/revoke-orphan", { token: parent.token });
    expect([await works(parent.token), await works(child.token)]).toEqual([false, true]);
    expect(await lookup(child.token)).toMatchObject({ orphan: true });
  });

  test("of what is not there", async () => {
    expect((await call(root, "update", "auth/token/revoke", { token: "none" })).reply).toBeUndefined();
    const { reply } = await call(root, "update", "auth/token/revoke-accessor", { accessor: "none" });
    expect(reply?.warnings).toEqual(["No token found with this accessor"]);
    expect(await refusal(root, "revoke-orphan", { token: "none" })).toMatchObject({
      message: "token to revoke not found",
    });
    for (const path of ["revoke", "revoke-orphan"]) {
      expect(await refusal(root, path)).toMatchObject({ message: "missing token ID" });
    }
  });
});

test("a create-only token cannot overwrite in KV", async () => {
  await call(root, "update", "sys/mounts/v1", { type: "kv" });
  await call(root, "update", "sys/mounts/v2", { type: "kv-v2" });
  await policy("creator", 'path "v1/*" { capabilities = ["create"] } path "v2/data/*" { capabilities = ["create"] }');
  const { token } = await make(root, { policies: ["creator"] });
  for (const [path, body] of [
    ["v1/a", { x: 1 }],
    ["v2/data/a", { data: { x: 1 } }],
  ] as const) {
    await call(token, "update", path, body);
    await expect(call(token, "update", path, body)).rejects.toMatchObject({ kind: "denied" });
  }
});
