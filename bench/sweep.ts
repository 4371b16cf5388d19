import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { manyCampaign } from "../src/lab/seed/seed-many.ts";
import type { Measure } from "./measure.ts";
import { median, python, runPython } from "./process.ts";
import { type Counted, openSweepBench, type SweepBench } from "./sweep-lab.ts";

/** Mailboxes of the labs of one run: the smaller and the larger number are compared. */
export interface SweepSizes {
  readonly few: number;
  readonly many: number;
}

/** Reads `FEW,MANY`. Throws an Error that describes the mistake. */
export function parseSizes(text: string): SweepSizes {
  const [, few, many] = /^(\d{3,5}),(\d{3,5})$/.exec(text) ?? [];
  // One in a hundred mailboxes has the campaign.
  if (few === undefined || many === undefined || Number(few) < 100 || Number(many) <= Number(few))
    throw new Error("--mailboxes: name two numbers from 100 to 99999, the smaller one first, such as 1000,10000.");
  return { few: Number(few), many: Number(many) };
}

const delayMs = 150;
/** EWSMaxConcurrency, with which mailcordon begins. */
const allowed = 27;
/** Mailboxes of the runs with workers: each has one message, so every worker has work. */
const acted = 300;
const memoryBar = 200;
/** MiB that a worker may grow by from its second sweep to its last one. */
const flatBar = 24;
/** Delay of each request in a lab with limits: long enough for requests to overlap. Milliseconds. */
const throttledDelayMs = 5;

function row(name: string, value: number, unit: string, bar: number, detail: string): Measure {
  return { name, value, unit, bar, ok: value <= bar, detail };
}

/** Measures sweeps over labs in processes of their own. */
export async function* measureSweep(rounds: number, sizes: SweepSizes): AsyncGenerator<Measure> {
  yield* await growth("ews", rounds, sizes);
  yield* await growth("graph", rounds, sizes);
  yield* await latency(sizes.few);
  yield await turnedAway("graph", sizes.many);
  yield await turnedAway("ews", sizes.many);
  yield await finder(sizes.few);
  yield await peer(rounds, sizes.few);
}

/** Plans a deletion of the campaign, which one in a hundred mailboxes has. */
function plan(lab: SweepBench, count: number) {
  const which = ["--internet-message-id", manyCampaign.messageId, "--mailboxes-file", lab.addresses(count)];
  return lab.sweep("plan", ...which, "--then", "delete-email", "--keep-evidence");
}

async function growth(backend: "ews" | "graph", rounds: number, { few, many }: SweepSizes): Promise<Measure[]> {
  const lab = await openSweepBench({ backend, mailboxes: many });
  try {
    // Opens every mailbox of the lab once.
    await plan(lab, many);
    const costs = { base: [], few: [], many: [] } as Record<"base" | "few" | "many", { cpuMs: number; wallMs: number; rssMiB: number }[]>;
    for (let round = 0; round < Math.min(rounds, 3); round++) {
      // The start of the process is the same for any number of mailboxes.
      costs.base.push(await plan(lab, 1));
      for (let times = 0; times < 2; times++) costs.few.push(await plan(lab, few));
      costs.many.push(await plan(lab, many));
    }
    const of = (size: "base" | "few" | "many", what: "cpuMs" | "wallMs" | "rssMiB") => median(costs[size].map((cost) => cost[what]));
    const each = (size: "few" | "many", count: number) => (of(size, "cpuMs") - of("base", "cpuMs")) / (count - 1);
    const [small, large] = [each("few", few), each("many", many)];
    const perSecond = (size: "few" | "many", count: number) =>
      Math.round((count - 1) / ((of(size, "wallMs") - of("base", "wallMs")) / 1000));
    const name = `sweep plan over ${backend === "ews" ? "EWS" : "Graph"}`;
    const speed = `${perSecond("few", few)} and ${perSecond("many", many)} mailboxes a second, the lab on the same cores`;
    const start = `start of the process ${of("base", "cpuMs").toFixed(0)} ms`;
    return [
      row(
        `${name}: CPU for each of ${many} mailboxes, over that for each of ${few}`,
        large / small,
        "x CPU",
        1.2,
        `${large.toFixed(2)} against ${small.toFixed(2)} ms; ${start}; ${speed}`,
      ),
      row(
        `${name}: peak memory for ${many} mailboxes`,
        of("many", "rssMiB"),
        "MiB",
        memoryBar,
        `${few}: ${of("few", "rssMiB").toFixed(0)} MiB`,
      ),
    ];
  } finally {
    await lab.close();
  }
}

