/** Area sys: the server itself, its keys and their shares (init, seal, generate-root, rotate), leader. */
import { expect } from "@jest/globals";
import type { Area, RouteCase, Step } from "../types.ts";
import { at, type Names, share, uuid, within } from "./sys-rekey.ts";

function rootCases(names: Names, attempt: string): Readonly<Record<string, RouteCase>> {
  const cancel: Step = { method: "DELETE", path: attempt };
  const begin: Step = {
    method: "POST",
    path: attempt,
    save: { attempt: at(names, "nonce"), otp: at(names, "otp") },
    shows: within(names, {
      started: true,
      nonce: uuid,
      progress: 0,
      required: 1,
      complete: false,
      otp: expect.stringMatching(/^[0-9A-Za-z]{42}$/),
      otp_length: 42,
    }),
  };
  return {
    [`POST /${attempt}`]: {
      given: [cancel],
      when: { ...begin, status: 200 },
      keys: [at(names, "pgp_fingerprint")],
      then: {
        method: "GET",
        path: attempt,
        shows: within(names, { started: true, nonce: "{{attempt}}", otp: "", otp_length: 42 }),
      },
      bad: { method: "POST", path: attempt, data: { otp: "short" }, status: 400, error: "OTP string is wrong length" },
    },
    [`GET /${attempt}`]: {
      given: [cancel],
      when: {
        method: "GET",
        path: attempt,
        status: 200,
        shows: within(names, { started: false, nonce: "", progress: 0, required: 1, complete: false }),
      },
      keys: [at(names, "encoded_token")],
    },
    [`DELETE /${attempt}`]: {
      given: [cancel, begin],
      when: { ...cancel, status: 204 },
      keys: [],
      then: { method: "GET", path: attempt, shows: within(names, { started: false }) },
    },
  };
}

function rootUpdate(names: Names): RouteCase {
  const attempt = `${names.prefix}/attempt`;
  return {
    given: [
      { method: "DELETE", path: attempt },
      { method: "POST", path: attempt, save: { attempt: at(names, "nonce"), otp: at(names, "otp") } },
    ],
    when: {
      method: "POST",
      path: `${names.prefix}/update`,
      data: { key: "{{key}}", nonce: "{{attempt}}" },
      status: 200,
      shows: within(names, { complete: true, started: true, progress: 1, required: 1, nonce: "{{attempt}}" }),
      save: { encoded: at(names, "encoded_token") },
    },
    keys: [at(names, "encoded_token")],
    then: {
      method: "POST",
      path: "sys/decode-token",
      data: { encoded_token: "{{encoded}}", otp: "{{otp}}" },
      shows: { data: { token: expect.stringMatching(/^hvs\..{38}$/) } },
    },
    bad: {
      method: "POST",
      path: `${names.prefix}/update`,
      data: { nonce: "{{attempt}}" },
      status: 400,
      error: "'key' must be specified",
    },
  };
}

/** @param term after it */
function rotateCases(prefix: string, term: number): Readonly<Record<string, RouteCase>> {
  const config = `${prefix}/config`;
  return {
    [`POST /${prefix}`]: {
      given: [{ method: "GET", path: "sys/key-status", shows: { term: term - 1 } }],
      when: { method: "POST", path: prefix, status: 204 },
      keys: [],
      then: {
        method: "GET",
        path: "sys/key-status",
        shows: { term, data: { term } },
      },
    },
    [`GET /${config}`]: {
      given: [{ method: "POST", path: config, data: { enabled: true, interval: "48h", max_operations: 2_000_000 } }],
      when: {
        method: "GET",
        path: config,
        status: 200,
        shows: { data: { enabled: true, interval: 172_800, max_operations: 2_000_000 } },
      },
      keys: ["data.enabled"],
    },
    [`POST /${config}`]: {
      when: { method: "POST", path: config, data: { enabled: false, interval: 0 }, status: 204 },
      keys: [],
      then: { method: "GET", path: config, shows: { data: { enabled: false, interval: 0 } } },
      bad: {
        method: "POST",
        path: config,
        data: { max_operations: 999_999 },
        status: 400,
        error: "max_operations must be in the range",
      },
    },
  };
}

