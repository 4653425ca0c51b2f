/** sys/host-info: what Node tells of the machine, by gopsutil's names. Source: the sample on Vault's API page "/sys/host-info". */
import { readFile, statfs } from "node:fs/promises";
import os from "node:os";
import type { Clock } from "../../lib/clock.ts";
import { formatTime } from "../../lib/time-text.ts";
import type { EncodableRecord } from "../../lib/wire/json.ts";
import type { HostInfo } from "../contract/server-info.ts";

export function hostInfo(clock: Pick<Clock, "now">): HostInfo {
  return {
    collect: async () => ({
      timestamp: formatTime(clock.now()),
      cpu: os.cpus().map(({ model, speed }, cpu) => ({ cpu, cores: 1, mhz: speed, modelName: model })),
      cpu_times: os.cpus().map(({ times }, i) => ({
        cpu: `cpu${String(i)}`,
        user: times.user / 1000,
        system: times.sys / 1000,
        idle: times.idle / 1000,
        nice: times.nice / 1000,
        irq: times.irq / 1000,
      })),
      disk: await disks(),
      host: await host(clock),
      memory: await memory(),
    }),
  };
}

async function disks(): Promise<readonly EncodableRecord[]> {
  const found = await statfs("/").catch(() => undefined);
  if (found === undefined) return [];
  const total = found.blocks * found.bsize;
  const free = found.bavail * found.bsize;
  const used = total - found.bfree * found.bsize;
  return [
    {
      path: "/",
      fstype: "",
      total,
      free,
      used,
      usedPercent: total === 0 ? 0 : (100 * used) / total,
      inodesTotal: found.files,
      inodesFree: found.ffree,
      inodesUsed: found.files - found.ffree,
    },
  ];
}

async function host(clock: Pick<Clock, "now">): Promise<EncodableRecord> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  const of = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)`, "m").exec(release)?.[1] ?? "";
  const uptime = Math.floor(os.uptime());
  return {
    hostname: os.hostname(),
    uptime,
    bootTime: Math.floor(clock.now() / 1000) - uptime,
    os: os.platform(),
    platform: of("ID"),
    platformFamily: of("ID_LIKE"),
    platformVersion: of("VERSION_ID"),
    kernelVersion: os.release(),
    kernelArch: os.machine(),
  };
}

/** "available" is the kernel's own estimate where there is one. */
async function memory(): Promise<EncodableRecord> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const of = (key: string): number | undefined => {
    const kilobytes = new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(text)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  };
  const total = os.totalmem();
  const available = of("MemAvailable") ?? os.freemem();
  const used = total - available;
  return {
    total,
    available,
    used,
    usedPercent: (100 * used) / total,
    free: of("MemFree") ?? os.freemem(),
    buffers: of("Buffers"),
    cached: of("Cached"),
    swapTotal: of("SwapTotal"),
    swapFree: of("SwapFree"),
  };
}
