/** The counters themselves. Source of the names: Vault, "Telemetry" pages; of the text form: prom-client. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { EncodableRecord } from "../../lib/wire/json.ts";
import type { Operation } from "../contract/call.ts";
import type { Metrics } from "../contract/server-info.ts";
import { vaultJson } from "./json.ts";

/** One request, once it has been answered. */
export interface Served {
  /** Of the mount, "" when there is none. */
  readonly mount: string;
  readonly type: string;
  readonly operation: Operation;
  readonly status: number;
  /** Milliseconds. */
  readonly took: number;
}

export type StorageOperation = "get" | "list" | "put" | "delete" | "transact";

/** What other parts tell at each scrape; what fails is left out. */
export interface Sources {
  readonly unsealed: () => Promise<boolean>;
  /** By mount path. */
  readonly tokens: () => Promise<ReadonlyMap<string, number>>;
  readonly leases: () => Promise<ReadonlyMap<string, number>>;
  readonly audit: () => {
    readonly taken: number;
    readonly refused: number;
    readonly failures: ReadonlyMap<string, number>;
  };
  readonly process: () => {
    readonly rss: number;
    readonly heapUsed: number;
    readonly cpuSeconds: number;
    readonly uptime: number;
  };
}

export interface Meter extends Metrics {
  served(request: Served): void;
  stored(operation: StorageOperation): void;
}

/** Milliseconds. */
const BUCKETS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000];
/** Mount paths that are told apart. */
export const MOST_MOUNTS = 200;

/** @param now wall-clock milliseconds, for the JSON's time */
export function meter(sources: Sources, now: () => number): Meter {
  const registers = [new Registry()];
  const [registry = new Registry()] = registers;
  const requests = new Counter({
    name: "oksae_requests_total",
    help: "Requests answered",
    labelNames: ["mount_point", "mount_type", "operation", "status"],
    registers,
  });
  const times = new Histogram({
    name: "vault_core_handle_request",
    help: "Milliseconds from the call to its answer",
    labelNames: ["mount_type", "operation"],
    buckets: BUCKETS,
    registers,
  });
  const stored = new Counter({
    name: "oksae_storage_operations_total",
    help: "Operations on the store below the barrier",
    labelNames: ["operation"],
    registers,
  });
  const named = boundedNames(MOST_MOUNTS);
  gauges(sources, registers, named);
  return {
    served: ({ mount, type, operation, status, took }) => {
      requests.inc({
        mount_point: named(mount),
        mount_type: type,
        operation,
        status: `${String(Math.floor(status / 100))}xx`,
      });
      times.observe({ mount_type: type, operation }, took);
    },
    stored: (operation) => {
      stored.inc({ operation });
    },
    text: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
    json: async (): Promise<EncodableRecord> => vaultJson(await registry.getMetricsAsJSON(), now()),
  };
}

/** The first so many different names as they are, "other" for the rest. */
export function boundedNames(most: number): (name: string) => string {
  const known = new Set<string>();
  return (name) => {
    if (known.has(name)) return name;
    if (known.size >= most) return "other";
    known.add(name);
    return name;
  };
}

type Read = (set: (value: number, label?: string) => void) => Promise<void> | void;
type NewGauge = (name: string, help: string, read: Read, label?: string) => void;

/** Read anew at each scrape; what fails has no value then. */
function gaugeIn(registers: Registry[]): NewGauge {
  return (name, help, read, label) => {
    new Gauge({
      name,
      help,
      labelNames: label === undefined ? [] : [label],
      registers,
      async collect() {
        this.reset();
        const add = (value: number, of = ""): void => {
          if (label === undefined) this.set(value);
          else this.inc({ [label]: of }, value);
        };
        await Promise.resolve()
          .then(() => read(add))
          .catch(() => undefined);
      },
    });
  };
}

function gauges(sources: Sources, registers: Registry[], named: (name: string) => string): void {
  const gauge = gaugeIn(registers);
  const byMount =
    (count: () => Promise<ReadonlyMap<string, number>>): Read =>
    async (set) => {
      for (const [mount, value] of await count()) set(value, named(mount));
    };
  const open: Read = async (set) => {
    set((await sources.unsealed()) ? 1 : 0);
  };
  gauge("vault_core_unsealed", "1 while unsealed", open);
  gauge("vault_core_active", "1 while this node serves", open);
  const live = (what: string): string => `Live ${what} by the mount that made them`;
  gauge("vault_token_count_by_auth", live("service tokens"), byMount(sources.tokens), "auth_method");
  gauge("vault_expire_leases_by_mount", live("leases"), byMount(sources.leases), "mount_point");
  const allLeases: Read = async (set) => {
    set([...(await sources.leases()).values()].reduce((sum, one) => sum + one, 0));
  };
  gauge("vault_expire_num_leases", "Live leases", allLeases);
  auditGauges(gauge, sources, named);
  processGauges(gauge, sources);
}

function auditGauges(gauge: NewGauge, { audit }: Sources, named: (name: string) => string): void {
  const entries: Read = (set) => {
    const { taken, refused } = audit();
    set(taken, "taken");
    set(refused, "refused");
  };
  const failures: Read = (set) => {
    for (const [device, count] of audit().failures) set(count, named(device));
  };
  gauge("oksae_audit_entries", "Audit entries since the start", entries, "result");
  gauge(
    "oksae_audit_device_failures",
    "Audit entries that a device has not taken, since the start",
    failures,
    "device",
  );
}

function processGauges(gauge: NewGauge, { process }: Sources): void {
  gauge("process_resident_memory_bytes", "Memory of the process", (set) => {
    set(process().rss);
  });
  gauge("vault_runtime_alloc_bytes", "Memory in use on the heap", (set) => {
    set(process().heapUsed);
  });
  gauge("process_cpu_seconds_total", "Processor time of the process", (set) => {
    set(process().cpuSeconds);
  });
  gauge("oksae_uptime_seconds", "Seconds since the process began", (set) => {
    set(process().uptime);
  });
}
