import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The cost of one whole process. */
export interface Cost {
  readonly wallMs: number;
  /** User and system time of all its threads. */
  readonly cpuMs: number;
  /** Peak resident memory. */
  readonly rssMiB: number;
  readonly stdout: string;
}

/**
 * Runs in the child and writes its own account when it ends: no tool of the machine is needed. Where there is /proc, the peak is read there:
 * Linux counts into `maxRSS` what the parent held when it made the child.
 */
const account = `import { readFileSync, writeFileSync } from "node:fs"; process.on("exit", () => { const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const peak = process.platform === "linux" ? Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1]) : maxRSS;
writeFileSync(process.env.BENCH_ACCOUNT, JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1000, rssMiB: peak / 1024 })); });`;

/** Measures a Python child from outside: the account of a finished child is exact. */
const pythonAccount = `import json, os, resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
json.dump({"cpuMs": (used.ru_utime + used.ru_stime) * 1000, "rssMiB": used.ru_maxrss / 1024}, open(os.environ["BENCH_ACCOUNT"], "w"))
sys.exit(code)`;

export const python = "/usr/bin/python3";

/** Runs Node with these arguments. */
export function runNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Cost> {
  return run(process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(account)}`, ...args], env);
}

/** Runs a Python script with these arguments. Its wall time includes the wrapper; `bareWall` measures without it. */
export function runPython(args: readonly string[], bareWall = false): Promise<Cost> {
  return bareWall ? run(python, args, {}) : run(python, ["-c", pythonAccount, python, ...args], {});
}

/** Runs Node without the account, if only the wall time matters. */
export function timeNode(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Cost> {
  return run(process.execPath, args, env);
}

async function run(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Cost> {
  const folder = await mkdtemp(join(tmpdir(), "mailcordon-bench-"));
  const file = join(folder, "account.json");
  try {
    const began = performance.now();
    const child = spawn(command, args, { env: { ...process.env, ...env, BENCH_ACCOUNT: file }, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (bytes: Buffer) => {
      stdout += bytes.toString();
    });
    child.stderr.on("data", (bytes: Buffer) => {
      stderr += bytes.toString();
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    const wallMs = performance.now() - began;
    if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${stderr || stdout}`);
    const { cpuMs, rssMiB } = await readFile(file, "utf8").then(
      (text) => JSON.parse(text),
      () => ({ cpuMs: Number.NaN, rssMiB: Number.NaN }),
    );
    return { wallMs, cpuMs, rssMiB, stdout };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
