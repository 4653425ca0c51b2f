/**
 * Hands every entry to every device. At least one must take it, else the request is refused: what nobody recorded did
 * not happen. Each device has its own queue, deadline, salt and form; a broken one is named in the log and tried again
 * with each entry, and does not hold up the others. Source: Vault, "Audit devices" page, "Blocked audit devices".
 */
import type { Clock } from "../../lib/clock.ts";
import { Fault } from "../../lib/fault.ts";
import type { Log } from "../../lib/log.ts";
import type { Random } from "../../lib/random.ts";
import type { Audit, AuditDeviceInfo, AuditRecord, AuditResponse } from "../contract/audit.ts";
import type { AuditHeaders } from "../contract/audit-headers.ts";
import type { Storage } from "../contract/storage.ts";
import { Entries } from "./entry.ts";
import { fileTarget, stdoutTarget } from "./file.ts";
import { Hasher } from "./hasher.ts";
import { readDevices, readSalt, saltOf, writeDevices } from "./kept.ts";
import { inWords } from "./opening.ts";
import { deviceOptions, devicePath } from "./options.ts";
import { LineQueue, QUEUE_LIMITS, type QueueLimits } from "./queue.ts";

export interface AuditParts {
  /** This room's own view. */
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** From the configuration: opened beside those in storage, listed, and not to be disabled through the API. */
  readonly declared?: readonly AuditDeviceInfo[];
  /** Which request headers the entries show; none without it. */
  readonly headers?: AuditHeaders;
  readonly limits?: QueueLimits;
}

interface AuditCounters {
  /** Entries that at least one device has taken. */
  readonly taken: number;
  /** Entries that no device has taken. */
  readonly refused: number;
  /** By device path: entries that this device has not taken. */
  readonly failures: ReadonlyMap<string, number>;
}

export interface AuditBroker extends Audit {
  counters(): AuditCounters;
}

interface Device {
  readonly info: AuditDeviceInfo;
  readonly declared: boolean;
  /** undefined = standard output. */
  readonly file: string | undefined;
  readonly hasher: Hasher;
  readonly entries: Entries;
  readonly queue: LineQueue;
  failures: number;
  /** When the last failure was logged, monotonic milliseconds. */
  told: number;
}

const SALT_SIZE = 32;
/** Milliseconds between two log lines about one failing device. */
const TELL_AGAIN = 10_000;

/** @throws Fault "invalid" when a declared device is not set up right; none is opened before `open` */
export function auditBroker(parts: AuditParts): AuditBroker {
  return new Broker(parts);
}

class Broker implements AuditBroker {
  readonly #parts: AuditParts;
  #devices: readonly Device[] = [];
  /** Between `open` and `close`: outside of it nothing may go by as if there were no device. */
  #opened = false;
  #taken = 0;
  #refused = 0;
  #change: Promise<void> = Promise.resolve();

  constructor(parts: AuditParts) {
    this.#parts = parts;
    for (const info of parts.declared ?? []) deviceOptions({ ...info, path: devicePath(info.path) });
  }

  request(record: AuditRecord): Promise<void> {
    return this.#record((entries) => entries.request(record));
  }

  response(record: AuditResponse): Promise<void> {
    return this.#record((entries) => entries.response(record));
  }

  enable(info: AuditDeviceInfo): Promise<void> {
    return this.#alone(() => this.#enable({ ...info, path: devicePath(info.path) }));
  }

  disable(text: string): Promise<void> {
    return this.#alone(() => this.#disable(devicePath(text)));
  }

  list(): readonly AuditDeviceInfo[] {
    return this.#devices.map((device) => device.info);
  }

  hash(text: string, value: string): Promise<string> {
    const path = devicePath(text);
    const device = this.#devices.find((d) => d.info.path === path);
    if (device === undefined)
      return Promise.reject(new Fault("invalid", `unknown audit backend: ${JSON.stringify(path)}`));
    return Promise.resolve(device.hasher.hash(value));
  }

