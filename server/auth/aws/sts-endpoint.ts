/**
 * Which STS is asked about a caller, and for which hosts a caller may have signed. Only the server's configuration decides;
 * a caller's region counts when it is told to, and then only one that AWS has.
 * Source: Vault API, AWS auth method, "Configure client"; AWS General Reference, "AWS STS endpoints".
 */
import { RSA2048_KEYS } from "../../../lib/crypto/aws-certificates/rsa2048.ts";
import { stsUrl } from "../../../lib/crypto/sigv4.ts";
import { Fault } from "../../../lib/fault.ts";
import type { ClientConfig } from "./config-client.ts";

type StsConfig = Pick<ClientConfig, "stsEndpoint" | "stsRegion" | "useStsRegionFromClient">;

/** @param signed the region of the caller's signature. @throws Fault "invalid" when that is to be used and AWS has no such region */
export function stsEndpoint(
  { stsEndpoint: own, stsRegion, useStsRegionFromClient }: StsConfig,
  signed: string,
): string {
  if (!useStsRegionFromClient) return own === "" ? stsUrl(stsRegion) : own;
  if (!isRegion(signed)) throw new Fault("invalid", "the request is signed for a region that is not known");
  return stsUrl(signed);
}

/** One whose documents AWS signs: a region is added to both lists at once. */
function isRegion(name: string): boolean {
  return RSA2048_KEYS.some(({ regions }) => regions.includes(name));
}

const HOST =
  /^(?:sts(?:-fips)?(?:\.[a-z0-9-]+)?\.amazonaws\.(?:com|com\.cn|eu)|sts\.[a-z0-9-]+\.api\.(?:aws|amazonwebservices\.com\.cn)|vpce-[a-z0-9-]+\.sts\.[a-z0-9-]+\.vpce\.amazonaws\.(?:com|com\.cn))$/;

/** True for AWS's names of STS and for that of the endpoint that will be asked. */
export function hostFits(host: string, endpoint: string): boolean {
  return HOST.test(host) || host === new URL(endpoint).host;
}
