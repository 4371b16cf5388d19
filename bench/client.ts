import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Lab, startLab } from "../src/lab/lab.ts";
import { socAddress } from "../src/lab/seed.ts";
import { labPassword } from "../src/lab/store.ts";
import type { Measure } from "./measure.ts";
import { type Cost, median, python, runNode, runPython, timeNode } from "./process.ts";

const mailbox = "reception@example.com";
const program = resolve("dist/mailcordon.cjs");
const bigSubject = "bench: a message of 30 MB";

/** Whole processes against the lab: ours, `node -e 0`, and other people's clients doing the same, one after another in each round. */
export async function measureClient(rounds: number): Promise<Measure[]> {
  const lab = await startLab({ gzip: false });
  const out = await mkdtemp(join(tmpdir(), "mailcordon-bench-out-"));
  try {
    fill(lab);
    const bench = new Bench(lab, out, rounds);
    return [...(await bench.start()), ...(await bench.search()), ...(await bench.mime())];
  } finally {
    await lab.close();
    await rm(out, { recursive: true, force: true });
  }
}

/** 1000 ordinary messages and one of 30 MB in one mailbox. */
function fill(lab: Lab): void {
  const head = (subject: string, n: number) =>
    `From: Sender ${n} <sender${n}@example.org>\r\nTo: ${mailbox}\r\nSubject: ${subject}\r\nMessage-ID: <bench-${n}@example.org>\r\nDate: Mon, 02 Nov 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\n`;
  const deliver = (mime: string) => lab.store.deliver(Buffer.from(mime), { from: "sender@example.org", to: [mailbox] });
  for (let n = 0; n < 1000; n++) deliver(`${head(`Quarterly report number ${n} & friends`, n)}\r\nThe report is attached to nothing.\r\n`);
  const content = randomBytes(22 * 1024 * 1024)
    .toString("base64")
    .replace(/.{76}/g, "$&\r\n");
  deliver(
    `${head(bigSubject, 1000)}Content-Type: application/octet-stream; name=big.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n${content}\r\n`,
  );
}

class Bench {
  readonly #lab: Lab;
  readonly #rounds: number;
  readonly #env: Readonly<Record<string, string>>;
  readonly #peers: boolean;

  constructor(lab: Lab, out: string, rounds: number) {
    this.#lab = lab;
    this.#rounds = rounds;
    this.#env = {
      MAILCORDON_EWS_URL: lab.ewsUrl,
      MAILCORDON_USERNAME: socAddress,
      MAILCORDON_PASSWORD: labPassword,
      MAILCORDON_MAILBOX: socAddress,
      MAILCORDON_EVIDENCE_DIR: out,
      MAILCORDON_AUDIT_FILE: join(out, "audit.jsonl"),
    };
    this.#peers = spawnSync(python, ["-c", "import exchangelib"]).status === 0;
  }

  async start(): Promise<Measure[]> {
    const costs = await interleave(this.#rounds * 3, {
      floor: () => timeNode(["-e", "0"]),
      ours: () => timeNode([program, "get-out-of-office", "--mailbox", mailbox, "--json"], this.#env),
      ...(this.#peers ? { exchangelib: () => runPython(this.#python("oof"), true) } : {}),
    });
    const wall = (who: string) => medianOf(costs, who, (cost) => cost.wallMs);
    return [
      over("process start: get-out-of-office", "wall", "ms", wall("ours"), wall("floor"), 60),
      beside("process start: get-out-of-office", "wall", wall("ours"), "exchangelib", wall("exchangelib"), 0.3),
    ];
  }

  search(): Promise<Measure[]> {
    const input = ["search-emails-extended", "--mailboxes", mailbox, "--folder", "inbox", "--limit", "1000", "--json"];
    return this.#compare("1000 messages searched in one process", input, ["search", "1000"]);
  }

  mime(): Promise<Measure[]> {
    const input = ["download-mail-as-eml", "--mailbox", mailbox, "--internet-message-id", "<bench-1000@example.org>", "--json"];
    return this.#compare("30 MB of MimeContent downloaded in one process", input, ["mime", bigSubject]);
  }

  async #compare(name: string, input: readonly string[], peerInput: readonly string[]): Promise<Measure[]> {
    const javascript = resolve("bench/peer-ews-javascript-api.mjs");
    const costs = await interleave(this.#rounds, {
      floor: () => runNode(["-e", "0"]),
      ours: () => runNode([program, ...input], this.#env),
      "ews-javascript-api": () => runNode([javascript, this.#lab.ewsUrl, socAddress, labPassword, mailbox, ...peerInput]),
      ...(this.#peers ? { exchangelib: () => runPython(this.#python(...peerInput)) } : {}),
    });
    const cpu = (who: string) => medianOf(costs, who, (cost) => cost.cpuMs);
    const rss = (who: string) => medianOf(costs, who, (cost) => cost.rssMiB);
    const best = cpu("exchangelib") < cpu("ews-javascript-api") ? "exchangelib" : "ews-javascript-api";
    return [
      beside(name, "CPU", cpu("ours"), best, cpu(best), 0.5),
      over(`${name}, peak memory`, "resident", "MiB", rss("ours"), rss("floor"), 40),
    ];
  }

  #python(...input: readonly string[]): string[] {
    return [resolve("bench/peer-exchangelib.py"), this.#lab.ewsUrl, socAddress, labPassword, mailbox, ...input];
  }
}

type Costs = ReadonlyMap<string, readonly Cost[]>;

/** Runs each kind once per round, in turn: what disturbs the machine disturbs them alike. */
async function interleave(rounds: number, kinds: Readonly<Record<string, () => Promise<Cost>>>): Promise<Costs> {
  const costs = new Map<string, Cost[]>(Object.keys(kinds).map((who) => [who, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [who, run] of Object.entries(kinds)) costs.get(who)?.push(await run());
  }
  return costs;
}

function medianOf(costs: Costs, who: string, of: (cost: Cost) => number): number {
  return median((costs.get(who) ?? []).map(of));
}

/** How much more than the floor. */
function over(name: string, what: string, unit: string, ours: number, floor: number, bar: number): Measure {
  const value = ours - floor;
  return {
    name: `${name}, over \`node -e 0\``,
    value,
    unit: `${unit} ${what}`,
    bar,
    ok: value <= bar,
    detail: `${ours.toFixed(0)} against ${floor.toFixed(0)} ${unit}`,
  };
}

/** How many times what somebody else's client costs. Without that client there is nothing to say, and the bar is not met. */
function beside(name: string, what: string, ours: number, who: string, theirs: number, bar: number): Measure {
  const value = ours / theirs;
  const detail = Number.isNaN(theirs) ? `${who} is not installed here` : `${ours.toFixed(0)} against ${theirs.toFixed(0)} ms`;
  return { name: `${name}, beside ${who}`, value, unit: `x ${what}`, bar, ok: value <= bar, detail };
}
