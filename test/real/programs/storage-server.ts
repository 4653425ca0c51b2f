/** The LMDB store behind the least HTTP there can be, for the durability tests: PUT /key answers 204 when the store has acknowledged, POST /quit ends it. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { systemRandom } from "../../../lib/random.ts";
import { openLmdbStore } from "../../../server/storage/lmdb.ts";

const store = await openLmdbStore({
  path: process.argv[2] ?? "",
  pid: process.pid,
  uid: process.getuid?.() ?? 0,
  random: systemRandom(),
  log: () => undefined,
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const key = (request.url ?? "").slice(1);
  if (request.method === "PUT") {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    await store.transact((tx) => {
      tx.put(key, Buffer.concat(chunks));
      return Promise.resolve();
    });
    response.writeHead(204, { "x-key": key }).end();
    return;
  }
  if (request.method === "POST") {
    response.once("finish", () => process.exit(0));
    response.writeHead(200).end();
    return;
  }
  const value = await store.get(key);
  response.writeHead(value === undefined ? 404 : 200).end(value);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    response.writeHead(500).end(String(error));
  });
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`port ${String((server.address() as AddressInfo).port)}\n`);
});
