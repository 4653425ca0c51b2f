// Writes test/fixtures/lmdb-v1 anew: a store of format 1 for the upgrade tests. Run it only when format 1 itself was wrong;
// the point of the fixture is that it was written by the program of its time.
import { chmod, mkdir, rm } from "node:fs/promises";
import { open } from "lmdb";

const path = new URL("../test/fixtures/lmdb-v1", import.meta.url).pathname;
await rm(path, { recursive: true, force: true });
await mkdir(path, { mode: 0o700, recursive: true });
const db = open({ path, noSubdir: false, keyEncoding: "binary", encoding: "binary", overlappingSync: false });
await db.transaction(() => {
  const put = (key, value) => db.put(Buffer.from(key), Buffer.from(value));
  put("\u0001writer", "1 00000000000000000000000000000000");
  put("\u0001format", "1");
  put("a", "1");
  put("folder/k", "x".repeat(5000));
  put("folder/deep/key", "value of format 1");
  put("\u{1f600}", "");
});
await db.close();
await rm(`${path}/lock.mdb`);
await chmod(`${path}/data.mdb`, 0o600);
