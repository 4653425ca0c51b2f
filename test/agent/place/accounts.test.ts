/** Users and groups by name or number, read from the machine's own files. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { localAccounts } from "../../../agent/place/accounts.ts";

const folder = mkdtempSync(join(tmpdir(), "oksae-accounts-"));
const files = { passwd: join(folder, "passwd"), group: join(folder, "group") };
writeFileSync(
  files.passwd,
  "root:x:0:0:root:/root:/bin/sh\napp:x:1001:2001:App:/srv:/bin/sh\n1001:x:1002:2002::/:/bin/sh\nbroken\nhalf:x:77\nweird:x:-1:0::/:\n",
);
writeFileSync(files.group, "root:x:0:\napp:x:2001:app\n\nbad:x:4294967295:\n");
const accounts = localAccounts(files);
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test.each([
  ["root", { uid: 0, gid: 0 }],
  ["0", { uid: 0, gid: 0 }],
  ["app", { uid: 1001, gid: 2001 }],
  // A name of digits is a name first.
  ["1001", { uid: 1002, gid: 2002 }],
  ["5555", { uid: 5555, gid: undefined }],
  ["4294967294", { uid: 4294967294, gid: undefined }],
])("user %s", async (name, found) => {
  expect(await accounts.user(name)).toEqual(found);
});

test.each([
  "nobody",
  "",
  "half",
  "broken",
  "weird",
  "-1",
  "01001",
  "4294967295",
  "1e3",
  "app ",
])("user %j is unknown", async (name) => {
  await expect(accounts.user(name)).rejects.toMatchObject({ kind: "not-found" });
});

test("groups", async () => {
  expect(await accounts.group("app")).toBe(2001);
  expect(await accounts.group("77")).toBe(77);
  await expect(accounts.group("none")).rejects.toMatchObject({ kind: "not-found" });
  await expect(accounts.group("bad")).rejects.toMatchObject({ kind: "not-found" });
});
