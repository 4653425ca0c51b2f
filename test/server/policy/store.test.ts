/** The store: names, reserved policies, what is cached and when it goes. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Storage } from "../../../server/contract/storage.ts";
import { policyName } from "../../../server/policy/names.ts";
import { policyStore } from "../../../server/policy/store.ts";
import { memoryStore } from "../../../server/storage/memory.ts";

const read = (path: string) => ({ operation: "read", path, data: undefined, wrapTtl: undefined }) as const;
const allowing = (path: string): string => `path "${path}" { capabilities = ["read"] }`;

describe("names", () => {
  test.each([
    ["Root", "root"],
    ["Team/App", "team/app"],
    ["x-1_2.é", "x-1_2.é"],
  ])("%s is %s", (text, name) => {
    expect(policyName(text)).toBe(name);
  });

  test.each([
    "",
    "root ",
    " root",
    "ro\u00a0ot",
    "root\n",
    "root\u0000",
    "root\u200b",
    "\u202eroot",
    "a b",
    "\ud800",
    "x".repeat(513),
  ])("%j is refused", (text) => {
    expect(() => policyName(text)).toThrow(expect.objectContaining({ kind: "invalid" }));
  });

  test("512 bytes are taken", () => {
    expect(policyName("x".repeat(512))).toHaveLength(512);
  });

  test("nothing but root in some case becomes root (CVE-2025-5999)", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 8 }),
        fc.constantFrom("root", "ROOT", "Root"),
        (noise, root) => {
          for (const text of [noise + root, root + noise]) {
            let name: string | undefined;
            try {
              name = policyName(text);
            } catch {
              name = undefined;
            }
            if (name === "root") expect(text.toLowerCase()).toBe("root");
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

test("a policy is kept as it was written, listed in order, root last", async () => {
  const policies = policyStore(memoryStore());
  await policies.write("Zed", allowing("z"));
  await policies.write("team/app", `# mine\n${allowing("a")}`);
  expect(await policies.read("zed")).toBe(allowing("z"));
  expect(await policies.read("TEAM/app")).toBe(`# mine\n${allowing("a")}`);
  expect(await policies.list()).toEqual(["team/app", "zed", "root"]);
  expect(await policies.read("none")).toBeUndefined();
  expect(await policies.read("root")).toBe("");
  await policies.remove("zed");
  await policies.remove("zed");
  expect(await policies.list()).toEqual(["team/app", "root"]);
});

test("base64 is decoded, as Vault does", async () => {
  const policies = policyStore(memoryStore());
  await policies.write("p", Buffer.from(allowing("abc")).toString("base64"));
  expect(await policies.read("p")).toBe(allowing("abc"));
});

test.each([
  ["root", allowing("a")],
  ["ROOT", allowing("a")],
  ["response-wrapping", allowing("a")],
  ["root ", allowing("a")],
  ["p", ""],
  ["p", "  "],
  ["p", 'path "a" { nonsense = 1 }'],
])("writing %j %j is refused and changes nothing", async (name, text) => {
  const policies = policyStore(memoryStore());
  await expect(policies.write(name, text)).rejects.toMatchObject({ kind: "invalid" });
  expect(await policies.list()).toEqual(["root"]);
});

test.each(["root", "default", "Default"])("%s cannot be deleted", async (name) => {
  const policies = policyStore(memoryStore());
  await policies.seed();
  await expect(policies.remove(name)).rejects.toMatchObject({ kind: "invalid" });
  expect(await policies.list()).toEqual(["default", "root"]);
});

test("the default policy lets a token look after itself, and is not written twice", async () => {
  const policies = policyStore(memoryStore());
  await policies.seed();
  const acl = await policies.acl(["default"]);
  expect(acl.decide(read("auth/token/lookup-self")).allowed).toBe(true);
  expect(acl.decide({ ...read("auth/token/renew-self"), operation: "update" }).allowed).toBe(true);
  expect(acl.decide(read("cubbyhole/x")).allowed).toBe(true);
  expect(acl.decide(read("secret/x")).allowed).toBe(false);
  expect(acl.decide({ ...read("auth/token/create"), operation: "update" }).allowed).toBe(false);
  await policies.write("default", allowing("mine"));
  await policies.seed();
  expect(await policies.read("default")).toBe(allowing("mine"));
});

test("root may do everything, whatever else the token has", async () => {
  const policies = policyStore(memoryStore());
  await policies.write("no", 'path "*" { capabilities = ["deny"] }');
  const acl = await policies.acl(["no", "root"]);
  expect(acl.decide(read("sys/x"))).toEqual({ allowed: true, sudo: true, granting: ["root"] });
  expect(acl.capabilities("x")).toEqual(["root"]);
});

test("the same names give the same compiled rules until a policy changes", async () => {
  const policies = policyStore(memoryStore());
  await policies.write("p", allowing("a"));
  const names = ["p", "unknown"];
  const before = await policies.acl(names);
  expect(await policies.acl(names)).toBe(before);
  expect(await policies.acl(["p", "unknown"])).toBe(before);
  await policies.write("p", allowing("b"));
  const after = await policies.acl(names);
  expect(after.decide(read("a")).allowed).toBe(false);
  expect(after.decide(read("b")).allowed).toBe(true);
  await policies.remove("p");
  expect((await policies.acl(names)).decide(read("b")).allowed).toBe(false);
});

test("a policy that is changed while it is being compiled counts as it is afterwards", async () => {
  const store = memoryStore();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let hold = false;
  const slow: Storage = {
    get: async (key) => {
      const value = await store.get(key);
      if (hold) await held;
      return value;
    },
    list: (prefix) => store.list(prefix),
    transact: (work) => store.transact(work),
    snapshot: () => store.snapshot(),
  };
  const policies = policyStore(slow);
  await policies.write("p", allowing("old"));
  hold = true;
  const pending = policies.acl(["p"]);
  await new Promise((resolve) => setImmediate(resolve));
  hold = false;
  await policies.write("p", allowing("new"));
  release();
  const acl = await pending;
  expect(acl.decide(read("old")).allowed).toBe(false);
  expect(acl.decide(read("new")).allowed).toBe(true);
});

test("storage that fails is asked again, not remembered", async () => {
  const store = memoryStore();
  let broken = true;
  const flaky: Storage = {
    get: (key) => (broken ? Promise.reject(new Error("disk")) : store.get(key)),
    list: (prefix) => store.list(prefix),
    transact: (work) => store.transact(work),
    snapshot: () => store.snapshot(),
  };
  const policies = policyStore(flaky);
  await policies.write("p", allowing("a"));
  const names = ["p"];
  await expect(policies.acl(names)).rejects.toThrow("disk");
  broken = false;
  expect((await policies.acl(names)).decide(read("a")).allowed).toBe(true);
});
