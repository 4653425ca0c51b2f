/**
 * What a password may be. bcrypt takes 72 bytes and would ignore the rest, and some of its implementations stop at a NUL:
 * either would let a wrong password in, so neither is taken. Source: OpenBSD's bcrypt(3); RFC 4013 for NUL.
 */
import { Fault } from "../../../lib/fault.ts";
import { Secret } from "../../../lib/secret.ts";
import type { Values } from "../../contract/engine.ts";
import type { Passwords } from "../../contract/password.ts";
import type { PASSWORD_FIELDS } from "./user.ts";

/** Bytes of UTF-8. */
const LONGEST = 72;
/** Of an imported hash: above it one guess holds a thread for seconds. */
const LARGEST_COST = 14;

export type SentPassword = Values<typeof PASSWORD_FIELDS>;

export function isUsable(password: string): boolean {
  return Buffer.byteLength(password) <= LONGEST && !password.includes("\0");
}

/**
 * The hash that is to be kept; undefined when neither a password nor a hash was sent.
 * @throws Fault "invalid" for what cannot be taken, "unavailable" when too many are being hashed
 */
export async function newHash(
  passwords: Passwords,
  { password, password_hash: hash }: SentPassword,
): Promise<Secret | undefined> {
  if (password !== undefined && hash !== undefined) {
    throw new Fault("invalid", "password and password_hash exclude each other: send one of them");
  }
  if (hash !== undefined) return importedHash(hash);
  if (password === undefined) return undefined;
  if (password === "") throw new Fault("invalid", "missing password");
  if (!isUsable(password)) {
    throw new Fault(
      "invalid",
      `password must have at most ${String(LONGEST)} bytes and no NUL: bcrypt would ignore what follows`,
    );
  }
  return new Secret(await passwords.hash(new Secret(password)));
}

function importedHash(hash: string): Secret {
  const cost = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash)?.[1];
  if (cost === undefined) {
    throw new Fault("invalid", "password_hash must be a bcrypt hash such as $2a$10$… with 60 characters");
  }
  if (Number(cost) < 4 || Number(cost) > LARGEST_COST) {
    throw new Fault("invalid", `password_hash must have a cost from 4 to ${String(LARGEST_COST)}`);
  }
  return new Secret(hash);
}
