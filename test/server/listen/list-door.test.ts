/** The LIST door against Node's own parser: whatever the parser takes for a message, the door must have taken for one too. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ListDoor, openListDoor } from "../../../server/listen/list-door.ts";

/** Feeds `text` in pieces of `size` bytes and returns what the parser would see. */
function through(text: string, size: number): string {
  const door = new ListDoor();
  let out = "";
  for (let i = 0; i < text.length; i += size) {
    const piece = Buffer.from(text.slice(i, i + size), "latin1");
    door.feed(piece);
    out += piece.toString("latin1");
  }
  return out;
}

const GET = "GET /v1/a HTTP/1.1\r\nHost: x\r\n\r\n";
const LIST = "LIST /v1/a HTTP/1.1\r\nHost: x\r\n\r\n";
const LINK = "LINK /v1/a HTTP/1.1\r\nHost: x\r\n\r\n";
const withBody = (method: string, headers: string, body: string): string =>
  `${method} /v1/a HTTP/1.1\r\nHost: x\r\n${headers}\r\n\r\n${body}`;

const cases: readonly (readonly [name: string, sent: string, seen: string])[] = [
  ["a LIST alone", LIST, LINK],
  ["a LIST after blank lines", `\r\n\r\n${LIST}`, `\r\n\r\n${LINK}`],
  ["GET, LIST, GET, LIST pipelined", GET + LIST + GET + LIST, GET + LINK + GET + LINK],
  ["LIST in a target and in a header", GET.replace("/a", "/LIST"), GET.replace("/a", "/LIST")],
  [
    "LIST as a POST's body",
    withBody("POST", "Content-Length: 5", "LIST ") + LIST,
    withBody("POST", "Content-Length: 5", "LIST ") + LINK,
  ],
  [
    "LIST as a GET's body",
    withBody("GET", "content-length:4", "LIST") + LIST,
    withBody("GET", "content-length:4", "LIST") + LINK,
  ],
  [
    "a LIST with a body",
    withBody("LIST", "Content-Length: 4", "LIST") + LIST,
    withBody("LINK", "Content-Length: 4", "LIST") + LINK,
  ],
  [
    "LIST at the start of a chunk and in a trailer",
    `${withBody("PUT", "Transfer-Encoding: chunked", "5;x=y\r\nLIST \r\n0\r\nLIST: x\r\n\r\n")}${LIST}`,
    `${withBody("PUT", "Transfer-Encoding: chunked", "5;x=y\r\nLIST \r\n0\r\nLIST: x\r\n\r\n")}${LINK}`,
  ],
  [
    "a long cookie before",
    withBody("GET", `Cookie: ${"c".repeat(3000)}`, "") + LIST,
    withBody("GET", `Cookie: ${"c".repeat(3000)}`, "") + LINK,
  ],
  ["LISTEN is left to the parser, which refuses it", "LISTEN / HTTP/1.1\r\n\r\n", "LINKEN / HTTP/1.1\r\n\r\n"],
  ["list in small letters is another method", LIST.replace("LIST", "list"), LIST.replace("LIST", "list")],
];

test.each(cases)("%s", (_name, sent, seen) => {
  for (const size of [1, 2, 3, 7, 64, 1 << 16]) expect(through(sent, size)).toBe(seen);
});

const doubtful: readonly (readonly [name: string, headers: string])[] = [
  ["a folded header", "Content-Length:\r\n 0"],
  ["a length that is no number", "Content-Length: 0x0"],
  ["both framings", "Content-Length: 5\r\nTransfer-Encoding: chunked"],
  ["a coding that does not end in chunked", "Transfer-Encoding: gzip"],
  ["a framing header beyond reason", `Content-Length: ${"0".repeat(2000)}`],
];

test.each(doubtful)("after %s the door stays shut", (_name, headers) => {
  const sent = withBody("GET", headers, "") + LIST;
  for (const size of [1, 5, 1 << 16]) expect(through(sent, size)).toBe(sent);
});

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly body: string;
}

const server = createServer((req: IncomingMessage, res: ServerResponse) => {
  const chunks: Buffer[] = [];
  req.on("data", (chunk: Buffer) => chunks.push(chunk));
  req.on("end", () => {
    const seen: Seen = { method: req.method ?? "", url: req.url ?? "", body: Buffer.concat(chunks).toString("hex") };
    const text = `${JSON.stringify(seen)}\n`;
    res.writeHead(200, { "content-length": text.length });
    res.end(text);
  });
});
let port = 0;

beforeAll(async () => {
  openListDoor(server, "connection");
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Sends the pieces one after the other and gives back what the server understood. */
async function converse(pieces: readonly Buffer[], messages: number): Promise<readonly Seen[]> {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  let text = "";
  const done = new Promise<void>((resolve, reject) => {
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if ((text.match(/^\{.*\}$/gm) ?? []).length >= messages) resolve();
    });
    socket.on("error", reject);
    socket.on("close", () => {
      resolve();
    });
    socket.setTimeout(5000, resolve);
  });
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await done;
  socket.destroy();
  return (text.match(/^\{.*\}$/gm) ?? []).map((line) => JSON.parse(line) as Seen);
}

