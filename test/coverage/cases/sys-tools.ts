/** Area sys: sys/tools, sys/capabilities. */
import { expect } from "@jest/globals";
import type { Area } from "../types.ts";

/** What holds "abc" in base64. */
const ABC = "YWJj";
const bytes = (count: number): unknown => expect.stringMatching(new RegExp(`^[0-9a-f]{${String(2 * count)}}$`));

export const sysToolsArea: Area = {
  name: "sys",
  given: [
    {
      method: "POST",
      path: "sys/policies/acl/reader",
      data: { policy: 'path "kv/a" { capabilities = ["read", "list"] }' },
    },
    {
      method: "POST",
      path: "auth/token/create",
      data: { policies: ["reader"] },
      save: { reader: "auth.client_token", accessor: "auth.accessor" },
    },
  ],
  cases: {
    "POST /sys/tools/random": {
      when: {
        method: "POST",
        path: "sys/tools/random",
        data: { bytes: 20, format: "hex" },
        status: 200,
        shows: { data: { random_bytes: bytes(20) } },
      },
      keys: ["data.random_bytes"],
      bad: {
        method: "POST",
        path: "sys/tools/random",
        data: { bytes: 131_073 },
        status: 400,
        error: "should be less than 131072",
      },
    },
    "POST /sys/tools/random/{source}": {
      when: {
        method: "POST",
        path: "sys/tools/random/platform",
        data: { format: "hex" },
        status: 200,
        shows: { data: { random_bytes: bytes(32) } },
      },
      keys: ["data.random_bytes"],
      bad: { method: "POST", path: "sys/tools/random/moon", status: 400, error: "unsupported entropy source" },
    },
    "POST /sys/tools/random/{source}/{urlbytes}": {
      when: {
        method: "POST",
        path: "sys/tools/random/platform/131072",
        data: { format: "hex" },
        status: 200,
        shows: { data: { random_bytes: bytes(131_072) } },
      },
      keys: ["data.random_bytes"],
      bad: { method: "POST", path: "sys/tools/random/platform/0", status: 400, error: "cannot be less than 1" },
    },
    "POST /sys/tools/hash": {
      when: {
        method: "POST",
        path: "sys/tools/hash",
        data: { input: ABC },
        status: 200,
        shows: { data: { sum: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" } },
      },
      keys: ["data.sum"],
      bad: { method: "POST", path: "sys/tools/hash", data: { input: "a?" }, status: 400, error: "base64" },
    },
    "POST /sys/tools/hash/{urlalgorithm}": {
      when: {
        method: "POST",
        path: "sys/tools/hash/sha3-224",
        data: { input: ABC, format: "hex" },
        status: 200,
        shows: { data: { sum: "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf" } },
      },
      keys: ["data.sum"],
      bad: {
        method: "POST",
        path: "sys/tools/hash/md5",
        data: { input: ABC },
        status: 400,
        error: "unsupported algorithm",
      },
    },
    "POST /sys/capabilities": {
      when: {
        method: "POST",
        path: "sys/capabilities",
        data: { token: "{{reader}}", paths: ["kv/a", "kv/b"] },
        status: 200,
        shows: { data: { "kv/a": ["list", "read"], "kv/b": ["deny"] }, "kv/a": ["list", "read"] },
      },
      keys: ["data.kv/a"],
      bad: {
        method: "POST",
        path: "sys/capabilities",
        data: { token: "none", paths: "a" },
        status: 400,
        error: "invalid token",
      },
    },
    "POST /sys/capabilities-self": {
      when: {
        method: "POST",
        path: "sys/capabilities-self",
        data: { path: "kv/a" },
        token: "{{reader}}",
        status: 200,
        shows: { data: { "kv/a": ["list", "read"], capabilities: ["list", "read"] }, capabilities: ["list", "read"] },
      },
      keys: ["data.capabilities"],
      bad: { method: "POST", path: "sys/capabilities-self", data: { paths: [] }, status: 400, error: '"paths"' },
    },
    "POST /sys/capabilities-accessor": {
      when: {
        method: "POST",
        path: "sys/capabilities-accessor",
        data: { accessor: "{{accessor}}", paths: "kv/a" },
        status: 200,
        shows: { data: { "kv/a": ["list", "read"] } },
      },
      keys: ["data.capabilities"],
      bad: {
        method: "POST",
        path: "sys/capabilities-accessor",
        data: { accessor: "none", paths: "a" },
        status: 400,
        error: "invalid accessor",
      },
    },
  },
};
