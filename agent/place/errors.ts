/** What the system refused, as a sentence that names the path and the fix. Source: errno(3). */
import { errorCode } from "../../lib/error-code.ts";
import { Fault, type FaultKind } from "../../lib/fault.ts";

const REASONS: ReadonlyMap<string, readonly [FaultKind, string]> = new Map([
  ["EACCES", ["denied", "the agent may not write there; check owner and mode of the directory"]],
  ["EPERM", ["denied", "the agent may not change owner or mode; run it as root or write no other user or group"]],
  ["EROFS", ["denied", "the file system is read-only; add the directory to ReadWritePaths of the unit"]],
  ["ENOENT", ["not-found", "the directory does not exist; create it"]],
  ["ENOTDIR", ["invalid", "a part of the path is no directory"]],
  ["ENOSPC", ["unavailable", "no space is left on the device; free some"]],
  ["EDQUOT", ["unavailable", "the disk quota is used up; raise it"]],
  ["EISDIR", ["invalid", "it is a directory; write the path of a file"]],
  ["ENAMETOOLONG", ["invalid", "the name is too long"]],
  ["EMFILE", ["unavailable", "the agent has too many files open; raise LimitNOFILE of the unit"]],
  ["EFBIG", ["unavailable", "the file would be larger than the limit; raise LimitFSIZE of the unit"]],
  ["EIO", ["unavailable", "the device failed; look at the kernel log"]],
]);

/** @param doing such as "place" or "read" @returns `error` itself when it is a fault already */
export function placeFault(doing: string, path: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const code = errorCode(error);
  const [kind, reason] = REASONS.get(code) ?? ["internal", "the system refused"];
  return new Fault(kind, `cannot ${doing} ${path}: ${reason} (${code || "unknown error"})`, { cause: error });
}
