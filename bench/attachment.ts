import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import type { Measure } from "./measure.ts";
import { median } from "./process.ts";

interface Cost {
  readonly cpuMs: number;
  readonly rssMiB: number;
}

/** Measures one large attachment from a socket to a file with its hash: CPU relative to the same bytes unread, memory relative to an idle client. */
export async function measureAttachment(rounds: number): Promise<Measure[]> {
  const folder = await mkdtemp(join(tmpdir(), "mailcordon-attachment-"));
  let server: ChildProcess | undefined;
  try {
    const program = join(folder, "attachment.mjs");
    await build({
      entryPoints: [resolve("bench/attachment-process.ts")],
      outfile: program,
      bundle: true,
      format: "esm",
      platform: "node",
      target: "node20.19",
      logLevel: "warning",
    });
    server = fork(program, ["server"]);
    const [address] = await once(server, "message");
    const run = async (role: string, mib: number, inLines = false): Promise<Cost> => {
      const file = join(folder, "attachment.bin");
      const child = fork(program, [role, `http://127.0.0.1:${address.port}/?mib=${mib}&lines=${inLines ? 1 : 0}`, file]);
      const exit = once(child, "exit");
      const [cost] = await Promise.race([once(child, "message"), exit.then(() => [undefined])]);
      await exit;
      await rm(file, { force: true });
      if (cost === undefined) throw new Error("A process of the attachment measure failed.");
      return cost;
    };
    return await measured(run, rounds);
  } finally {
    server?.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measured(run: (role: string, mib: number, inLines?: boolean) => Promise<Cost>, rounds: number): Promise<Measure[]> {
  const costs = { unread: [] as Cost[], read: [] as Cost[], unreadLines: [] as Cost[], lines: [] as Cost[], idle: [] as Cost[] };
  for (let round = 0; round < rounds; round++) {
    costs.unread.push(await run("unread", 100));
    costs.read.push(await run("read", 100));
    costs.unreadLines.push(await run("unread", 100, true));
    costs.lines.push(await run("read", 100, true));
    costs.idle.push(await run("read", 0));
  }
  const cpu = (of: readonly Cost[]) => median(of.map(({ cpuMs }) => cpuMs));
  const idle = median(costs.idle.map(({ rssMiB }) => rssMiB));
  const peaks = { 10: await run("read", 10), 100: worst([...costs.read, ...costs.lines]), 500: await run("read", 500) };
  const above = Object.entries(peaks).map(([mib, { rssMiB }]) => [mib, rssMiB - idle] as const);
  const most = Math.max(...above.map(([, rss]) => rss));
  const bar = 4;
  const ratio = (name: string, ours: number, floor: number): Measure => ({
    name,
    value: ours / floor,
    unit: "x",
    bar,
    ok: ours / floor <= bar,
    detail: `${ours.toFixed(0)} ms CPU; unread ${floor.toFixed(0)} ms; medians of ${rounds}`,
  });
  return [
    ratio("100 MiB attachment to a file with sha256, against the same bytes unread", cpu(costs.read), cpu(costs.unread)),
    ratio("the same with line breaks and another prefix", cpu(costs.lines), cpu(costs.unreadLines)),
    {
      name: "peak memory of it above an idle client",
      value: most,
      unit: "MiB",
      bar: 40,
      ok: most <= 40,
      detail: `${above.map(([mib, rss]) => `${mib} MiB: +${rss.toFixed(0)}`).join(", ")}; idle ${idle.toFixed(0)} MiB`,
    },
  ];
}

function worst(costs: readonly Cost[]): Cost {
  return costs.reduce((most, cost) => (cost.rssMiB > most.rssMiB ? cost : most));
}
