/** The mount table as it lies in storage: what is written is read, an older format too, a newer one is refused. */
import { expect, test } from "@jest/globals";
import { decodeTable, encodeTable, type MountRecord } from "../../../server/core/table.ts";

const PLAIN: MountRecord = {
  path: "auth/door/",
  kind: "auth",
  type: "userpass",
  uuid: "0",
  accessor: "auth_userpass_1",
  description: "a door",
  options: new Map([["version", "2"]]),
  tune: {
    defaultLeaseTtl: 1,
    maxLeaseTtl: 2,
    listingVisibility: "unauth",
    tokenType: "batch",
    auditNonHmacRequestKeys: ["a"],
    auditNonHmacResponseKeys: ["b"],
    passthroughRequestHeaders: ["c"],
    allowedResponseHeaders: ["d"],
    delegatedAuthAccessors: ["e"],
    identityTokenKey: "f",
    forceNoCache: true,
    userLockout: { threshold: 3, duration: 4, counterReset: 5, disabled: true },
  },
  leaving: false,
};
const RECORD: MountRecord = { ...PLAIN, flags: { local: true, sealWrap: false, externalEntropyAccess: true } };

test("every member comes back", () => {
  const records = [RECORD, { ...PLAIN, tune: { ...PLAIN.tune, userLockout: undefined }, leaving: true }];
  expect(decodeTable(encodeTable(records))).toEqual(records);
});

test("a table of format 1 is read: what it lacks is not set", () => {
  const table = {
    format: 1,
    mounts: [
      {
        path: "kv/",
        kind: "secret",
        type: "kv",
        uuid: "1",
        accessor: "kv_1",
        description: "",
        options: {},
        tune: {
          defaultLeaseTtl: 0,
          maxLeaseTtl: 0,
          listingVisibility: "",
          tokenType: "",
          auditNonHmacRequestKeys: [],
          auditNonHmacResponseKeys: [],
          passthroughRequestHeaders: [],
          allowedResponseHeaders: [],
        },
        leaving: false,
      },
    ],
  };
  const [mount] = decodeTable(Buffer.from(JSON.stringify(table)));
  expect(mount?.tune).toMatchObject({ delegatedAuthAccessors: [], identityTokenKey: "", forceNoCache: false });
  expect(mount?.tune.userLockout).toBeUndefined();
  expect(mount?.flags).toBeUndefined();
});

test.each([
  [{ format: 3, mounts: [] }, "format 3"],
  [{ format: 0, mounts: [] }, "format 0"],
  [{ format: 2 }, "mounts"],
  [{ format: 2, mounts: [1] }, "mount"],
  [{ format: 2, mounts: [{ path: "a/" }] }, "tune"],
])("%j is refused: %s", (table, why) => {
  expect(() => decodeTable(Buffer.from(JSON.stringify(table)))).toThrow(
    expect.objectContaining({ kind: "internal", message: expect.stringContaining(why) }),
  );
});
