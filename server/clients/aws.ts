/** The aws method's ports, tied to the real AWS. */
import type { Clock } from "../../lib/clock.ts";
import type { AwsPorts } from "../contract/ec2.ts";
import { sdkEc2 } from "./ec2.ts";
import { sdkIam } from "./iam.ts";

export function awsPorts(clock: Clock): AwsPorts {
  const ec2 = sdkEc2(clock);
  return {
    ec2,
    iam: sdkIam(),
    forget: () => {
      ec2.forget();
    },
  };
}
