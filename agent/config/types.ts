/** The agent's configuration as the program uses it: checked, in inner units (milliseconds, numbers for modes). */
import type { Secret } from "../../lib/secret.ts";

export interface VaultConfig {
  /** "https://…", "http://" to this machine only, or "unix:///…". */
  readonly address: string;
  readonly caCert: string | undefined;
  readonly clientCert: string | undefined;
  readonly clientKey: string | undefined;
  readonly tlsServerName: string | undefined;
  readonly tlsSkipVerify: boolean;
  readonly maxConnections: number;
}

export interface AwsMethodConfig {
  readonly kind: "aws";
  readonly mountPath: string;
  readonly role: string | undefined;
  /** A nonce written in the configuration, as Vault Agent has it: shared by whoever has the file, so `noncePath` is better. */
  readonly nonce: Secret | undefined;
  readonly noncePath: string;
  readonly document: "rsa2048" | "pkcs7" | "identity";
  readonly imdsEndpoint: string;
}

export interface TokenFileMethodConfig {
  readonly kind: "token_file";
  readonly path: string;
}

export type MethodConfig = AwsMethodConfig | TokenFileMethodConfig;

/** Where a file goes. Owner and group by name or number, as they were written. */
export interface TargetConfig {
  readonly path: string;
  readonly perms: number | undefined;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly createDirs: boolean;
}

export interface CommandConfig {
  /** Program and arguments; one written as a string is run by /bin/sh. */
  readonly argv: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
}

interface ItemCommon {
  readonly target: TargetConfig;
  readonly command: CommandConfig | undefined;
  readonly required: boolean;
  /** "FILE:LINE:COLUMN": for messages. */
  readonly at: string;
}

export interface TemplateItemConfig extends ItemCommon {
  readonly kind: "template";
  readonly source: { readonly file: string } | { readonly contents: string };
  readonly errorOnMissingKey: boolean;
  readonly leftDelimiter: string;
  readonly rightDelimiter: string;
}

export const ENV_FORMATS = ["systemd", "sh", "docker", "compose", "json"] as const;
export type EnvFormatName = (typeof ENV_FORMATS)[number];

export interface EnvFileItemConfig extends ItemCommon {
  readonly kind: "env_file";
  /** API paths; a key that two of them have comes from the later one. */
  readonly secrets: readonly string[];
  readonly format: EnvFormatName;
}

export type ItemConfig = TemplateItemConfig | EnvFileItemConfig;

export interface SinkConfig {
  readonly target: TargetConfig;
  readonly at: string;
}

export interface AgentConfig {
  readonly vault: VaultConfig;
  readonly method: MethodConfig;
  readonly sinks: readonly SinkConfig[];
  readonly items: readonly ItemConfig[];
  /** Milliseconds between two looks at a secret. */
  readonly interval: number;
  readonly retry: { readonly first: number; readonly most: number };
  readonly exitAfterAuth: boolean;
  readonly pidFile: string | undefined;
  readonly statusFile: string;
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly logFormat: "json" | "text";
}