/** Plan, run and evidence against a script of exchangelib that searches the same mailboxes, keeps the bytes and deletes. Each round has its own lab. */
async function peer(rounds: number, count: number): Promise<Measure> {
  const name = `sweep of ${count} mailboxes over EWS, plan and run, beside exchangelib with 8 threads`;
  if (spawnSync(python, ["-c", "import exchangelib"]).status !== 0)
    return { ...row(name, Number.NaN, "x CPU", 0.2, "exchangelib is not installed here"), ok: false };
  const ours: number[] = [];
  const theirs: number[] = [];
  const requests: Counted[] = [];
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    const lab = await openSweepBench({ backend: "ews", mailboxes: count });
    try {
      await plan(lab, count);
      lab.take();
      const planned = await plan(lab, count);
      const ran = await lab.sweep("run", planned.document.sweep, "--plan", planned.document.plan_hash, "--yes");
      requests.push(lab.take());
      if (ran.document.counts.done !== Math.floor(count / 100)) throw new Error(`the sweep: ${JSON.stringify(ran.document.counts)}`);
      ours.push(planned.cpuMs + ran.cpuMs);
      await lab.sweep("undo", planned.document.sweep, "--yes");
      lab.take();
      const script = [resolve("bench/peer-exchangelib-sweep.py"), lab.url, lab.user, lab.password, manyCampaign.messageId, "8"];
      const theirCost = await runPython([...script, lab.addresses(count)]);
      requests.push(lab.take());
      if (Number(theirCost.stdout) !== Math.floor(count / 100)) throw new Error(`exchangelib deleted ${theirCost.stdout} messages`);
      theirs.push(theirCost.cpuMs);
    } finally {
      await lab.close();
    }
  }
  const [own, other] = requests;
  const cpu = `${median(ours).toFixed(0)} against ${median(theirs).toFixed(0)} ms`;
  return row(name, median(ours) / median(theirs), "x CPU", 0.2, `${cpu}; ${own?.requests} against ${other?.requests} requests`);
}