/** Bytes that look as much as possible like the start of another message. */
const bodyBytes = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "LIST / HTTP/1.1\r\n\r\n",
        "LIST ",
        "LI",
        "\r\n",
        "\n",
        "0\r\n\r\n",
        "GET ",
        "Content-Length: 3\r\n\r\n",
      ),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    ),
    { maxLength: 6 },
  )
  .map((parts) => Buffer.from(parts.join(""), "latin1"));

const framing = fc.constantFrom("length", "LENGTH", "chunked", "Chunked", "none", "upgrade", "expect");
/** Node drops what is in one piece with the end of a request to upgrade, with and without a door: it goes last. */
const upgradeLast = (messages: readonly Message[]): readonly Message[] =>
  messages.map((m, i) => (m.framing === "upgrade" && i + 1 < messages.length ? { ...m, framing: "none" } : m));

const message = fc.record({
  method: fc.constantFrom("GET", "LIST", "POST", "PUT", "PATCH", "DELETE", "LINK"),
  framing,
  body: bodyBytes,
  chunk: fc.integer({ min: 1, max: 30 }),
  blank: fc.boolean(),
  header: fc.constantFrom(
    "",
    "Cookie: a=b\r\n",
    "Content-Type: application/json\r\n",
    "TE: trailers\r\n",
    "X-List: LIST / HTTP/1.1\r\n",
  ),
});
type Message = typeof message extends fc.Arbitrary<infer M> ? M : never;

function encode(m: Message, index: number): Buffer {
  const head = `${m.blank ? "\r\n" : ""}${m.method} /v1/LIST/${index} HTTP/1.1\r\nHost: x\r\n${m.header}`;
  const latin = (text: string): Buffer => Buffer.from(text, "latin1");
  if (m.framing === "none") return latin(`${head}\r\n`);
  if (m.framing === "upgrade") return latin(`${head}Connection: upgrade\r\nUpgrade: websocket\r\n\r\n`);
  if (m.framing === "length" || m.framing === "LENGTH" || m.framing === "expect") {
    const name = m.framing === "LENGTH" ? "CONTENT-LENGTH:" : "Content-Length: ";
    const expects = m.framing === "expect" ? "Expect: 100-continue\r\n" : "";
    return Buffer.concat([latin(`${head}${expects}${name}${m.body.length}  \r\n\r\n`), m.body]);
  }
  const parts: Buffer[] = [latin(`${head}Transfer-Encoding: ${m.framing}\r\n\r\n`)];
  for (let i = 0; i < m.body.length; i += m.chunk) {
    const piece = m.body.subarray(i, i + m.chunk);
    parts.push(latin(`${piece.length.toString(16)}${m.blank ? ";LIST=1" : ""}\r\n`), piece, latin("\r\n"));
  }
  parts.push(latin(m.blank ? "0\r\nLIST: trailer\r\n\r\n" : "0\r\n\r\n"));
  return Buffer.concat(parts);
}

test("random pipelined messages reach the parser with their bodies unchanged, LIST as LINK", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 }),
      async (drawn, cuts) => {
        const messages = upgradeLast(drawn);
        const all = Buffer.concat(messages.map(encode));
        const pieces: Buffer[] = [];
        for (let at = 0, i = 0; at < all.length; i++) {
          const size = i < 40 ? (cuts[i % cuts.length] ?? 1) : all.length;
          pieces.push(Buffer.from(all.subarray(at, at + size)));
          at += size;
        }
        const expected = messages.map((m, index) => ({
          method: m.method === "LIST" ? "LINK" : m.method,
          url: `/v1/LIST/${index}`,
          body: m.framing === "none" || m.framing === "upgrade" ? "" : m.body.toString("hex"),
        }));
        expect(await converse(pieces, messages.length)).toEqual(expected);
      },
    ),
    { numRuns: 200 },
  );
}, 30_000);

test("random bytes never make the door throw or change anything but a LIST", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          bodyBytes,
          bodyBytes.map((b) => Buffer.concat([Buffer.from("LIST "), b])),
        ),
      ),
      (pieces) => {
        const door = new ListDoor();
        const before = Buffer.concat(pieces);
        const copies = pieces.map((piece) => Buffer.from(piece));
        for (const copy of copies) door.feed(copy);
        const after = Buffer.concat(copies);
        expect(after.toString("latin1").replaceAll("N", "S").replaceAll("K", "T")).toBe(
          before.toString("latin1").replaceAll("N", "S").replaceAll("K", "T"),
        );
      },
    ),
    { numRuns: 300 },
  );
});
