/** The whole server over HTTP: init, unseal, token, mount, a secret written and read. */
import { afterEach, expect, test } from "@jest/globals";
import { type TestServer, testServer } from "../../fakes/server.ts";

let server: TestServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

test("init, unseal, mount, write, read, child token, seal", async () => {
  server = await testServer({ open: false });
  const { request } = server;
  expect((await request("GET", "sys/init")).body).toEqual({ initialized: false });
  expect((await request("GET", "sys/health")).status).toBe(501);
  expect((await request("GET", "secret/data/a")).status).toBe(503);
  const init = await request("PUT", "sys/init", { secret_shares: 3, secret_threshold: 2 });
  expect(init.status).toBe(200);
  const {
    keys,
    keys_base64,
    root_token: root,
  } = init.body as { keys: string[]; keys_base64: string[]; root_token: string };
  expect(keys_base64.map((key) => Buffer.from(key, "base64").toString("hex"))).toEqual(keys);
  expect((await request("GET", "sys/health")).status).toBe(503);
  expect((await request("PUT", "sys/unseal", { key: keys[0] })).body).toMatchObject({
    sealed: true,
    progress: 1,
    t: 2,
    n: 3,
  });
  expect((await request("PUT", "sys/unseal", { key: keys_base64[2] })).body).toMatchObject({
    sealed: false,
    progress: 0,
  });
  expect((await request("GET", "sys/health")).status).toBe(200);

  const mounted = await request("POST", "sys/mounts/secret", { type: "kv", options: { version: "2" } }, root);
  expect([mounted.status, mounted.text]).toEqual([204, ""]);
  const written = await request("POST", "secret/data/app/db", { data: { password: "s3cret", __proto__x: 1 } }, root);
  expect(written.body).toMatchObject({ data: { version: 1 }, mount_type: "kv" });
  const read = await request("GET", "secret/data/app/db", undefined, root);
  expect(read.body).toMatchObject({ data: { data: { password: "s3cret", __proto__x: 1 }, metadata: { version: 1 } } });

  await request(
    "PUT",
    "sys/policies/acl/app",
    { policy: 'path "secret/data/app/*" { capabilities = ["read"] }' },
    root,
  );
  const child = await request("POST", "auth/token/create", { policies: ["app"], ttl: "1h" }, root);
  const token = (child.body as { auth: { client_token: string } }).auth.client_token;
  expect((await request("GET", "secret/data/app/db", undefined, token)).status).toBe(200);
  expect((await request("PUT", "secret/data/app/db", { data: {} }, token)).status).toBe(403);
  expect((await request("GET", "secret/data/app/db", undefined, "")).status).toBe(403);
  expect((await request("GET", "sys/internal/ui/mounts/secret/data/app/db", undefined, token)).body).toMatchObject({
    data: { path: "secret/", type: "kv", options: { version: "2" } },
  });

  const sealed = await request("PUT", "sys/seal", undefined, root);
  expect(sealed.status).toBe(204);
  expect((await request("GET", "secret/data/app/db", undefined, root)).status).toBe(503);
  for (const key of keys.slice(1)) await request("PUT", "sys/unseal", { key });
  expect((await request("GET", "secret/data/app/db", undefined, token)).status).toBe(200);
});
