import { readFileSync } from "node:fs";

/**
 * Peak resident memory of this process. Where there is /proc, it is read there: Linux counts into `maxRSS` what the parent held when it made
 * the child.
 */
export function peakMiB(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
}
