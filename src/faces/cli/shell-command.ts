import { flagOf } from "../field-spellings.ts";
import { width } from "./terminal.ts";

/** Breaks a command into lines of at most `columns` columns, if its flags allow that; the copied text still runs. */
export function shellLines(words: readonly string[], columns: number, indent: string): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of words) {
    // Two columns are for the backslash.
    if (line.trim() !== "" && width(line) + 1 + width(word) > columns - 2) {
      lines.push(line);
      line = `${indent}    ${word}`;
    } else line = line.trim() === "" ? `${line}${word}` : `${line} ${word}`;
  }
  return [...lines, line].join(" \\\n");
}

/** A longer list is not read any more with commas between. */
const longestList = 60;

/** Returns the words of a command line that gives an action this input; the flags follow one by one. */
export function commandWords(action: string, input: Readonly<Record<string, unknown>>): readonly string[] {
  return ["mailcordon", action, ...Object.entries(input).flatMap(([field, value]) => flagsFor(field, value))];
}

function flagsFor(field: string, value: unknown): string[] {
  const flag = flagOf(field);
  if (value === true) return [flag];
  if (value === false) return [`${flag}=false`];
  if (!isTextList(value)) return [`${flag} ${shellWord(typeof value === "object" ? JSON.stringify(value) : String(value))}`];
  const together = value.join(",");
  return (together.length > longestList ? value : [together]).map((text) => `${flag} ${shellWord(text)}`);
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** Quoted where a POSIX shell would read more than a word in it. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./\u2026-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
