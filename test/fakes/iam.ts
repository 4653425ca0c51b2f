/** IAM's GetInstanceProfile for the stand-in of AWS in ec2.ts. Source: IAM API reference, GetInstanceProfile. */
import { escapeXml, type QueryError } from "./aws-query.ts";

/** "ACCOUNT/NAME" of a profile -> the ARNs of its roles. */
export type FakeProfiles = Map<string, readonly string[]>;

export function profileReply(profiles: FakeProfiles, account: string, name: string): string | QueryError {
  const arns = profiles.get(`${account}/${name}`);
  if (arns === undefined) {
    return { status: 404, code: "NoSuchEntity", message: `Instance Profile ${name} cannot be found.` };
  }
  const roles = arns.map((arn) => {
    const role = escapeXml(arn.split("/").at(-1) ?? "");
    return `<member><Path>/</Path><Arn>${escapeXml(arn)}</Arn><RoleName>${role}</RoleName><RoleId>AROAFAKE</RoleId><CreateDate>2026-01-01T00:00:00Z</CreateDate></member>`;
  });
  const arn = `arn:aws:iam::${account}:instance-profile/${escapeXml(name)}`;
  return `<GetInstanceProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetInstanceProfileResult><InstanceProfile><InstanceProfileId>AIPAFAKE</InstanceProfileId><Path>/</Path><InstanceProfileName>${escapeXml(name)}</InstanceProfileName><Arn>${arn}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><Roles>${roles.join("")}</Roles></InstanceProfile></GetInstanceProfileResult></GetInstanceProfileResponse>`;
}
