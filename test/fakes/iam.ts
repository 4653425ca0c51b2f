/** IAM for the stand-in of AWS in ec2.ts. Source: IAM API reference, examples of GetInstanceProfile, GetUser, GetRole, CreateAccessKey, DeleteAccessKey. */
import { escapeXml, type QueryError } from "./aws-query.ts";

/** "ACCOUNT/NAME" of a profile -> the ARNs of its roles. */
export type FakeProfiles = Map<string, readonly string[]>;

export function profileReply(profiles: FakeProfiles, account: string, name: string): string | QueryError {
  const arns = profiles.get(`${account}/${name}`);
  if (arns === undefined) {
    return noSuchEntity(`Instance Profile ${name} cannot be found.`);
  }
  const roles = arns.map((arn) => {
    const role = escapeXml(arn.split("/").at(-1) ?? "");
    return `<member><Path>/</Path><Arn>${escapeXml(arn)}</Arn><RoleName>${role}</RoleName><RoleId>AROAFAKE</RoleId><CreateDate>2026-01-01T00:00:00Z</CreateDate></member>`;
  });
  const arn = `arn:aws:iam::${account}:instance-profile/${escapeXml(name)}`;
  return `<GetInstanceProfileResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetInstanceProfileResult><InstanceProfile><InstanceProfileId>AIPAFAKE</InstanceProfileId><Path>/</Path><InstanceProfileName>${escapeXml(name)}</InstanceProfileName><Arn>${arn}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate><Roles>${roles.join("")}</Roles></InstanceProfile></GetInstanceProfileResult></GetInstanceProfileResponse>`;
}

export function noSuchEntity(message: string): QueryError {
  return { status: 404, code: "NoSuchEntity", message };
}

/** "ACCOUNT/user/NAME" or "ACCOUNT/role/NAME" -> ARN and unique id. */
export type FakePrincipals = Map<string, { readonly arn: string; readonly uniqueId: string }>;

const NS = 'xmlns="https://iam.amazonaws.com/doc/2010-05-08/"';

export function principalReply(
  principals: FakePrincipals,
  account: string,
  type: "user" | "role",
  name: string,
): string | QueryError {
  const found = principals.get(`${account}/${type}/${name}`);
  if (found === undefined) return noSuchEntity(`The ${type} with name ${name} cannot be found.`);
  const what = type === "user" ? "User" : "Role";
  const arn = `<Arn>${escapeXml(found.arn)}</Arn>`;
  const body = `<Path>/</Path>${arn}<${what}Name>${escapeXml(name)}</${what}Name><${what}Id>${found.uniqueId}</${what}Id>`;
  return `<Get${what}Response ${NS}><Get${what}Result><${what}>${body}<CreateDate>2026-01-01T00:00:00Z</CreateDate></${what}></Get${what}Result></Get${what}Response>`;
}

export function createdKeyReply(id: string, secret: string): string {
  const key = `<UserName>oksae</UserName><AccessKeyId>${id}</AccessKeyId><Status>Active</Status><SecretAccessKey>${secret}</SecretAccessKey>`;
  return `<CreateAccessKeyResponse ${NS}><CreateAccessKeyResult><AccessKey>${key}</AccessKey></CreateAccessKeyResult></CreateAccessKeyResponse>`;
}

export function deletedKeyReply(): string {
  return `<DeleteAccessKeyResponse ${NS}><ResponseMetadata><RequestId>fake</RequestId></ResponseMetadata></DeleteAccessKeyResponse>`;
}
