import { readFileSync } from "node:fs";

/** One block of code in a guide. */
export interface Block {
  /** The first word behind the three signs: `sh`, `yaml`. */
  readonly language: string;
  /** The label of the block, which names where it can be run. */
  readonly place: string;
  /** The comment before the block, for a person who tries the guide. */
  readonly note: string;
  readonly text: string;
}

/** The blocks of a guide of docs/, in their order. */
export function blocksOf(name: string): readonly Block[] {
  const text = readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");
  const blocks = text.matchAll(/(?:^<!-- (.*) -->\n)?^```(\w*) ?(\w*)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, note = "", language = "", place = "", inside = ""]) => ({ language, place, note, text: inside }));
}

/** The cells of the table that begins with this column, without its head. */
export function tableOf(name: string, column: string): readonly (readonly string[])[] {
  const lines = readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8").split("\n");
  const from = lines.findIndex((line) => line.startsWith(`| ${column} |`));
  const rows = lines.slice(from + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  return rows.slice(0, end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Whether a text is what a guide shows, in which `…` stands for anything; spaces and lines do not count. */
export function isShown(shown: string, said: string): boolean {
  const [first = "", ...pieces] = bare(shown).split("…");
  const text = bare(said);
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of pieces) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  const last = pieces.at(-1);
  return last === undefined ? at === text.length : text.endsWith(last);
}

function bare(text: string): string {
  return text.replace(/\s+/g, "");
}
