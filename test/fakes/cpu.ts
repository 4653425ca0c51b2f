/** What work costs, by the processor time of this process: a busy machine makes it take longer, not cost more. */

/** @returns milliseconds of processor time */
export function cpuTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
