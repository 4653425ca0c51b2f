/** A port for password hashes without the work: a "hash" is readable, every comparison is counted. */
import type { Passwords } from "../../server/contract/password.ts";

export interface FakePasswords extends Passwords {
  readonly compared: { readonly password: string; readonly hash: string }[];
  hashed: number;
}

export function fakePasswords(): FakePasswords {
  const fake: FakePasswords = {
    compared: [],
    hashed: 0,
    hash: (password) => {
      fake.hashed += 1;
      return Promise.resolve(`hash of ${password.reveal()}`);
    },
    compare: (password, hash) => {
      fake.compared.push({ password: password.reveal(), hash });
      return Promise.resolve(hash === `hash of ${password.reveal()}`);
    },
  };
  return fake;
}
