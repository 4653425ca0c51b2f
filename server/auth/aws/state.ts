/** What one mount of the aws method holds in memory; all of it may be dropped at any time. */

import { Lru } from "../../../lib/lru.ts";
import type { AwsPorts } from "../../contract/ec2.ts";
import type { EngineEnv, Mount } from "../../contract/engine.ts";
import type { Storage } from "../../contract/storage.ts";
import { Anchors } from "./anchors.ts";
import { Failures } from "./failures.ts";
import { Turns } from "./turns.ts";

const MOST_ARNS = 2000;

export type AuthType = "iam" | "ec2";

export interface AwsState {
  readonly env: EngineEnv;
  readonly ports: AwsPorts;
  /** Of a role that names none: "iam" on type `aws`, "ec2" on the old type `aws-ec2`. */
  readonly defaultAuthType: AuthType;
  readonly anchors: Anchors;
  readonly failures: Failures;
  readonly turns: Turns;
  /** Full ARNs by unique id, until a time of the monotonic clock. */
  readonly arns: Lru<{ readonly arn: string; readonly until: number }>;
}

/** A mount's storage and settings, as handlers, renewals and background work all have them. */
export interface Place {
  readonly storage: Storage;
  readonly mount: Mount;
}

export function newState(env: EngineEnv, ports: AwsPorts, defaultAuthType: AuthType): AwsState {
  return {
    env,
    ports,
    defaultAuthType,
    anchors: new Anchors(),
    failures: new Failures(env.clock),
    turns: new Turns(),
    arns: new Lru(MOST_ARNS),
  };
}

export function forget(state: AwsState): void {
  state.anchors.forget();
  state.failures.forget();
  state.arns.clear();
  state.ports.forget();
}
