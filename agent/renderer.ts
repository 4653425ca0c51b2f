/** From an item of the configuration to the function that renders it: compiled once, when it is first needed. */
import { readFile } from "node:fs/promises";
import type { Clock } from "../lib/clock.ts";
import { describeErrno } from "../lib/errno.ts";
import { Fault } from "../lib/fault.ts";
import type { ItemConfig, TemplateItemConfig } from "./config/types.ts";
import type { Lookup, Rendered, Template } from "./render/types.ts";

export interface RendererOptions {
  readonly clock: Clock;
  /** What `env` in a template sees. */
  readonly env: ReadonlyMap<string, string>;
}

/** @returns a function that throws Fault "invalid" for a template that cannot be compiled, "unavailable" for one that cannot be read */
export function rendererOf(item: ItemConfig, options: RendererOptions): (known: Lookup) => Promise<Rendered> {
  let compiled: Template | undefined;
  return async (known) => {
    compiled ??= await compile(item, options);
    return compiled.render(known);
  };
}

/** Templates and env files are loaded apart, so that an agent without templates never loads their engine. */
export async function compile(item: ItemConfig, options: RendererOptions): Promise<Template> {
  if (item.kind === "env_file") {
    const { compileEnvFile } = await import("./render/env-file.ts");
    return compileEnvFile({ format: item.format, secrets: item.secrets });
  }
  const { compileTemplate } = await import("./render/template.ts");
  return compileTemplate(await sourceText(item), {
    name: "file" in item.source ? item.source.file : item.target.path,
    env: options.env,
    clock: options.clock,
    missingKey: item.errorOnMissingKey ? "error" : "default",
    delimiters: { left: item.leftDelimiter, right: item.rightDelimiter },
  });
}

async function sourceText({ source }: TemplateItemConfig): Promise<string> {
  if ("contents" in source) return source.contents;
  try {
    return await readFile(source.file, "utf8");
  } catch (error) {
    throw new Fault("unavailable", `template ${source.file}: ${describeErrno(error).text}`, { cause: error });
  }
}
