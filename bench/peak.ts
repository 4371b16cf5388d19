import { readFileSync } from "node:fs";

/**
 * Returns the peak resident memory of this process. It is read from /proc if that exists, because `maxRSS` of Linux includes the memory of the parent
 * when it started the child.
 */
export function peakMiB(): number {
  if (process.platform !== "linux") return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
}
