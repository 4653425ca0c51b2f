/** The keys that may sign documents for this mount: AWS's, built in, and those of `config/certificate`. */
import { type Anchor, certificateAnchor, type KeyKind } from "../../../lib/crypto/anchor.ts";
import { builtinAnchors } from "../../../lib/crypto/aws-certificates/builtin.ts";
import type { JsonMap } from "../../../lib/wire/json.ts";
import { listIn, readRecord, textIn } from "../../contract/record.ts";
import type { Reader } from "../../contract/storage.ts";

export const CERTIFICATES = "config/certificate/";

export interface Certificate {
  readonly pem: string;
  /** As Vault has it: "pkcs7" or "identity". */
  readonly type: string;
  readonly kind: KeyKind;
  /** Empty = every region. */
  readonly regions: readonly string[];
}

export function certificateFrom(record: JsonMap): Certificate {
  return {
    pem: textIn(record, "pem"),
    type: textIn(record, "type"),
    kind: textIn(record, "kind") as KeyKind,
    regions: listIn(record, "regions"),
  };
}

export class Anchors {
  #builtin: readonly Anchor[] | undefined;
  #all: readonly Anchor[] | undefined;
  #version = 0;

  /** Parsed once, then kept until `changed`. */
  async all(storage: Reader): Promise<readonly Anchor[]> {
    if (this.#all !== undefined) return this.#all;
    const version = this.#version;
    const own = await configured(storage);
    this.#builtin ??= builtinAnchors();
    const all = [...this.#builtin, ...own];
    // A write that came meanwhile may be missing: then this result serves one login and is not kept.
    if (version === this.#version) this.#all = all;
    return all;
  }

  changed(): void {
    this.#version += 1;
    this.#all = undefined;
  }

  forget(): void {
    this.changed();
    this.#builtin = undefined;
  }
}

async function configured(storage: Reader): Promise<readonly Anchor[]> {
  const anchors: Anchor[] = [];
  for (const name of await storage.list(CERTIFICATES)) {
    const record = await readRecord(storage, CERTIFICATES + name);
    if (record === undefined) continue;
    const { pem, kind, regions } = certificateFrom(record);
    anchors.push(certificateAnchor(pem, kind, regions, name));
  }
  return anchors;
}
