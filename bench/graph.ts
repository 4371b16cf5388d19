import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { labPermissions, labToken } from "../src/lab/graph/sign-in/practice-token.ts";
import { startLab } from "../src/lab/lab.ts";
import { socAddress } from "../src/lab/seed/seed.ts";
import { beside, interleave, medianOf, over } from "./compare.ts";
import { attach, attachmentId, attachmentMailbox, bigId, fill, mailbox } from "./mailbox.ts";
import type { Measure } from "./measure.ts";
import { type Cost, runNode, timeNode } from "./process.ts";

const program = resolve("dist/mailcordon.cjs");
const peer = resolve("bench/peer-graph-client.mjs");
const peerName = "@microsoft/microsoft-graph-client";

/** Measures whole processes against the lab's Microsoft Graph: ours, `node -e 0`, and Microsoft's client with the same task, one after another. */
export async function measureGraph(rounds: number): Promise<Measure[]> {
  const lab = await startLab({ gzip: false, graph: { tokens: { [labToken]: labPermissions } } });
  const out = await mkdtemp(join(tmpdir(), "mailcordon-bench-out-"));
  try {
    fill(lab);
    attach(lab);
    const bench = new Bench(lab.graphUrl, out, rounds);
    return [...(await bench.start()), ...(await bench.search()), ...(await bench.mime()), ...(await bench.attachment())];
  } finally {
    await lab.close();
    await rm(out, { recursive: true, force: true });
  }
}

class Bench {
  readonly #url: string;
  readonly #out: string;
  readonly #rounds: number;

  constructor(url: string, out: string, rounds: number) {
    this.#url = url;
    this.#out = out;
    this.#rounds = rounds;
  }

  async start(): Promise<Measure[]> {
    const name = "process start over Graph: get-out-of-office";
    const costs = await interleave(this.#rounds * 3, {
      floor: () => timeNode(["-e", "0"]),
      ours: () => this.#ours(timeNode, ["get-out-of-office", "--mailbox", mailbox, "--json"]),
      theirs: () => this.#theirs(timeNode, mailbox, ["oof"]),
    });
    const wall = (who: string) => medianOf(costs, who, (cost) => cost.wallMs);
    return [over(name, "wall", "ms", wall("ours"), wall("floor"), 60), beside(name, "wall", wall("ours"), peerName, wall("theirs"), 1)];
  }

  search(): Promise<Measure[]> {
    const input = ["search-emails-extended", "--mailboxes", mailbox, "--folder", "inbox", "--limit", "1000", "--json"];
    return this.#compare("1000 messages searched over Graph in one process", input, mailbox, ["search", "1000"]);
  }

  mime(): Promise<Measure[]> {
    const input = ["download-mail-as-eml", "--mailbox", mailbox, "--internet-message-id", bigId, "--json"];
    return this.#compare("30 MB of MIME downloaded over Graph in one process", input, mailbox, ["mime", bigId]);
  }

  attachment(): Promise<Measure[]> {
    const input = ["get-attachments", "--mailbox", attachmentMailbox, "--internet-message-id", attachmentId, "--json"];
    return this.#compare("100 MiB attachment over Graph to a file with three hashes", input, attachmentMailbox, [
      "attachment",
      attachmentId,
    ]);
  }

  async #compare(name: string, input: readonly string[], address: string, peerInput: readonly string[]): Promise<Measure[]> {
    const costs = await interleave(this.#rounds, {
      floor: () => runNode(["-e", "0"]),
      ours: () => this.#ours(runNode, input),
      theirs: () => this.#theirs(runNode, address, peerInput),
    });
    const cpu = (who: string) => medianOf(costs, who, (cost) => cost.cpuMs);
    const rss = (who: string) => medianOf(costs, who, (cost) => cost.rssMiB);
    const memory = over(`${name}, peak memory`, "resident", "MiB", rss("ours"), rss("floor"), 40);
    return [
      beside(name, "CPU", cpu("ours"), peerName, cpu("theirs"), 1),
      { ...memory, detail: `${memory.detail}; ${peerName} ${rss("theirs").toFixed(0)} MiB` },
    ];
  }

  /** Returns a new evidence folder for each run, so each run writes its file. */
  async #ours(run: typeof runNode, input: readonly string[]): Promise<Cost> {
    const folder = await mkdtemp(join(this.#out, "ours-"));
    const cost = await run([program, ...input], {
      MAILCORDON_BACKEND: "graph",
      MAILCORDON_GRAPH_URL: this.#url,
      MAILCORDON_TOKEN: labToken,
      MAILCORDON_MAILBOX: socAddress,
      MAILCORDON_EVIDENCE_DIR: folder,
      MAILCORDON_AUDIT_FILE: join(folder, "audit.jsonl"),
    });
    await rm(folder, { recursive: true });
    return cost;
  }

  async #theirs(run: typeof runNode, address: string, input: readonly string[]): Promise<Cost> {
    const file = join(this.#out, "peer.bin");
    const cost = await run([peer, this.#url, labToken, address, ...input, file]);
    await rm(file, { force: true });
    return cost;
  }
}