export const sysOperatorArea: Area = {
  name: "sys",
  cases: {
    ...rootCases({ prefix: "sys/generate-root", inData: false }, "sys/generate-root/attempt"),
    ...rootCases({ prefix: "sys/generate-root", inData: false }, "sys/generate-root"),
    ...rootCases({ prefix: "sys/generate-root-token", inData: true }, "sys/generate-root-token/attempt"),
    "POST /sys/generate-root/update": rootUpdate({ prefix: "sys/generate-root", inData: false }),
    "POST /sys/generate-root-token/update": rootUpdate({ prefix: "sys/generate-root-token", inData: true }),
    "POST /sys/decode-token": {
      when: {
        method: "POST",
        path: "sys/decode-token",
        // "token" XOR "otp!!"
        data: { encoded_token: "GxsbRE8", otp: "otp!!" },
        status: 200,
        shows: { data: { token: "token" } },
      },
      keys: ["data.token"],
      bad: {
        method: "POST",
        path: "sys/decode-token",
        data: { encoded_token: "GxsbRE8", otp: "four" },
        status: 400,
        error: "their lengths differ",
      },
    },
    ...rotateCases("sys/rotate", 2),
    ...rotateCases("sys/rotate/keyring", 3),
    "POST /sys/rotate/root": {
      when: { method: "POST", path: "sys/rotate/root", status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/seal-status", shows: { sealed: false, t: 1, n: 1 } },
    },
    "GET /sys/key-status": {
      when: {
        method: "GET",
        path: "sys/key-status",
        status: 200,
        shows: { data: { term: expect.any(Number), install_time: expect.stringMatching(/^2\d{3}-/) } },
      },
      keys: ["term", "install_time", "encryptions", "data.encryptions"],
    },
    "GET /sys/init": {
      when: { method: "GET", path: "sys/init", token: "", status: 200, shows: { initialized: true } },
      keys: ["initialized"],
    },
    "GET /sys/seal-status": {
      when: {
        method: "GET",
        path: "sys/seal-status",
        token: "",
        status: 200,
        shows: { type: "shamir", initialized: true, sealed: false, t: 1, n: 1, progress: 0, nonce: "" },
      },
      keys: ["version", "cluster_name", "cluster_id", "storage_type", "recovery_seal", "migration"],
    },
    "GET /sys/health": {
      when: {
        method: "GET",
        path: "sys/health?activecode=299",
        token: "",
        status: 299,
        shows: { initialized: true, sealed: false, standby: false, performance_standby: false },
      },
      keys: [
        "replication_performance_mode",
        "replication_dr_mode",
        "server_time_utc",
        "version",
        "cluster_name",
        "cluster_id",
      ],
      bad: {
        method: "GET",
        path: "sys/health?sealedcode=x",
        token: "",
        status: 400,
        error: 'field "sealedcode" must be an HTTP status',
      },
    },
    "GET /sys/leader": {
      fixed: true,
      when: { method: "GET", path: "sys/leader", token: "", status: 200, shows: { ha_enabled: false } },
      keys: ["is_self", "leader_address", "leader_cluster_address", "performance_standby"],
    },
    "GET /sys/ha-status": {
      fixed: true,
      when: {
        method: "GET",
        path: "sys/ha-status",
        status: 200,
        shows: { data: { nodes: [{ active_node: true, last_echo: null }] } },
      },
      keys: ["nodes.0.hostname", "data.nodes.0.api_address", "data.nodes.0.cluster_address", "data.nodes.0.version"],
    },
    "POST /sys/step-down": {
      when: { method: "POST", path: "sys/step-down", status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/seal-status", shows: { sealed: false } },
    },
    "POST /sys/unseal": {
      given: [{ method: "POST", path: "sys/seal" }],
      when: {
        method: "POST",
        path: "sys/unseal",
        data: { key: "{{key}}" },
        token: "",
        status: 200,
        shows: { sealed: false, progress: 0, t: 1, n: 1 },
      },
      keys: ["version", "storage_type"],
      then: { method: "GET", path: "sys/mounts", shows: { data: { "sys/": { type: "system" } } } },
      bad: { method: "POST", path: "sys/unseal", data: {}, token: "", status: 400, error: "'key' must be specified" },
    },
    "POST /sys/seal": {
      when: { method: "POST", path: "sys/seal", status: 204 },
      keys: [],
      then: { method: "GET", path: "sys/seal-status", token: "", shows: { sealed: true } },
    },
  },
};

/** Of a server that is not initialized: `open: false`. */
export const sysInitArea: Area = {
  name: "sys",
  cases: {
    "POST /sys/init": {
      given: [{ method: "GET", path: "sys/init", token: "", shows: { initialized: false } }],
      when: {
        method: "POST",
        path: "sys/init",
        token: "",
        data: { secret_shares: 3, secret_threshold: 2 },
        status: 200,
        shows: {
          keys: [share, share, share],
          keys_base64: [expect.anything(), expect.anything(), expect.anything()],
          root_token: expect.stringMatching(/^hvs\..{38}$/),
        },
      },
      keys: ["keys_base64.2"],
      then: {
        method: "GET",
        path: "sys/seal-status",
        token: "",
        shows: { initialized: true, sealed: true, n: 3, t: 2 },
      },
      bad: {
        method: "POST",
        path: "sys/init",
        token: "",
        data: { secret_shares: 1, secret_threshold: 2 },
        status: 400,
        error: "threshold cannot be larger than shares",
      },
    },
  },
};
