import { flagOf } from "./names.ts";

/** The command line that gives an action this input, as it is typed into a shell. */
export function commandLine(action: string, input: Readonly<Record<string, unknown>>): string {
  return ["mailcordon", action, ...Object.entries(input).map(([field, value]) => spelledFlag(field, value))].join(" ");
}

function spelledFlag(field: string, value: unknown): string {
  const flag = flagOf(field);
  if (value === true) return flag;
  if (value === false) return `${flag}=false`;
  const text = Array.isArray(value) && value.every((each) => typeof each === "string") ? value.join(",") : value;
  return `${flag} ${shellWord(typeof text === "object" ? JSON.stringify(text) : String(text))}`;
}

/** Quoted where a POSIX shell would read more than a word in it. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./…-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