  open(): Promise<void> {
    return this.#alone(async () => {
      await this.#closeAll();
      this.#devices = await this.#load();
      this.#opened = true;
      await Promise.all(this.#devices.map((device) => this.#try(device, device.queue.write(""))));
      if (this.#devices.length === 0) {
        this.#parts.log("warn", "no audit device is enabled: requests are served without a trace");
      }
    });
  }

  reopen(): Promise<void> {
    return this.#alone(async () => {
      await Promise.all(this.#devices.map((device) => this.#try(device, device.queue.reopen())));
    });
  }

  close(): Promise<void> {
    return this.#alone(() => this.#closeAll());
  }

  counters(): AuditCounters {
    const failures = new Map(this.#devices.map((device) => [device.info.path, device.failures]));
    return { taken: this.#taken, refused: this.#refused, failures };
  }

  /** Synchronous up to the queues, so that lines stand in the order of the calls. */
  async #record(line: (entries: Entries) => string): Promise<void> {
    if (!this.#opened) throw new Fault("sealed", "the audit is not open: Vault is sealed");
    const devices = this.#devices;
    const [first] = devices;
    if (first === undefined) return;
    const taken = await (devices.length === 1 ? this.#write(first, line) : this.#writeAny(devices, line));
    if (taken) {
      this.#taken += 1;
      return;
    }
    this.#refused += 1;
    throw new Fault("internal", "no audit device took the entry, so the request is refused: see the server's log");
  }

  /** Resolves with true as soon as one has taken it, with false once all have failed. */
  async #writeAny(devices: readonly Device[], line: (entries: Entries) => string): Promise<boolean> {
    const writes = devices.map(async (device) => {
      if (!(await this.#write(device, line))) throw new Error("failed");
    });
    return Promise.any(writes).then(
      () => true,
      () => false,
    );
  }

  #write(device: Device, line: (entries: Entries) => string): Promise<boolean> {
    let text: string;
    try {
      text = line(device.entries);
    } catch (error) {
      this.#failed(device, error);
      return Promise.resolve(false);
    }
    return this.#try(device, device.queue.write(text));
  }

  async #try(device: Device, write: Promise<void>): Promise<boolean> {
    try {
      await write;
      return true;
    } catch (error) {
      this.#failed(device, error);
      return false;
    }
  }

  #failed(device: Device, error: unknown): void {
    device.failures += 1;
    const now = this.#parts.clock.monotonic();
    if (device.failures > 1 && now - device.told < TELL_AGAIN) return;
    device.told = now;
    this.#parts.log("error", "audit device does not take entries", {
      device: device.info.path,
      file: device.file ?? "stdout",
      reason: inWords(error),
      failures: device.failures,
    });
  }

  async #enable(info: AuditDeviceInfo): Promise<void> {
    // What is written is the whole list: after a seal that is not known any more.
    if (!this.#opened) throw new Fault("sealed", "the audit is not open: Vault is sealed");
    if (this.#devices.some((device) => device.info.path === info.path)) {
      throw new Fault("invalid", `path already in use: ${JSON.stringify(info.path)}`);
    }
    const salt = this.#parts.random.bytes(SALT_SIZE);
    const device = this.#device(info, false, salt);
    const twin = this.#devices.find((other) => other.file === device.file);
    if (twin !== undefined) throw new Fault("invalid", `file_path is taken by the audit device ${twin.info.path}`);
    try {
      await device.queue.write(device.entries.test(this.#parts.random));
      const kept = [...this.#devices.filter((d) => !d.declared).map((d) => d.info), info];
      await writeDevices(this.#parts.storage, kept, { added: { path: info.path, salt } });
    } catch (error) {
      await drop(device);
      if (error instanceof Fault) throw error;
      throw new Fault("invalid", `audit device does not take entries: ${inWords(error)}`, { cause: error });
    }
    this.#devices = [...this.#devices, device];
  }

  async #disable(path: string): Promise<void> {
    const device = this.#devices.find((d) => d.info.path === path);
    if (device === undefined) return;
    if (device.declared) throw new Fault("invalid", "this audit device is set in the configuration: remove it there");
    const rest = this.#devices.filter((d) => d !== device);
    const kept = rest.filter((d) => !d.declared).map((d) => d.info);
    await writeDevices(this.#parts.storage, kept, { removed: path });
    this.#devices = rest;
    await drop(device);
  }

  async #load(): Promise<readonly Device[]> {
    const { storage, random, declared = [] } = this.#parts;
    const devices: Device[] = [];
    for (const given of declared) {
      const info = { ...given, path: devicePath(given.path) };
      devices.push(this.#device(info, true, await saltOf(storage, info.path, random.bytes(SALT_SIZE))));
    }
    for (const info of await readDevices(storage)) {
      if (devices.some((device) => device.info.path === info.path)) {
        this.#parts.log("warn", "audit device is set in the configuration: the stored one is not used", {
          device: info.path,
        });
        continue;
      }
      const salt = await readSalt(storage, info.path);
      if (salt === undefined) throw new Fault("internal", `audit device ${info.path} has lost its salt`);
      devices.push(this.#device(info, false, salt));
    }
    return devices;
  }

  #device(info: AuditDeviceInfo, declared: boolean, salt: Uint8Array): Device {
    const { file, mode, hmacAccessor, elideLists } = deviceOptions(info);
    const { clock, log, limits = QUEUE_LIMITS } = this.#parts;
    const hasher = new Hasher(salt);
    const target =
      file === undefined ? stdoutTarget() : fileTarget({ path: file, mode, deadline: limits.deadline, clock, log });
    return {
      info,
      declared,
      file,
      hasher,
      entries: new Entries({ hasher, clock, hmacAccessor, elideLists, headers: this.#parts.headers }),
      queue: new LineQueue(target, clock, limits),
      failures: 0,
      told: 0,
    };
  }

  async #closeAll(): Promise<void> {
    this.#opened = false;
    const devices = this.#devices;
    this.#devices = [];
    await Promise.all(devices.map(drop));
  }

  /** One change at a time. */
  #alone(work: () => Promise<void>): Promise<void> {
    const turn = this.#change.then(work);
    this.#change = turn.catch(() => undefined);
    return turn;
  }
}

/** Ends a device that takes no more entries; its key goes with it. */
async function drop(device: Device): Promise<void> {
  await device.queue.close().catch(() => undefined);
  device.hasher.forget();
}
