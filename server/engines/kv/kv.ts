/**
 * The KV secrets engine: version 1 keeps one value at a path, version 2 keeps versions of it. Each is a kind of its
 * own; the core turns "kv" with the option "version" into one of them. Source: Vault's KV v1 and v2 API pages.
 */
import type { EngineKind } from "../../contract/engine.ts";
import { kvV1Engine } from "./v1.ts";
import { kvV2Engine } from "./v2.ts";

export const kvV1: EngineKind = {
  type: "kv-v1",
  about: "Keeps secrets as they are given, one value at a path",
  kind: "secret",
  create: () => kvV1Engine(),
};

export const kvV2: EngineKind = {
  type: "kv-v2",
  about: "Keeps secrets with their earlier versions",
  kind: "secret",
  create: (env) => kvV2Engine(env),
  upgradesFrom: ["kv-v1"],
};
