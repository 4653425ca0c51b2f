/**
 * The door for LIST: Node's HTTP parser answers 400 to this method, which Vault's clients send, so the bytes "LIST "
 * at the start of a message become "LINK" (RFC 2068 section 19.6.1.2; nothing else here uses it) before the parser
 * sees them, and `server/http` reads LINK as a LIST. To know where messages start, bodies are skipped by the framing
 * of RFC 9112 section 6; where that is in doubt the door stops looking at this connection, and the parser, which
 * decides what is valid, refuses it.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";

const CR = 0x0d;
const LF = 0x0a;
const LIST = Buffer.from("LIST");
const LINK = Buffer.from("LINK");
/** Characters of a line that matter: the framing headers are shorter. */
const LONGEST_LINE = 1024;

type State =
  | "start"
  | "method"
  | "target"
  | "head"
  | "body"
  | "chunk-size"
  | "chunk"
  | "chunk-end"
  | "trailer"
  | "closed";

/**
 * Follows one connection's requests.
 * @remarks `feed` changes the bytes in place; it must see every byte, in order, before the parser.
 */
export class ListDoor {
  #state: State = "start";
  /** How much of "LIST" has been seen. */
  #seen = 0;
  /** The beginning of a line that a later chunk goes on with. */
  #line = "";
  /** Bytes of the body or chunk still to come. */
  #left = 0;
  #chunked = false;

  feed(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && this.#state !== "closed") at = this.#step(bytes, at);
  }

  /** @returns where to go on; always beyond `at`, or at it with another state */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case "start":
        return this.#start(bytes, at);
      case "method":
        return this.#method(bytes, at);
      case "body":
      case "chunk":
        return this.#skip(bytes, at);
      case "target":
        return this.#endOfLine(bytes, at);
      case "head":
      case "chunk-size":
      case "chunk-end":
      case "trailer":
        return this.#readLine(bytes, at);
      case "closed":
        return bytes.length;
    }
  }

  /** Empty lines before a request are skipped (RFC 9112 section 2.2), as the parser does. */
  #start(bytes: Buffer, at: number): number {
    if (bytes[at] === CR || bytes[at] === LF) return at + 1;
    this.#state = "method";
    this.#seen = 0;
    this.#left = 0;
    this.#chunked = false;
    return at;
  }

  /** "LI" is the same in both words, so a chunk that ends within the method loses nothing. */
  #method(bytes: Buffer, at: number): number {
    let i = at;
    while (i < bytes.length && this.#seen < LIST.length && bytes[i] === LIST[this.#seen]) {
      bytes[i] = LINK[this.#seen] ?? 0;
      this.#seen += 1;
      i += 1;
    }
    if (i < bytes.length) this.#state = "target";
    return i;
  }

  /** The rest of the request line says nothing about the body. */
  #endOfLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(LF, at);
    if (end < 0) return bytes.length;
    this.#state = "head";
    return end + 1;
  }

  #skip(bytes: Buffer, at: number): number {
    const step = Math.min(this.#left, bytes.length - at);
    this.#left -= step;
    if (this.#left === 0) this.#state = this.#state === "chunk" ? "chunk-end" : "start";
    return at + step;
  }

  #readLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(LF, at);
    const stop = end < 0 ? bytes.length : end;
    if (this.#line === "" && end >= 0 && this.#state === "head" && !mayFrame(bytes[at])) {
      return end + 1;
    }
    if (this.#line.length < LONGEST_LINE) this.#line += bytes.toString("latin1", at, Math.min(stop, at + LONGEST_LINE));
    if (end < 0) return stop;
    const line = this.#line.endsWith("\r") ? this.#line.slice(0, -1) : this.#line;
    this.#line = "";
    this.#lineRead(line);
    return end + 1;
  }

  #lineRead(line: string): void {
    if (this.#state === "head" && line !== "") this.#header(line);
    else if (this.#state === "head") this.#headRead();
    else if (this.#state === "chunk-size") this.#chunkSize(line);
    else if (this.#state === "chunk-end") this.#state = line === "" ? "chunk-size" : "closed";
    else if (line === "") this.#state = "start";
  }

  #chunkSize(line: string): void {
    const digits = /^[0-9a-f]{1,12}/i.exec(line)?.[0] ?? "";
    this.#left = digits === "" ? 0 : Number.parseInt(digits, 16);
    if (digits === "") this.#state = "closed";
    else this.#state = this.#left > 0 ? "chunk" : "trailer";
  }

  /** A folded line (RFC 9112 section 5.2) may belong to a framing header. */
  #header(line: string): void {
    if (line.startsWith(" ") || line.startsWith("\t")) {
      this.#state = "closed";
      return;
    }
    const framing = /^(content-length|transfer-encoding)[ \t]*:(.*)$/is.exec(line);
    if (framing === null) return;
    const [, name = "", value = ""] = framing;
    if (line.length >= LONGEST_LINE) this.#state = "closed";
    else if (name.toLowerCase() === "transfer-encoding") this.#coding(value);
    else if (/^[ \t]*\d{1,15}[ \t]*$/.test(value)) this.#left = Number(value);
    else this.#state = "closed";
  }

  #coding(value: string): void {
    if (/(?:^|,)[ \t]*chunked[ \t]*$/i.test(value)) this.#chunked = true;
    else this.#state = "closed";
  }

  #headRead(): void {
    if (this.#chunked && this.#left > 0) this.#state = "closed";
    else if (this.#chunked) this.#state = "chunk-size";
    else this.#state = this.#left > 0 ? "body" : "start";
  }
}

/** A line that begins with "c", "t", a blank or its end: any other says nothing about the body. */
function mayFrame(first: number | undefined): boolean {
  const lower = (first ?? 0) | 0x20;
  return lower === 0x63 || lower === 0x74 || first === 0x20 || first === 0x09 || first === CR || first === LF;
}

/**
 * Puts a door before the parser of every connection of `server`: plain, unix or, for TLS, on the decrypted stream.
 * A listener for "data" that is added after Node's own makes Node hand bytes to JavaScript instead of
 * straight to the parser; put in front, it sees (and changes) them first.
 * @param event "secureConnection" for a TLS server
 */
export function openListDoor(server: Server, event: "connection" | "secureConnection"): void {
  server.on(event, (socket: Socket) => {
    const door = new ListDoor();
    socket.prependListener("data", (bytes: Buffer) => {
      door.feed(bytes);
    });
  });
}
