/** sys/tools/random and sys/tools/hash. Source: Vault's API page "/sys/tools". */
import { createHash } from "node:crypto";
import { Fault } from "../../../lib/fault.ts";
import type { Random } from "../../../lib/random.ts";
import { type Fields, type Handler, type Route, route } from "../../contract/engine.ts";

/** Vault's own bound. */
const MOST_BYTES = 128 * 1024;

/** By Vault's names, Node's. */
const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ["sha2-224", "sha224"],
  ["sha2-256", "sha256"],
  ["sha2-384", "sha384"],
  ["sha2-512", "sha512"],
  ["sha3-224", "sha3-224"],
  ["sha3-256", "sha3-256"],
  ["sha3-384", "sha3-384"],
  ["sha3-512", "sha3-512"],
]);

const randomFields = {
  source: { type: "string", about: 'Where they come from: "platform", or how many bytes' },
  urlbytes: { type: "string", about: "How many bytes, in the path" },
  bytes: { type: "int", about: "How many bytes", default: 32 },
  format: { type: "string", about: 'How they are written: "base64" or "hex"', default: "base64" },
} as const satisfies Fields;

const hashFields = {
  urlalgorithm: { type: "string", about: "The algorithm, in the path" },
  algorithm: { type: "string", about: '"sha2-256", "sha3-512", …', default: "sha2-256" },
  input: { type: "string", about: "What to hash, in base64", required: true, sensitive: true },
  format: { type: "string", about: 'How the sum is written: "hex" or "base64"', default: "hex" },
} as const satisfies Fields;

export function toolRoutes(random: Random): readonly Route[] {
  const bytes: Handler<typeof randomFields> = {
    about: "Makes random bytes",
    run: ({ source, urlbytes, bytes: given, format }) => {
      const size = sizeOf(checkedSource(source), urlbytes, given);
      const made = random.bytes(size);
      const random_bytes = made.toString(encoding(format, "base64"));
      made.fill(0);
      return Promise.resolve({ data: { random_bytes } });
    },
  };
  const sum: Handler<typeof hashFields> = {
    about: "Hashes the input",
    run: ({ urlalgorithm, algorithm, input, format }) => {
      const name = ALGORITHMS.get(urlalgorithm ?? algorithm ?? "sha2-256");
      if (name === undefined) {
        throw new Fault("invalid", `unsupported algorithm; known: ${[...ALGORITHMS.keys()].join(", ")}`);
      }
      const form = encoding(format, "hex");
      return Promise.resolve({ data: { sum: createHash(name).update(decoded(input)).digest(form) } });
    },
  };
  const random_ = (path: string): Route =>
    route({ path, about: "Random bytes", fields: randomFields, on: { update: bytes } });
  const hash = (path: string): Route => route({ path, about: "Hashes", fields: hashFields, on: { update: sum } });
  return [
    random_("tools/random"),
    random_("tools/random/:source"),
    random_("tools/random/:source/:urlbytes"),
    hash("tools/hash"),
    hash("tools/hash/:urlalgorithm"),
  ];
}

/** @returns the number of bytes that stands in the source's place: "tools/random/16" */
function checkedSource(source: string | undefined): string | undefined {
  if (source === undefined || source === "" || source === "platform") return undefined;
  if (/^\d+$/.test(source)) return source;
  throw new Fault("invalid", 'unsupported entropy source: use "platform", the only one here');
}

function sizeOf(inSource: string | undefined, inPath: string | undefined, given: number | undefined): number {
  const text = inPath ?? inSource;
  if (text !== undefined && !/^\d{1,9}$/.test(text)) throw new Fault("invalid", "error parsing url-set byte count");
  const size = text === undefined ? (given ?? 32) : Number(text);
  if (size < 1) throw new Fault("invalid", '"bytes" cannot be less than 1');
  if (size > MOST_BYTES) throw new Fault("invalid", `"bytes" should be less than ${String(MOST_BYTES)}`);
  return size;
}

function encoding(format: string | undefined, otherwise: "hex" | "base64"): "hex" | "base64" {
  if (format === undefined || format === "") return otherwise;
  if (format === "hex" || format === "base64") return format;
  throw new Fault("invalid", 'unsupported encoding format; must be "hex" or "base64"');
}

/** Standard base64 with its padding, as Go's StdEncoding takes it. */
function decoded(input: string): Buffer {
  const text = input.replace(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw new Fault("invalid", 'unable to decode input as base64: field "input" must be standard base64 with padding');
  }
  return Buffer.from(text, "base64");
}
