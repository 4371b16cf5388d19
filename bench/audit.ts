import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startLab } from "../src/lab/lab.ts";
import { interleave, medianOf } from "./compare.ts";
import { fill, mailbox } from "./mailbox.ts";
import type { Measure } from "./measure.ts";
import { median, runNode } from "./process.ts";
import { cpuMsOf, load, type Server, serve } from "./serve.ts";

/** Maximum cost of a read with its audit entry, as a ratio. */
const auditBar = 1.1;
/** V8 compiles the last of the code that runs often after some thousand calls, in threads whose time counts as well. */
const warmCalls = 6000;
const calls = 500;
const work = { action: "get-out-of-office", input: { mailbox } };

/** Measures the same reads with and without an audit entry, alternating: through two servers side by side, and by whole processes. */
export async function measureAudit(rounds: number): Promise<Measure[]> {
  const lab = await startLab({ gzip: false });
  const folder = await mkdtemp(join(tmpdir(), "mailcordon-bench-audit-"));
  // PostgreSQL does not run as root: if we are root, its user must be able to enter the folder.
  await chmod(folder, 0o711);
  fill(lab);
  const start = async (reads: boolean) => {
    const own = join(folder, String(reads));
    await mkdir(own, { mode: 0o711 });
    return await serve(lab, own, { reads });
  };
  const servers = [await start(true), await start(false)] as const;
  try {
    const measures: Measure[] = [];
    for (const server of servers) await load(server, { ...work, calls: warmCalls, clients: 8 });
    for (const clients of [1, 8, 32]) {
      const costs = servers.map((): number[] => []);
      for (let round = 0; round < rounds * 2; round++) {
        for (const [at, server] of servers.entries()) {
          const before = cpuMsOf(server.process);
          await load(server, { ...work, calls, clients });
          costs[at]?.push((cpuMsOf(server.process) - before) / calls);
        }
      }
      const [audited = Number.NaN, bare = Number.NaN] = costs.map(median);
      measures.push(ratio(`serve: get-out-of-office, ${clients} ${clients === 1 ? "client" : "clients"}`, audited, bare));
    }
    return [...measures, await ofProcesses(...servers, rounds)];
  } finally {
    for (const server of servers) {
      server.process.kill("SIGTERM");
      await once(server.process, "close");
    }
    await lab.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function ofProcesses(audited: Server, bare: Server, rounds: number): Promise<Measure> {
  const words = [resolve("dist/mailcordon.cjs"), "get-out-of-office", "--mailbox", mailbox, "--json"];
  const costs = await interleave(rounds * 3, {
    audited: () => runNode(words, audited.environment),
    bare: () => runNode(words, bare.environment),
  });
  return ratio(
    "a process for each get-out-of-office",
    medianOf(costs, "audited", ({ cpuMs }) => cpuMs),
    medianOf(costs, "bare", ({ cpuMs }) => cpuMs),
  );
}

function ratio(name: string, audited: number, bare: number): Measure {
  const value = audited / bare;
  return {
    name: `${name}, with its audit entry, beside without`,
    value,
    unit: "x CPU",
    bar: auditBar,
    ok: value <= auditBar,
    detail: `${audited.toFixed(2)} against ${bare.toFixed(2)} ms for each call`,
  };
}
