/** The aws method's ports, tied to the real AWS. */
import type { Clock } from "../../lib/clock.ts";
import type { Random } from "../../lib/random.ts";
import type { AwsPorts } from "../contract/ec2.ts";
import { sdkEc2 } from "./ec2.ts";
import { sdkIam } from "./iam.ts";
import { httpSts } from "./sts.ts";

export function awsPorts(clock: Clock, random: Pick<Random, "fraction">): AwsPorts {
  const ec2 = sdkEc2(clock);
  return {
    ec2,
    iam: sdkIam(),
    sts: httpSts({ clock, random }),
    forget: () => {
      ec2.forget();
    },
  };
}
