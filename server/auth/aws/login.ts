/**
 * The login: by an instance's document (type ec2), or by a request to STS that an IAM identity has signed (type iam).
 * Which of the two follows from the fields. Source: Vault API, AWS auth method, "Login".
 */
import { Fault } from "../../../lib/fault.ts";
import type { Context, Fields, Route, Values } from "../../contract/engine.ts";
import { route } from "../../contract/engine.ts";
import type { LoginGrant } from "../../contract/token.ts";
import { type Ec2Fields, logInByDocument, verifyDocument } from "./login-ec2.ts";
import { type CallerFields, logInByCaller } from "./login-iam.ts";
import type { AwsState } from "./state.ts";

const FIELDS = {
  role: { type: "string", about: "Role to log in with; without it the one named after the AMI, the user or the role" },
  pkcs7: { type: "string", about: "What the metadata service gives at /pkcs7 or /rsa2048", sensitive: true },
  identity: { type: "string", about: "Base64 of the identity document, with signature", sensitive: true },
  signature: { type: "string", about: "What the metadata service gives at /signature", sensitive: true },
  nonce: {
    type: "string",
    about:
      "Chosen at the first login, shown at later ones; empty = this login is the last; absent = the server makes one",
    sensitive: true,
  },
  iam_http_request_method: { type: "string", about: "POST, or GET for an URL that is signed in its query" },
  iam_request_url: { type: "string", about: "Base64 of the URL that the request is signed for", sensitive: true },
  iam_request_body: { type: "string", about: "Base64 of Action=GetCallerIdentity&Version=2011-06-15", sensitive: true },
  iam_request_headers: { type: "json", about: "The signed headers as a JSON object, or base64 of it", sensitive: true },
} as const satisfies Fields;

type LoginValues = Values<typeof FIELDS>;

export function loginRoute(state: AwsState): Route {
  return route({
    path: "login",
    about: "Trades the identity of an instance, a user or a role for a token",
    login: true,
    fields: FIELDS,
    roleOf: (values, context) => roleOf(state, values, context),
    on: {
      update: { about: "Logs in", run: async (values, context) => ({ login: await logIn(state, values, context) }) },
    },
  });
}

function logIn(state: AwsState, values: LoginValues, context: Context): Promise<LoginGrant> {
  const ec2 = ec2Fields(values);
  const byDocument = ec2.pkcs7 !== "" || ec2.identity !== "" || ec2.signature !== "";
  if (!hasIamFields(values)) {
    if (!byDocument) throw new Fault("invalid", "didn't supply required authentication values");
    return logInByDocument(state, ec2, context);
  }
  if (byDocument) throw new Fault("invalid", "supplied auth values for both ec2 and iam auth types");
  return logInByCaller(state, callerFields(values), context);
}

function callerFields(values: LoginValues): CallerFields {
  const { role = "", iam_http_request_method: method = "", iam_request_url: url = "" } = values;
  const { iam_request_body: body = "", iam_request_headers: headers = "" } = values;
  if ([method, url, headers].includes("") || (body === "" && method !== "GET")) {
    throw new Fault("invalid", "supplied some of the auth values for the iam auth type but not all");
  }
  return { role, method, url, body, headers };
}

function ec2Fields(values: Partial<LoginValues>): Ec2Fields {
  const { role = "", pkcs7 = "", identity = "", signature = "", nonce } = values;
  return { role, pkcs7, identity, signature, nonce };
}

function hasIamFields(values: LoginValues): boolean {
  return [
    values.iam_http_request_method,
    values.iam_request_url,
    values.iam_request_body,
    values.iam_request_headers,
  ].some((value) => value !== undefined && value !== "" && value !== null);
}

/** What is not named follows from the document; for an iam login only STS could tell, so there it is undefined. */
async function roleOf(
  state: AwsState,
  values: Partial<LoginValues>,
  { storage }: Context,
): Promise<string | undefined> {
  const fields = ec2Fields(values);
  if (fields.role !== "") return fields.role.toLowerCase();
  try {
    return verifyDocument(fields, await state.anchors.all(storage)).document.imageId;
  } catch {
    return undefined;
  }
}
