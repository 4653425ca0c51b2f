/**
 * The file calls of this room as promises over plain descriptors: a `FileHandle` costs more per write and closes itself
 * when it is forgotten. Nothing here blocks the event loop.
 */
import { close, fchmod, fstat, ftruncate, open, read, type Stats, write } from "node:fs";

type Done<T> = (error: Error | null, value: T) => void;

function call<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error === null) resolve(value);
      else reject(error);
    });
  });
}

const nothing =
  (done: Done<undefined>) =>
  (error: Error | null): void => {
    done(error, undefined);
  };

export const openFile = (path: string, flags: number, mode: number): Promise<number> =>
  call((done) => {
    open(path, flags, mode, done);
  });

/** @returns how many bytes were taken: all, or as many as there was room for */
export const writeFile = (fd: number, bytes: Buffer, offset: number): Promise<number> =>
  call((done) => {
    write(fd, bytes, offset, bytes.length - offset, null, done);
  });

export const readFile = (fd: number, bytes: Buffer, position: number): Promise<number> =>
  call((done) => {
    read(fd, bytes, 0, bytes.length, position, done);
  });

export const statFile = (fd: number): Promise<Stats> =>
  call((done) => {
    fstat(fd, done);
  });

export const truncateFile = (fd: number, size: number): Promise<undefined> =>
  call((done) => {
    ftruncate(fd, size, nothing(done));
  });

export const chmodFile = (fd: number, mode: number): Promise<undefined> =>
  call((done) => {
    fchmod(fd, mode, nothing(done));
  });

export const closeFile = (fd: number): Promise<undefined> =>
  call((done) => {
    close(fd, nothing(done));
  });

/** "ENOSPC", "EAGAIN", …; "" when the error is none of the system's. */
export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}
