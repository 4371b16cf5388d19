import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Lab, startLab } from "../src/lab/lab.ts";
import { practiceApplication, practiceTenant } from "../src/lab/seed/practice-tenant.ts";
import { socAddress } from "../src/lab/seed/seed.ts";
import { labPassword } from "../src/lab/store/store.ts";
import { beside, interleave, medianOf, over } from "./compare.ts";
import { attach, attachmentId, attachmentMailbox, bigId, bigSubject, fill, mailbox } from "./mailbox.ts";
import type { Measure } from "./measure.ts";
import { type Cost, python, runNode, runPython, timeNode } from "./process.ts";

const program = resolve("dist/mailcordon.cjs");

/** Measures whole processes against the lab: ours, `node -e 0`, and other clients with the same task, one after another in each round. */
export async function measureClient(rounds: number): Promise<Measure[]> {
  const lab = await startLab({ gzip: false, tenant: practiceTenant() });
  const out = await mkdtemp(join(tmpdir(), "mailcordon-bench-out-"));
  try {
    fill(lab);
    attach(lab);
    const bench = new Bench(lab, out, rounds);
    return [...(await bench.start()), ...(await bench.search()), ...(await bench.mime()), await bench.attachment()];
  } finally {
    await lab.close();
    await rm(out, { recursive: true, force: true });
  }
}

class Bench {
  readonly #lab: Lab;
  readonly #out: string;
  readonly #rounds: number;
  readonly #env: Readonly<Record<string, string>>;
  /** Measures the same with the tokens of an application: the first process fetches one, the others find it. */
  readonly #tokens: Readonly<Record<string, string>>;
  readonly #peers: boolean;

  constructor(lab: Lab, out: string, rounds: number) {
    this.#lab = lab;
    this.#out = out;
    this.#rounds = rounds;
    this.#env = {
      MAILCORDON_EWS_URL: lab.ewsUrl,
      MAILCORDON_USERNAME: socAddress,
      MAILCORDON_PASSWORD: labPassword,
      MAILCORDON_MAILBOX: socAddress,
      MAILCORDON_EVIDENCE_DIR: out,
      MAILCORDON_AUDIT_FILE: join(out, "audit.jsonl"),
    };
    const { MAILCORDON_USERNAME: _, MAILCORDON_PASSWORD: __, ...unsigned } = this.#env;
    this.#tokens = {
      ...unsigned,
      MAILCORDON_AUTHORITY: lab.url,
      MAILCORDON_TENANT: practiceApplication.tenant,
      MAILCORDON_CLIENT_ID: practiceApplication.clientId,
      MAILCORDON_CLIENT_SECRET: practiceApplication.secret,
      XDG_CACHE_HOME: join(out, "cache"),
    };
    this.#peers = spawnSync(python, ["-c", "import exchangelib"]).status === 0;
  }

  async start(): Promise<Measure[]> {
    const input = [program, "get-out-of-office", "--mailbox", mailbox, "--json"];
    const costs = await interleave(this.#rounds * 3, {
      floor: () => timeNode(["-e", "0"]),
      ours: () => timeNode(input, this.#env),
      "with a kept token": () => timeNode(input, this.#tokens),
      ...(this.#peers ? { exchangelib: () => runPython(this.#python("oof"), true) } : {}),
    });
    const wall = (who: string) => medianOf(costs, who, (cost) => cost.wallMs);
    return [
      over("process start: get-out-of-office", "wall", "ms", wall("ours"), wall("floor"), 60),
      over("process start with a kept token of OAuth: get-out-of-office", "wall", "ms", wall("with a kept token"), wall("floor"), 60),
      beside("process start: get-out-of-office", "wall", wall("ours"), "exchangelib", wall("exchangelib"), 0.3),
    ];
  }

  search(): Promise<Measure[]> {
    const input = ["search-emails-extended", "--mailboxes", mailbox, "--folder", "inbox", "--limit", "1000", "--json"];
    return this.#compare("1000 messages searched in one process", input, ["search", "1000"]);
  }

  mime(): Promise<Measure[]> {
    const input = ["download-mail-as-eml", "--mailbox", mailbox, "--internet-message-id", bigId, "--json"];
    return this.#compare("30 MB of MimeContent downloaded in one process", input, ["mime", bigSubject]);
  }

  /** Measures the bytes from the lab through the whole program into a file with its hashes. */
  async attachment(): Promise<Measure> {
    const input = ["get-attachments", "--mailbox", attachmentMailbox, "--internet-message-id", attachmentId, "--json"];
    const costs = await interleave(this.#rounds, { floor: () => runNode(["-e", "0"]), ours: () => this.#ours(input) });
    const rss = (who: string) => medianOf(costs, who, (cost) => cost.rssMiB);
    return over("100 MiB attachment to a file in one process, peak memory", "resident", "MiB", rss("ours"), rss("floor"), 40);
  }

  async #compare(name: string, input: readonly string[], peerInput: readonly string[]): Promise<Measure[]> {
    const javascript = resolve("bench/peer-ews-javascript-api.mjs");
    const costs = await interleave(this.#rounds, {
      floor: () => runNode(["-e", "0"]),
      ours: () => this.#ours(input),
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

  /** Returns a new evidence folder for each run: existing files would be read again and compared. */
  async #ours(input: readonly string[]): Promise<Cost> {
    const folder = await mkdtemp(join(this.#out, "ours-"));
    const cost = await runNode([program, ...input], { ...this.#env, MAILCORDON_EVIDENCE_DIR: folder });
    await rm(folder, { recursive: true });
    return cost;
  }

  #python(...input: readonly string[]): string[] {
    return [resolve("bench/peer-exchangelib.py"), this.#lab.ewsUrl, socAddress, labPassword, mailbox, ...input];
  }
}
