import type { Answer } from "../src/catalogue/answer-envelope.ts";
import { commandWords, shellLines } from "../src/faces/cli/shell-command.ts";
import { cut, harmless, pad, width, wrap } from "../src/faces/cli/terminal.ts";

const indent = "   ";

/** Prints a story for people: a heading per step, the equivalent command, and its results. Control characters in text of messages are escaped. */
export class Timeline {
  readonly #began = performance.now();
  readonly #write: (line: string) => void;
  readonly #columns: number;
  #step = 0;

  /** `columns`: width of the terminal. */
  constructor(write: (line: string) => void, columns: number) {
    this.#write = write;
    this.#columns = columns;
  }

  step(heading: string): void {
    this.#step += 1;
    const seconds = `${((performance.now() - this.#began) / 1000).toFixed(1)} s`;
    const [first = "", ...rest] = wrap(`${this.#step}. ${heading}`, this.#columns - seconds.length - 2, indent).split("\n");
    this.#write("");
    this.#write(`${pad(first, this.#columns - width(seconds))}${seconds}`);
    for (const line of rest) this.#write(line);
  }

  /** Prints the equivalent command. Item ids are cut, because the next lab has other ids. */
  command(action: string, input: Readonly<Record<string, unknown>>, asksFirst: boolean): void {
    const yes = asksFirst && input.dry_run !== true ? ["--yes"] : [];
    const shown = Object.fromEntries(
      Object.entries(input).map(([name, value]) => [name, typeof value === "string" ? shortened(value) : value]),
    );
    const words = ["$ npx", ...commandWords(action, shown), ...yes].map(harmless);
    this.#write("");
    for (const line of shellLines(words, this.#columns, indent).split("\n")) this.#write(line);
  }

  answer(answer: Answer): void {
    this.say(`→ ${answer.message}`);
    for (const result of answer.results ?? []) {
      if (result.error !== undefined) this.say(`  ${result.status}: ${result.error.message}`);
    }
    // Limits of the back end are printed once, not for every result.
    const notes = [answer, ...(answer.results ?? [])].flatMap(({ note }) => (typeof note === "string" ? [note] : []));
    for (const note of new Set(notes)) {
      for (const line of wrap(harmless(note), this.#columns - indent.length - 2).split("\n")) this.say(`  ${line}`);
    }
  }

  /** Prints a line below the step. */
  say(text: string): void {
    this.#write(`${indent}${cut(harmless(text), this.#columns - indent.length)}`.trimEnd());
  }

  /** Prints rows as columns. */
  rows(rows: readonly (readonly string[])[]): void {
    const columns = rows[0]?.map((_, at) => Math.max(...rows.map((row) => width(harmless(row[at] ?? ""))))) ?? [];
    for (const row of rows)
      this.say(`  ${row.map((text, at) => (at === row.length - 1 ? harmless(text) : pad(harmless(text), columns[at] ?? 0))).join("  ")}`);
  }
}

function shortened(id: string): string {
  return /^[\w+/=-]{60,}$/.test(id) ? `${id.slice(0, 6)}…${id.slice(-10)}` : id;
}
