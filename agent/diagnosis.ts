/** Ties the doctor to this machine: the metadata service, the nonce file, the server. */
import { toFault } from "../lib/fault.ts";
import type { Body } from "../lib/hcl/body.ts";
import type { Log } from "../lib/log.ts";
import { readAgentConfig } from "./config/read.ts";
import { newScope } from "./config/scope.ts";
import type { AgentConfig } from "./config/types.ts";
import { type Connection, connect } from "./connect.ts";
import { type DoctorOptions, doctor } from "./doctor.ts";
import type { Host } from "./host.ts";
import { readFacts } from "./identity/identity.ts";
import { readNonce } from "./login/nonce.ts";
import { compile } from "./renderer.ts";
import { type Draft, instanceNames, metadataOf, methodOf, type Surroundings } from "./setup.ts";

const silent: Log = () => undefined;

/** @returns whether everything is well; a line is printed for each thing looked at */
export async function diagnoseHost(
  bodies: readonly Body[],
  start: Draft,
  host: Host,
  signal: AbortSignal,
): Promise<boolean> {
  const around: Surroundings = { ...host, log: silent };
  const config = await resolved(bodies, start, host, around, signal);
  if (config === undefined) return false;
  const connection = await connected(config, host);
  if (connection === undefined) return false;
  try {
    return await doctor(
      {
        config,
        api: connection.api,
        clock: host.clock,
        ...awsChecks(config, around),
        method: methodOf(config, connection.api, around),
        inputs: async (item) => (await compile(item, host)).render(() => undefined),
        print: (line) => {
          host.print(`${line}\n`);
        },
      },
      signal,
    );
  } finally {
    connection.close();
  }
}

async function connected(config: AgentConfig, host: Host): Promise<Connection | undefined> {
  try {
    return await connect(config.vault, host.clock);
  } catch (error) {
    host.print(`FAIL  TLS: ${toFault(error).message}\n`);
    return undefined;
  }
}

async function resolved(
  bodies: readonly Body[],
  start: Draft,
  host: Host,
  around: Surroundings,
  signal: AbortSignal,
): Promise<AgentConfig | undefined> {
  if (!start.wantsInstance) return start.config;
  try {
    const names = await instanceNames(metadataOf(start.config, around), start.tags, signal);
    return readAgentConfig(bodies, newScope(host.env, names));
  } catch (error) {
    host.print(`FAIL  references in the configuration: ${toFault(error).message}\n`);
    return undefined;
  }
}

function awsChecks(config: AgentConfig, around: Surroundings): Pick<DoctorOptions, "metadata" | "nonce"> {
  const { method } = config;
  if (method.kind !== "aws") return { metadata: undefined, nonce: undefined };
  const metadata = metadataOf(config, around);
  return {
    metadata: async (signal) => {
      const { id, accountId, region } = await readFacts(metadata, signal);
      return `${id}, account ${accountId}, ${region}`;
    },
    nonce: async (signal) => {
      if (method.nonce !== undefined) return { about: "written in the configuration", safe: true };
      const { id } = await readFacts(metadata, signal);
      const kept = await readNonce(id, { path: method.noncePath, random: around.random, log: silent, uid: around.uid });
      if (kept === undefined) return { about: "none yet: the agent makes it before its first login", safe: false };
      if (kept.instanceId === id) return { about: `${method.noncePath} is this instance's`, safe: true };
      return {
        about: `${method.noncePath} is of ${kept.instanceId}: the agent will drop it (cloned disk)`,
        safe: false,
      };
    },
  };
}
