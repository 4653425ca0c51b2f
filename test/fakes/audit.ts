/** An audit that keeps its records, and can be told to fail. */
import { Fault } from "../../lib/fault.ts";
import type { Audit, AuditDeviceInfo, AuditRecord, AuditResponse } from "../../server/contract/audit.ts";

export interface FakeAudit extends Audit {
  readonly requests: AuditRecord[];
  readonly responses: AuditResponse[];
  /** Which entries are refused from here on. */
  fail: "none" | "request" | "response" | "open";
}

export function fakeAudit(): FakeAudit {
  const devices = new Map<string, AuditDeviceInfo>();
  const done = Promise.resolve();
  const audit: FakeAudit = {
    requests: [],
    responses: [],
    fail: "none",
    request: async (record) => {
      await done;
      if (audit.fail === "request") throw new Fault("internal", "audit request refused");
      audit.requests.push(record);
    },
    response: async (record) => {
      await done;
      if (audit.fail === "response") throw new Fault("internal", "audit response refused");
      audit.responses.push(record);
    },
    enable: (info) => {
      devices.set(info.path, info);
      return done;
    },
    disable: (path) => {
      devices.delete(path);
      return done;
    },
    list: () => [...devices.values()],
    hash: (path, text) => Promise.resolve(`hmac-sha256:${path}${String(text.length)}`),
    open: async () => {
      await done;
      if (audit.fail === "open") throw new Fault("internal", "no device opens");
    },
    reopen: () => done,
    close: () => done,
  };
  return audit;
}
