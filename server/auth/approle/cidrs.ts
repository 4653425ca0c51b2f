/** Lists of CIDR blocks on roles and secret ids: that they can be read, that one list lies within the other. */
import { type Cidr, cidrHas, parseCidr } from "../../../lib/cidr.ts";
import { Fault } from "../../../lib/fault.ts";

/** @throws Fault "invalid" naming the field */
export function checkCidrs(field: string, blocks: readonly string[]): void {
  for (const block of blocks) {
    try {
      parseCidr(block);
    } catch (cause) {
      throw new Fault("invalid", `failed to validate CIDR blocks: field "${field}" takes forms such as 10.0.0.0/8`, {
        cause,
      });
    }
  }
}

/** Without blocks every address passes. */
export function allows(blocks: readonly string[], address: string): boolean {
  return blocks.length === 0 || blocks.some((block) => cidrHas(parseCidr(block), address));
}

/** @returns whether each of `inner` lies in one of `outer`; an empty `outer` holds everything */
export function within(inner: readonly string[], outer: readonly string[]): boolean {
  if (outer.length === 0) return true;
  const blocks = outer.map(parseCidr);
  return inner.every((block) => blocks.some((one) => holds(one, parseCidr(block))));
}

function holds(outer: Cidr, inner: Cidr): boolean {
  return inner.free <= outer.free && inner.base >> outer.free === outer.base >> outer.free;
}
