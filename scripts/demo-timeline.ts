import type { Answer } from "../src/answer.ts";
import { flagOf } from "../src/faces/names.ts";
import { harmless } from "../src/faces/terminal.ts";

/** Prints a story for people: a heading per step, the command that does the same, and what came of it. Text from mail is made harmless. */
export class Timeline {
  readonly #began = performance.now();
  readonly #write: (line: string) => void;
  #step = 0;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  step(heading: string): void {
    this.#step += 1;
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(2).padStart(6);
    this.#write(`\n${seconds} s  ${this.#step}. ${heading}`);
  }

  /** The command of the same meaning, long ids shortened: it is to be read, and the ids of the next lab are others. */
  command(action: string, input: Readonly<Record<string, unknown>>, asksFirst: boolean): void {
    const flags = Object.entries(input).map(([name, value]) => {
      const words = (Array.isArray(value) ? value : [value]).map((each) => shortened(String(each))).join(",");
      return value === true ? flagOf(name) : `${flagOf(name)} ${shellWord(words)}`;
    });
    const yes = asksFirst && input.dry_run !== true ? ["--yes"] : [];
    this.say(`$ mailcordon ${[action, ...flags, ...yes].join(" ")}`, 200);
  }

  answer(answer: Answer): void {
    this.say(answer.message);
    if (answer.error !== undefined) this.say(`${answer.error.code}: ${answer.error.message}`);
    for (const result of answer.results ?? []) {
      if (result.error !== undefined) this.say(`  ${result.status}: ${result.error.code}: ${result.error.message}`);
    }
  }

  /** A line below the step, cut at a width that fits most terminals. */
  say(text: string, width = 140): void {
    const line = harmless(text);
    this.#write(`          ${line.length > width ? `${line.slice(0, width - 1)}…` : line}`);
  }
}

function shortened(id: string): string {
  return /^[\w+/=-]{60,}$/.test(id) ? `${id.slice(0, 6)}…${id.slice(-10)}` : id;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./…-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
