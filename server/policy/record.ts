/** A policy as it lies in storage: its text, and what check-and-set goes by. The version and the time came later: 0 without them. */
import { Fault } from "../../lib/fault.ts";
import { isJsonMap, type Json, JsonNumber, parseJson, stringifyJson } from "../../lib/wire/json.ts";
import type { PolicyInfo, WriteTerms } from "../contract/policy.ts";

const FORMAT = 1;

export function encodePolicy({ text, version, modified, casRequired }: PolicyInfo): Uint8Array {
  return Buffer.from(stringifyJson({ format: FORMAT, text, version, modified, casRequired }));
}

/** @throws Fault "internal" when a newer release has written it */
export function decodePolicy(name: string, bytes: Uint8Array): PolicyInfo {
  const record = parseJson(Buffer.from(bytes).toString());
  const [format, text] = isJsonMap(record) ? [record.get("format"), record.get("text")] : [];
  if (!isJsonMap(record) || numberOf(format) !== FORMAT || typeof text !== "string")
    throw new Fault("internal", `policy "${name}" is stored in a format this version does not know`);
  return {
    text,
    version: numberOf(record.get("version")),
    modified: numberOf(record.get("modified")),
    casRequired: record.get("casRequired") === true,
  };
}

function numberOf(json: Json | undefined): number {
  return json instanceof JsonNumber ? Number(json.text) : 0;
}

/** Source: OpenBao's API page "/sys/policies", parameter `cas`. @throws Fault "invalid" when `terms` do not hold */
export function checkCas(known: PolicyInfo | undefined, { cas, casRequired }: WriteTerms): void {
  if (cas === undefined) {
    if (known?.casRequired !== true && casRequired !== true) return;
    throw new Fault("invalid", "check-and-set parameter required for this call: give the policy's version as cas");
  }
  if (cas === (known === undefined ? -1 : known.version)) return;
  throw new Fault("invalid", "check-and-set parameter did not match the current version");
}
