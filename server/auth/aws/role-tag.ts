/**
 * The value of a role tag: what the role's owner lets one instance have of it, under a key that only the server holds.
 *
 *     v1:NONCE:r=ROLE:d=BOOL:m=BOOL[:p=POLICY,…][:i=INSTANCE][:t=SECONDS]:HMAC
 *
 * NONCE is base64 of 8 random bytes, HMAC base64 of HMAC-SHA256 over the text before its colon. There is one way to write a
 * tag: upstream writes what it has read once more before it checks, so that a reordered copy passes and misses the deny list.
 * Source: Vault docs, AWS auth method, "Role tags".
 */
import { createHmac } from "node:crypto";
import { Fault } from "../../../lib/fault.ts";
import type { Random } from "../../../lib/random.ts";
import { Secret } from "../../../lib/secret.ts";

/** EC2's limit for the value of a tag. */
const LONGEST = 255;
const NONCE_BYTES = 8;

export interface RoleTag {
  /** Base64; the deny list goes by it. */
  readonly nonce: string;
  readonly role: string;
  /** `d`: the login with this tag is the instance's last. */
  readonly disallowReauthentication: boolean;
  /** `m`: kept for Vault's sake, without effect at a login, as there. */
  readonly allowInstanceMigration: boolean;
  /** Sorted; empty = the role's. */
  readonly policies: readonly string[];
  /** "" = any. */
  readonly instanceId: string;
  /** Milliseconds, whole seconds; 0 = the role's. */
  readonly maxTtl: number;
}

const FORM =
  /^v1:([A-Za-z0-9+/]{11}=):r=([\w.-]+):d=(true|false):m=(true|false)(?::p=([^:,\s]+(?:,[^:,\s]+)*))?(?::i=(i-[0-9a-f]{8,17}))?(?::t=([1-9]\d{0,9}))?:[A-Za-z0-9+/]{43}=$/;

export function tagNonce(random: Pick<Random, "bytes">): string {
  return random.bytes(NONCE_BYTES).toString("base64");
}

/** @throws Fault "invalid" when a policy's name cannot stand in a tag, or the tag is too long for EC2 */
export function writeTag(tag: RoleTag, key: Secret): string {
  if (tag.policies.some((name) => /[:,\s]/.test(name))) {
    throw new Fault("invalid", "the names of policies in a tag may not hold colons, commas or blanks");
  }
  const text = [
    "v1",
    tag.nonce,
    `r=${tag.role}`,
    `d=${String(tag.disallowReauthentication)}`,
    `m=${String(tag.allowInstanceMigration)}`,
    ...(tag.policies.length === 0 ? [] : [`p=${tag.policies.join(",")}`]),
    ...(tag.instanceId === "" ? [] : [`i=${tag.instanceId}`]),
    ...(tag.maxTtl === 0 ? [] : [`t=${String(tag.maxTtl / 1000)}`]),
  ].join(":");
  const value = `${text}:${hmac(text, key)}`;
  if (value.length > LONGEST) {
    throw new Fault("invalid", `the tag's value would exceed EC2's limit of ${String(LONGEST)} characters`);
  }
  return value;
}

/** What a tag says; not that it is genuine: see `isGenuine`. @returns undefined for what is no tag as `writeTag` writes it */
export function readTag(value: string): RoleTag | undefined {
  const match = value.length > LONGEST ? null : FORM.exec(value);
  if (match === null) return undefined;
  const [, nonce = "", role = "", d = "", m = "", p, instanceId = "", t = "0"] = match;
  if (Buffer.from(nonce, "base64").toString("base64") !== nonce) return undefined;
  return {
    nonce,
    role,
    disallowReauthentication: d === "true",
    allowInstanceMigration: m === "true",
    policies: p?.split(",") ?? [],
    instanceId,
    maxTtl: Number(t) * 1000,
  };
}

/** Over the raw text, in constant time. */
export function isGenuine(value: string, key: Secret): boolean {
  const end = value.lastIndexOf(":");
  return new Secret(value.slice(end + 1)).equals(new Secret(hmac(value.slice(0, end), key)));
}

function hmac(text: string, key: Secret): string {
  return createHmac("sha256", key.reveal()).update(text).digest("base64");
}
