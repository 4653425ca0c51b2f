/** The keys AWS publishes for every region, as anchors. Only the server imports this; where they come from is in docs/aws-certificates.md. */
import { type Anchor, pinnedAnchor } from "../anchor.ts";
import { DSA_KEYS } from "./dsa.ts";
import { RSA_KEYS } from "./rsa.ts";
import { RSA2048_KEYS } from "./rsa2048.ts";

/** Parses the tables: a few milliseconds, so call it once and keep the result. */
export function builtinAnchors(): readonly Anchor[] {
  return [...DSA_KEYS, ...RSA2048_KEYS, ...RSA_KEYS].map(pinnedAnchor);
}
