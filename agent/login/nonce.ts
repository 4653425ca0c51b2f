/**
 * The nonce: what the server demands of this instance after its first login. It is made here and is safely on disk
 * before it is first sent, so that no crash can lock the instance out; the file names the instance that it belongs to,
 * so that a cloned disk or a baked image does not carry it to another one. The README beside this file has its format.
 */
import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { describeErrno } from "../../lib/errno.ts";
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import { Secret } from "../../lib/secret.ts";
import { type JsonMap, JsonNumber, parseJsonMap, stringifyJson } from "../../lib/wire/json.ts";

export interface NonceFile {
  readonly path: string;
  readonly random: Random;
  readonly log: Log;
  /** Of this process; a file of anybody else is refused. */
  readonly uid: number;
}

const NONCE_FORMAT = 1;
/** Bits: 256. Vault takes at most 128 characters; these are 43. */
const NONCE_BYTES = 32;
const LARGEST = 4096;

interface Kept {
  readonly nonce: Secret;
  readonly instanceId: string;
}

/**
 * The nonce of this instance, made and written when there is none or when the file is another instance's.
 * @throws Fault "conflict" when the file is there and cannot be trusted or understood: it is never replaced then, since
 * it may be the only copy of what the server demands
 */
export async function nonceFor(instanceId: string, file: NonceFile): Promise<Secret> {
  const kept = await readNonce(instanceId, file);
  if (kept === undefined) return makeNonce(instanceId, file, "create");
  if (kept.instanceId === instanceId) {
    // Whoever wrote it may have been killed before it was on the disk: what is sent must be safe, not only seen.
    await syncKept(file.path);
    return kept.nonce;
  }
  file.log("warn", "nonce file is of another instance (cloned disk or baked image): it is dropped", {
    path: file.path,
    other_instance: kept.instanceId,
    instance: instanceId,
  });
  return makeNonce(instanceId, file, "replace");
}

/** Reads without making one. @returns undefined when there is no file */
export async function readNonce(instanceId: string, file: NonceFile): Promise<Kept | undefined> {
  const remedy = `restore it, or remove it and run: oksae aws unlock ${instanceId}`;
  const handle = await openExisting(file.path);
  if (handle === undefined) return undefined;
  try {
    await checkOwner(handle, file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LARGEST + 1), 0, LARGEST + 1, 0);
    if (bytesRead > LARGEST) throw new Fault("conflict", `nonce file ${file.path} is too long to be one: ${remedy}`);
    return parseNonce(buffer.toString("utf8", 0, bytesRead), file.path, remedy);
  } finally {
    await handle.close();
  }
}

async function openExisting(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code, text } = describeErrno(error);
    if (code === "ENOENT") return undefined;
    const what = code === "ELOOP" ? "it is a symbolic link: put the file itself there" : text;
    throw new Fault("conflict", `nonce file ${path} cannot be opened: ${what}`, { cause: error });
  }
}

async function checkOwner(handle: FileHandle, file: NonceFile): Promise<void> {
  const stat = await handle.stat();
  if (!stat.isFile()) throw new Fault("conflict", `nonce file ${file.path} is not a regular file`);
  if (stat.uid !== file.uid) {
    const [theirs, ours] = [String(stat.uid), String(file.uid)];
    const message = `nonce file ${file.path} belongs to uid ${theirs} and the agent runs as uid ${ours}`;
    throw new Fault("conflict", `${message}: run it as that user, or chown the file`);
  }
  if ((stat.mode & 0o022) !== 0) {
    const message = `nonce file ${file.path} can be written by others`;
    throw new Fault("conflict", `${message}: check that it is the right one, then chmod 600 it`);
  }
  if ((stat.mode & 0o077) === 0) return;
  await handle.chmod(0o600);
  file.log("warn", "nonce file could be read by others: its mode is 0600 again", { path: file.path });
}

function parseNonce(text: string, path: string, remedy: string): Kept {
  let fields: JsonMap;
  try {
    fields = parseJsonMap(text);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault("conflict", `nonce file ${path} is damaged (${error.message}): ${remedy}`);
  }
  const format = fields.get("format");
  if (!(format instanceof JsonNumber)) {
    throw new Fault("conflict", `nonce file ${path} is damaged (it has no format): ${remedy}`);
  }
  if (format.text !== String(NONCE_FORMAT)) {
    const message = `nonce file ${path} has format ${format.text} and this oksae knows only ${String(NONCE_FORMAT)}`;
    throw new Fault("conflict", `${message}: install the newer oksae that wrote it`);
  }
  const nonce = fields.get("nonce");
  const instanceId = fields.get("instance_id");
  if (typeof nonce !== "string" || typeof instanceId !== "string" || !/^[\x21-\x7e]{16,128}$/.test(nonce)) {
    throw new Fault("conflict", `nonce file ${path} is damaged (nonce or instance_id is missing): ${remedy}`);
  }
  return { nonce: new Secret(nonce), instanceId };
}

async function makeNonce(instanceId: string, file: NonceFile, how: "create" | "replace"): Promise<Secret> {
  const nonce = new Secret(file.random.bytes(NONCE_BYTES).toString("base64url"));
  const folder = dirname(file.path);
  const staged = `${file.path}.${file.random.uuid()}`;
  const text = stringifyJson({ format: NONCE_FORMAT, nonce: nonce.reveal(), instance_id: instanceId });
  try {
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncFolders(made, folder);
    await writeDurably(staged, `${text}\n`);
    // A link, unlike a rename, fails when a second agent was faster: its nonce may be at the server already.
    if (how === "create") await link(staged, file.path);
    else await rename(staged, file.path);
    await rm(staged, { force: true });
    await syncFolder(folder);
  } catch (error) {
    await rm(staged, { force: true }).catch(() => undefined);
    const { code, text: reason } = describeErrno(error);
    const what = code === "EEXIST" ? "another agent has just written it" : reason;
    throw new Fault("unavailable", `nonce file ${file.path} cannot be written: ${what}`, { cause: error });
  }
  file.log("info", "nonce made", { path: file.path, instance: instanceId });
  return nonce;
}

async function writeDurably(path: string, text: string): Promise<void> {
  const handle = await open(path, "wx", 0o600);
  try {
    await handle.writeFile(text, "utf8");
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncKept(path: string): Promise<void> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncFolder(dirname(path));
  } catch (error) {
    throw new Fault("unavailable", `nonce file ${path} cannot be synced: ${describeErrno(error).text}`, {
      cause: error,
    });
  }
}

/** @param made the uppermost folder that was made on the way to `folder`: each one's entry is in its parent */
async function syncFolders(made: string, folder: string): Promise<void> {
  for (let at = folder; at.length >= made.length; at = dirname(at)) await syncFolder(dirname(at));
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
