/** The real `Io`: terminal, standard input, files in the home folder. */
import { constants } from "node:fs";
import { open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import type { Clock } from "../lib/clock.ts";
import { errorCode } from "../lib/error-code.ts";
import { Fault } from "../lib/fault.ts";
import type { Random } from "../lib/random.ts";
import { Secret } from "../lib/secret.ts";
import type { Io } from "./io.ts";

/** Bytes: what a request may carry. */
const MOST = 32 * 1024 * 1024;

export interface Machine {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Io["env"];
  readonly home: string;
  readonly clock: Clock;
  readonly random: Random;
}

export function machineIo(machine: Machine): Io {
  const { stdin, stdout, stderr, home } = machine;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    outIsTerminal: stdout.isTTY,
    inIsTerminal: stdin.isTTY,
    stdin: () => readAll(stdin),
    ask: (question) => ask(stdin, stderr, question),
    readFile: readText,
    listFiles,
    writeFile: (path, text) => writeText(path, text, machine.random),
    readTokenFile: (name) => readToken(join(home, name)),
    writeTokenFile: (name, token) => writeToken(join(home, name), token, machine.random),
    env: machine.env,
    clock: machine.clock,
    random: machine.random,
  };
}

async function readAll(stream: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > MOST) throw new Fault("invalid", "standard input is longer than 32 MiB");
    chunks.push(bytes);
  }
  return decode(Buffer.concat(chunks), "standard input");
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MOST) throw new Fault("invalid", `${path} is longer than 32 MiB`);
    return decode(await readFile(path), path);
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("invalid", `${path} cannot be read: ${codeOf(error)}`, { cause: error });
  }
}

async function listFiles(folder: string): Promise<readonly string[]> {
  try {
    const found = await readdir(folder, { withFileTypes: true });
    // Folders of CAs are full of links: c_rehash names each file by its hash.
    return found
      .filter((one) => one.isFile() || one.isSymbolicLink())
      .map((one) => one.name)
      .sort();
  } catch (error) {
    throw new Fault("invalid", `${folder} cannot be read: ${codeOf(error)}`, { cause: error });
  }
}

/** JSON and the API carry text: bytes that are no UTF-8 would be changed silently. */
function decode(bytes: Buffer, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Fault("invalid", `${source} is not UTF-8 text: encode it, for example with base64`);
  }
}

async function readToken(path: string): Promise<Secret | undefined> {
  try {
    const text = (await readFile(path, "utf8")).trim();
    return text === "" ? undefined : new Secret(text);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new Fault("invalid", `${path} cannot be read: ${codeOf(error)}`, { cause: error });
  }
}

function writeToken(path: string, token: Secret, random: Random): Promise<void> {
  return replaceFile(path, { text: token.reveal(), mode: 0o600, random });
}

async function writeText(path: string, text: string, random: Random): Promise<void> {
  const mode = await stat(path).then(
    (found) => found.mode & 0o777,
    () => 0o600,
  );
  await replaceFile(path, { text, mode, random });
}

interface NewFile {
  readonly text: string;
  readonly mode: number;
  readonly random: Random;
}

async function replaceFile(path: string, { text, mode, random }: NewFile): Promise<void> {
  const staged = `${path}.${random.bytes(8).toString("hex")}`;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    const file = await open(staged, flags, 0o600);
    try {
      await file.chmod(mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(staged, path);
  } catch (error) {
    await rm(staged, { force: true });
    throw new Fault("invalid", `${path} cannot be written: ${codeOf(error)}`, { cause: error });
  }
}

/** Asks on the terminal; what is typed is not shown. */
function ask(stdin: NodeJS.ReadStream, stderr: NodeJS.WriteStream, question: string): Promise<Secret> {
  const silent = new Writable({
    write(_chunk, _encoding, done) {
      done();
    },
  });
  const reader = createInterface({ input: stdin, output: silent, terminal: true });
  stderr.write(question);
  return new Promise((resolve, reject) => {
    reader.once("SIGINT", () => {
      reader.close();
      stderr.write("\n");
      reject(new Fault("invalid", "interrupted"));
    });
    reader.question("", (answer) => {
      reader.close();
      stderr.write("\n");
      resolve(new Secret(answer));
    });
  });
}

function codeOf(error: unknown): string {
  return errorCode(error) || "unknown error";
}
