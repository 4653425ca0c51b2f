/** What an error of the operating system means to people. Source: errno(3). */
import { errorCode } from "./error-code.ts";

const TEXTS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  ENOENT: "no such file or directory",
  ENOTDIR: "a part of the path is no directory",
  EISDIR: "it is a directory",
  ENOSPC: "no space left on the device",
  EDQUOT: "disk quota exceeded",
  EROFS: "the file system is read-only",
  ELOOP: "a symbolic link is in the way",
  EEXIST: "it exists already",
  EIO: "input/output error",
  EMFILE: "too many open files",
  ENOEXEC: "it is no program this system can run",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "no route to the network",
  ENOTFOUND: "name not found",
  EAI_AGAIN: "name lookup failed, try again",
  ETIMEDOUT: "timed out",
};

/** @returns the code ("" when the error has none) and a text for people, without paths or other content of the error */
export function describeErrno(error: unknown): { readonly code: string; readonly text: string } {
  const code = errorCode(error);
  return { code, text: TEXTS[code] ?? (code === "" ? "unexpected error" : code) };
}
