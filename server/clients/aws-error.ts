/**
 * What an error of the AWS SDK means for a login. Throttling, an outage and an answer that never came say nothing
 * about the instance: try again. A refusal of our own credentials is for the operator to mend.
 * Source: EC2 API reference, "Error codes for the Amazon EC2 API"; STS and IAM, "Common errors".
 */
import { Fault } from "../../lib/fault.ts";

const THROTTLED = new Set([
  "RequestLimitExceeded",
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "RequestThrottled",
  "RequestThrottledException",
  "TooManyRequestsException",
  "SlowDown",
  "EC2ThrottledException",
]);
/** Milliseconds. */
const AFTER_THROTTLING = 5000;
const AFTER_OUTAGE = 10_000;

interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** @param what the call, for the message: "ec2:DescribeInstances" */
export function awsFault(error: unknown, what: string): Fault {
  if (error instanceof Fault) return error;
  const { name, status } = describe(error);
  if (THROTTLED.has(name) || status === 429) {
    return new Fault("unavailable", `AWS is throttling ${what}: try again`, {
      cause: error,
      retryAfter: AFTER_THROTTLING,
    });
  }
  if (name === "CredentialsProviderError") {
    return new Fault(
      "upstream",
      `the server has no AWS credentials for ${what}: write config/client or give it a role`,
      {
        cause: error,
      },
    );
  }
  if (status === undefined || status >= 500) {
    return new Fault("unavailable", `AWS does not answer ${what}: try again`, {
      cause: error,
      retryAfter: AFTER_OUTAGE,
    });
  }
  const fix = "check config/client, config/sts and the IAM policy of the server";
  return new Fault("upstream", `AWS refused ${what} (${name}): ${fix}`, { cause: error });
}

function describe(error: unknown): { name: string; status: number | undefined } {
  if (!(error instanceof Error)) return { name: "unknown", status: undefined };
  return { name: error.name, status: (error as SdkError).$metadata?.httpStatusCode };
}
