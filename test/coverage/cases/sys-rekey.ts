/** Area sys: new shares under Vault's and OpenBao's names, their backups, and what only seals with recovery keys have. */
import { expect } from "@jest/globals";
import type { Area, RouteCase, StaticCase, Step } from "../types.ts";

export const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
export const share = expect.stringMatching(/^[0-9a-f]{66}$/);

/** What lies under Vault's names and, inside `data`, under OpenBao's authenticated ones. */
export interface Names {
  readonly prefix: string;
  readonly inData: boolean;
}

export const within = (names: Names, shows: object): object => (names.inData ? { data: shows } : shows);
export const at = (names: Names, member: string): string => (names.inData ? `data.${member}` : member);

function rekeyCases(names: Names): Readonly<Record<string, RouteCase>> {
  const { prefix } = names;
  const cancel: Step = { method: "DELETE", path: `${prefix}/init` };
  const begin: Step = {
    method: "POST",
    path: `${prefix}/init`,
    data: { secret_shares: 3, secret_threshold: 2, require_verification: true },
    save: { rekey: at(names, "nonce") },
    shows: within(names, { started: true, nonce: uuid, t: 2, n: 3, progress: 0, required: 1 }),
  };
  const enter: Step = {
    method: "POST",
    path: `${prefix}/update`,
    data: { key: "{{key}}", nonce: "{{rekey}}" },
    save: {
      verify: at(names, "verification_nonce"),
      newA: at(names, "keys.0"),
      newB: at(names, "keys_base64.1"),
    },
  };
  const idle = within(names, { started: false, nonce: "", t: 0, n: 0, progress: 0, required: 1 });
  return {
    [`POST /${prefix}/init`]: {
      given: [cancel],
      when: { ...begin, status: 200 },
      keys: [at(names, "verification_required"), at(names, "backup")],
      then: {
        method: "GET",
        path: `${prefix}/init`,
        shows: within(names, { started: true, nonce: "{{rekey}}", t: 2, n: 3, verification_required: true }),
      },
      bad: {
        method: "POST",
        path: `${prefix}/init`,
        data: { secret_shares: 3, secret_threshold: 4 },
        status: 400,
        error: "threshold cannot be larger than shares",
      },
    },
    [`GET /${prefix}/init`]: {
      given: [cancel],
      when: { method: "GET", path: `${prefix}/init`, status: 200, shows: idle },
      keys: [at(names, "required"), at(names, "verification_required")],
    },
    [`DELETE /${prefix}/init`]: {
      given: [cancel, begin],
      when: { ...cancel, status: 204 },
      keys: [],
      then: { method: "GET", path: `${prefix}/init`, shows: idle },
    },
    [`POST /${prefix}/update`]: {
      given: [cancel, begin],
      when: {
        ...enter,
        status: 200,
        shows: within(names, {
          complete: true,
          nonce: "{{rekey}}",
          keys: [share, share, share],
          verification_required: true,
          verification_nonce: uuid,
        }),
      },
      keys: [at(names, "keys_base64.2")],
      then: { method: "GET", path: `${prefix}/verify`, shows: within(names, { started: true, n: 3, t: 2 }) },
      bad: {
        method: "POST",
        path: `${prefix}/update`,
        data: { nonce: "{{rekey}}" },
        status: 400,
        error: "'key' must be specified",
      },
    },
    [`GET /${prefix}/verify`]: {
      given: [cancel, begin, enter],
      when: {
        method: "GET",
        path: `${prefix}/verify`,
        status: 200,
        shows: within(names, { started: true, nonce: "{{verify}}", t: 2, n: 3, progress: 0 }),
      },
      keys: [at(names, "progress")],
    },
    [`POST /${prefix}/verify`]: {
      given: [cancel, begin, enter],
      when: {
        method: "POST",
        path: `${prefix}/verify`,
        data: { key: "{{newA}}", nonce: "{{verify}}" },
        status: 200,
        shows: within(names, { started: true, progress: 1, nonce: "{{verify}}" }),
      },
      keys: [at(names, "n")],
      then: { method: "GET", path: "sys/seal-status", shows: { t: 1, n: 1 } },
      bad: {
        method: "POST",
        path: `${prefix}/verify`,
        data: { key: "{{newB}}", nonce: "other" },
        status: 400,
        error: "incorrect nonce supplied",
      },
    },
    [`DELETE /${prefix}/verify`]: {
      given: [
        cancel,
        begin,
        enter,
        { method: "POST", path: `${prefix}/verify`, data: { key: "{{newA}}", nonce: "{{verify}}" } },
      ],
      when: {
        method: "DELETE",
        path: `${prefix}/verify`,
        status: 200,
        shows: within(names, { started: true, progress: 0, nonce: uuid }),
      },
      keys: [at(names, "nonce")],
      then: { method: "GET", path: `${prefix}/verify`, shows: within(names, { progress: 0 }) },
    },
  };
}

const refused = (method: Step["method"], path: string): StaticCase => ({
  fixed: true,
  when: {
    method,
    path,
    ...(method === "POST" && { data: { key: "00", nonce: "0", secret_shares: 1, secret_threshold: 1 } }),
    status: 400,
    shows: { errors: ["recovery rekeying not supported"] },
  },
  keys: ["errors"],
});

function backupCases(path: string): Readonly<Record<string, StaticCase>> {
  return {
    [`GET /${path}`]: {
      fixed: true,
      when: { method: "GET", path, status: 400, shows: { errors: ["no backed-up keys found"] } },
      keys: ["errors"],
    },
    [`DELETE /${path}`]: { fixed: true, when: { method: "DELETE", path, status: 204 }, keys: [] },
  };
}

export const sysRekeyArea: Area = {
  name: "sys",
  cases: {
    ...rekeyCases({ prefix: "sys/rekey", inData: false }),
    ...rekeyCases({ prefix: "sys/rotate/root", inData: true }),
    ...backupCases("sys/rekey/backup"),
    ...backupCases("sys/rekey/recovery-key-backup"),
    ...backupCases("sys/rotate/root/backup"),
    ...backupCases("sys/rotate/recovery/backup"),
    "GET /sys/rotate/recovery/init": refused("GET", "sys/rotate/recovery/init"),
    "POST /sys/rotate/recovery/init": refused("POST", "sys/rotate/recovery/init"),
    "DELETE /sys/rotate/recovery/init": refused("DELETE", "sys/rotate/recovery/init"),
    "POST /sys/rotate/recovery/update": refused("POST", "sys/rotate/recovery/update"),
    "GET /sys/rotate/recovery/verify": refused("GET", "sys/rotate/recovery/verify"),
    "POST /sys/rotate/recovery/verify": refused("POST", "sys/rotate/recovery/verify"),
    "DELETE /sys/rotate/recovery/verify": refused("DELETE", "sys/rotate/recovery/verify"),
  },
};