/** Wall clock where each request takes 150 ms, against what the allowed concurrency permits; and what workers use meanwhile. */
async function latency(count: number): Promise<Measure[]> {
  const lab = await openSweepBench({ backend: "ews", mailboxes: count, delayMs, throttle: `ews:${allowed}` });
  const measures: Measure[] = [];
  const against = (name: string, ms: number, { requests, most, refused }: Counted, detail: string) => {
    const permitted = (requests * delayMs) / allowed;
    const waits = `${(ms / 1000).toFixed(1)} against ${(permitted / 1000).toFixed(1)} s; ${requests} requests, at most ${most} at a time, ${refused} turned away`;
    measures.push(row(name, ms / permitted, "x wall", 1.3, `${waits}${detail}`));
  };
  try {
    // The first command makes the database.
    await plan(lab, 1);
    const { wallMs: base } = await plan(lab, 1);
    lab.take();
    const { wallMs } = await plan(lab, count);
    against(`sweep plan with ${delayMs} ms for each request, over what ${allowed} at a time permit`, wallMs - base, lab.take(), "");
    // A message in every mailbox; each round takes another one.
    let number = 0;
    const pass = async () => {
      number += 1;
      const which = ["--subject", `Minutes ${40 + number}`, "--mailboxes-file", lab.addresses(Math.min(acted, count))];
      const { document } = await lab.sweep("plan", ...which, "--then", "delete-email");
      lab.take();
      await lab.sweep("run", document.sweep, "--plan", document.plan_hash, "--yes", "--detach");
      const { ms, done } = await lab.ended(document.sweep);
      if (done !== document.counts.messages || done === 0) throw new Error(`only ${done} messages are done`);
      return { ms, done, counted: lab.take() };
    };
    for (const workers of [1, 2, 4]) {
      const crew = await Promise.all(Array.from({ length: workers }, () => lab.worker()));
      const began = crew.map((one) => one.used());
      const { ms, done, counted } = await pass();
      const cpu = crew.map((one, at) => one.used().cpuMs - (began[at]?.cpuMs ?? 0)).reduce((sum, one) => sum + one, 0);
      const label = `sweep run with ${workers} ${workers === 1 ? "worker" : "workers"} and ${delayMs} ms for each request`;
      against(
        `${label}, over what ${allowed} at a time permit`,
        ms,
        counted,
        `; ${Math.round(done / (ms / 1000))} messages a second, ${(cpu / done).toFixed(1)} ms CPU for each`,
      );
      if (workers === 1) {
        const [only] = crew;
        const resident: number[] = [];
        for (let times = 0; times < 4; times++) {
          await pass();
          resident.push(only?.used().residentMiB ?? Number.NaN);
        }
        const [second = Number.NaN] = resident;
        const last = resident.at(-1) ?? Number.NaN;
        const { peakMiB } = only?.used() ?? { peakMiB: Number.NaN };
        measures.push(
          row(
            `a worker after 5 sweeps of ${Math.min(acted, count)} messages: peak memory`,
            peakMiB,
            "MiB",
            memoryBar,
            `resident ${last.toFixed(0)} MiB`,
          ),
          row("the same: growth since its second sweep", last - second, "MiB", flatBar, resident.map((mib) => mib.toFixed(0)).join(", ")),
        );
      }
      await Promise.all(crew.map((one) => one.stop()));
    }
    return measures;
  } finally {
    await lab.close();
  }
}

/** How many requests a lab turns away that allows fewer at a time than mailcordon begins with. */
async function turnedAway(backend: "ews" | "graph", count: number): Promise<Measure> {
  const throttle = backend === "ews" ? `ews:${allowed}` : "graph-application";
  const lab = await openSweepBench({ backend, mailboxes: count, delayMs: throttledDelayMs, throttle });
  try {
    const { document } = await plan(lab, count);
    await lab.sweep("run", document.sweep, "--plan", document.plan_hash, "--yes");
    const { requests, refused, most } = lab.take();
    const detail = `${refused} of ${requests} requests, at most ${most} at a time`;
    return row(`sweep of ${count} mailboxes under ${throttle}: requests turned away`, (100 * refused) / requests, "%", 1, detail);
  } finally {
    await lab.close();
  }
}

async function finder(count: number): Promise<Measure> {
  const lab = await openSweepBench({ backend: "graph", mailboxes: count });
  try {
    const scanned = await plan(lab, count);
    const all = lab.take();
    const traced = await lab.sweep(
      "plan",
      "--internet-message-id",
      manyCampaign.messageId,
      "--find",
      "trace",
      "--then",
      "delete-email",
      "--keep-evidence",
    );
    const some = lab.take();
    if (traced.document.counts.messages !== scanned.document.counts.messages)
      throw new Error("message trace found other messages than the search");
    const detail = `${some.requests} against ${all.requests} requests, ${traced.document.counts.messages} messages in both`;
    return row(
      `sweep plan with message trace of ${count} mailboxes, over a search`,
      (100 * some.requests) / all.requests,
      "% of requests",
      5,
      detail,
    );
  } finally {
    await lab.close();
  }
}
