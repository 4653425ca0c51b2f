/** The rules of versions, without storage: numbering, dropping the oldest, deletion, check-and-set. Source: Vault's KV v2 API page. */
import { Fault } from "../../../lib/fault.ts";
import { formatTime } from "../../../lib/time-text.ts";
import type { EncodableRecord } from "../../../lib/wire/json.ts";
import { type Json, type JsonMap, JsonNumber } from "../../../lib/wire/json.ts";
import type { Config, Meta, Version } from "./record.ts";

const DEFAULT_MAX_VERSIONS = 10;

/** Deleted at `now`: what is due this very millisecond is gone. */
export function isDeleted(version: Version, now: number): boolean {
  return version.deleted !== 0 && version.deleted <= now;
}

export interface Added {
  readonly meta: Meta;
  /** Numbers whose data must go: more versions than are kept. */
  readonly dropped: readonly number[];
}

/** Appends a version made at `now`. */
export function addVersion(meta: Meta, config: Config, now: number): Added {
  const current = meta.current + 1;
  const versions = new Map(meta.versions);
  versions.set(current, { created: now, deleted: deletionTime(meta, config, now), destroyed: false });
  const keep = meta.maxVersions || config.maxVersions || DEFAULT_MAX_VERSIONS;
  const dropped: number[] = [];
  let oldest = meta.oldest;
  if (current - oldest >= keep) {
    oldest = current - keep + 1;
    for (const number of meta.versions.keys()) if (number < oldest) dropped.push(number);
    for (const number of dropped) versions.delete(number);
  }
  return { meta: { ...meta, current, oldest, updated: now, versions }, dropped };
}

/** The shorter of the two that are set; a negative one on the mount switches it off everywhere. */
function deletionTime(meta: Meta, config: Config, now: number): number {
  if (config.deleteAfter < 0) return 0;
  const set = [meta.deleteAfter, config.deleteAfter].filter((ms) => ms > 0);
  return set.length === 0 ? 0 : now + Math.min(...set);
}

/** @throws Fault "invalid" when `options.cas` is missing though required, malformed, or another version is current */
export function checkCas(options: JsonMap | undefined, config: Config, meta: Meta): void {
  const cas = options?.get("cas");
  if (cas === undefined || cas === null) {
    if (!config.casRequired && !meta.casRequired) return;
    throw new Fault("invalid", "check-and-set parameter required for this call");
  }
  if (casNumber(cas) !== meta.current) {
    throw new Fault("invalid", "check-and-set parameter did not match the current version");
  }
}

function casNumber(cas: Json): number {
  const text = cas instanceof JsonNumber ? cas.text : cas;
  if (typeof text !== "string" || !/^-?\d{1,15}$/.test(text)) {
    throw new Fault("invalid", "error parsing check-and-set parameter");
  }
  return Number(text);
}

/** @returns `meta` with those of `numbers` that it has changed by `change`; the same object when nothing was. */
export function changeVersions(meta: Meta, numbers: Iterable<number>, change: (v: Version) => Version): Meta {
  const versions = new Map(meta.versions);
  let changed = false;
  for (const number of numbers) {
    const before = versions.get(number);
    if (before === undefined) continue;
    const after = change(before);
    if (after === before) continue;
    versions.set(number, after);
    changed = true;
  }
  return changed ? { ...meta, versions } : meta;
}

/** How a version is described in every reply. */
export function describeVersion(meta: Meta, number: number, version: Version): EncodableRecord {
  return {
    created_time: formatTime(version.created),
    custom_metadata: meta.custom ?? null,
    deletion_time: deletionText(version),
    destroyed: version.destroyed,
    version: number,
  };
}

export function deletionText(version: Version): string {
  return version.deleted === 0 ? "" : formatTime(version.deleted);
}

/** `versions` of delete, undelete and destroy: a list of numbers, or one string with commas. @throws Fault "invalid" */
export function versionNumbers(value: Json | undefined): readonly number[] {
  const parts = typeof value === "string" ? value.split(",") : Array.isArray(value) ? (value as Json[]) : [value];
  const numbers = parts.filter((part) => part !== undefined && part !== null && part !== "").map(oneVersion);
  if (numbers.length === 0) throw new Fault("invalid", "No version number provided");
  return numbers;
}

function oneVersion(part: Json | undefined): number {
  const text = part instanceof JsonNumber ? part.text : part;
  if (typeof text !== "string" || !/^\s*\d{1,15}\s*$/.test(text)) {
    throw new Fault("invalid", "versions must be a list of version numbers");
  }
  return Number(text);
}
