/** sys/config and what is told of the process: every route, valid and bad. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "@jest/globals";
import { systemClock } from "../../../lib/clock.ts";
import { hostInfo } from "../../../server/clients/host.ts";
import { sanitizedConfig } from "../../../server/config/sanitized.ts";
import { devConfig } from "../../../server/dev.ts";
import { levelled } from "../../../server/run.ts";
import { sysConfigArea } from "../cases/sys-config.ts";
import { cover } from "../cover.ts";

const folder = mkdtempSync(join(tmpdir(), "oksae-sys-config-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

cover(sysConfigArea, {
  info: {
    levels: levelled(() => undefined, "info").levels,
    host: hostInfo(systemClock),
    sanitized: sanitizedConfig(devConfig({ listenAddress: "127.0.0.1:8200", rootToken: undefined, kv: false })),
  },
  prepare: () => Promise.resolve({ folder }),
});
