/** From files and metadata to a configuration without open references, and to the login that it describes. */
import { backoff } from "../lib/backoff.ts";
import type { Clock } from "../lib/clock.ts";
import { toFault } from "../lib/fault.ts";
import type { Body } from "../lib/hcl/body.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import type { Secret } from "../lib/secret.ts";
import type { Api } from "../lib/wire/api.ts";
import { readAgentConfig } from "./config/read.ts";
import { type InstanceNames, newScope } from "./config/scope.ts";
import type { AgentConfig, AwsMethodConfig } from "./config/types.ts";
import { readFacts, readProof, readTag } from "./identity/identity.ts";
import { METADATA_ENDPOINT, Metadata } from "./identity/metadata.ts";
import { awsLogin } from "./login/aws.ts";
import type { LoginMethod } from "./login/method.ts";
import { nonceFor } from "./login/nonce.ts";
import { tokenFileLogin } from "./login/token_file.ts";

export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly env: ReadonlyMap<string, string>;
  readonly uid: number;
}

export function metadataOf(config: AgentConfig, { clock, random }: Surroundings): Metadata {
  const endpoint = config.method.kind === "aws" ? config.method.imdsEndpoint : METADATA_ENDPOINT;
  return new Metadata({ endpoint, clock, random });
}

export interface Draft {
  /** Where the configuration names the instance, its references still stand as they are written. */
  readonly config: AgentConfig;
  readonly wantsInstance: boolean;
  readonly tags: readonly string[];
}

/** @param env undefined = only the syntax of references is checked */
export function draft(bodies: readonly Body[], env: ReadonlyMap<string, string> | undefined): Draft {
  const scope = newScope(env, undefined);
  const config = readAgentConfig(bodies, scope);
  return { config, wantsInstance: scope.wants.instance, tags: [...scope.tags] };
}

export async function instanceNames(
  metadata: Metadata,
  tags: readonly string[],
  signal: AbortSignal,
): Promise<InstanceNames> {
  const facts = await readFacts(metadata, signal);
  const values = new Map<string, string>();
  for (const tag of tags) values.set(tag, await readTag(metadata, tag, signal));
  return { ...facts, tags: values };
}

const RETRY = { first: 500, most: 30_000 };

/**
 * Puts in what the metadata service says; early in a boot it may not answer yet, so it is asked until it does. The
 * configuration itself was read already: what is wrong now comes from the instance (a tag that is missing, or that makes
 * no good path), and a person with the right tag mends it while the agent waits.
 * @param onProblem is told why it has not worked yet
 */
export async function settle(
  bodies: readonly Body[],
  start: Draft,
  around: Surroundings,
  onProblem: (problem: string) => void,
  signal: AbortSignal,
): Promise<AgentConfig> {
  if (!start.wantsInstance) return start.config;
  const metadata = metadataOf(start.config, around);
  let problem = "";
  for (let attempt = 0; ; attempt += 1) {
    try {
      const names = await instanceNames(metadata, start.tags, signal);
      return readAgentConfig(bodies, newScope(around.env, names));
    } catch (error) {
      signal.throwIfAborted();
      const fault = toFault(error);
      const level = fault.message === problem ? "debug" : "warn";
      problem = fault.message;
      around.log(level, "configuration waits for the instance's metadata", { error: fault });
      onProblem(problem);
      await around.clock.sleep(backoff(attempt, RETRY, around.random.fraction()), signal);
    }
  }
}

export function methodOf(config: AgentConfig, api: Api, around: Surroundings): LoginMethod {
  const { method } = config;
  if (method.kind === "token_file") return tokenFileLogin({ api, path: method.path });
  const metadata = metadataOf(config, around);
  return awsLogin({
    api,
    mountPath: method.mountPath,
    role: method.role,
    instanceId: async (signal) => (await readFacts(metadata, signal)).id,
    proof: (signal) => readProof(metadata, method.document, signal),
    nonce: (instanceId) => nonceOf(method, instanceId, around),
  });
}

function nonceOf(method: AwsMethodConfig, instanceId: string, { random, log, uid }: Surroundings): Promise<Secret> {
  if (method.nonce !== undefined) return Promise.resolve(method.nonce);
  return nonceFor(instanceId, { path: method.noncePath, random, log, uid });
}
