import type { DescribedProgram } from "../program-definition.ts";

/** One section of the page: a heading and a text as the help prints it. */
export interface ManSection {
  readonly heading: string;
  readonly text: string;
}

/** Returns the man page in roff (man(7)): the name, and the help texts in the form in which the terminal shows them. */
export function manPage(program: DescribedProgram, sections: readonly ManSection[]): string {
  const version = roff(program.version());
  return [
    `.TH MAILCORDON 1 "" "mailcordon ${version}" "User Commands"`,
    ".SH NAME",
    roff("mailcordon - incident response for Exchange mailboxes"),
    ...sections.flatMap(({ heading, text }) => [`.SH ${roff(heading.toUpperCase())}`, ".nf", ...text.split("\n").map(roff), ".fi"]),
    "",
  ].join("\n");
}

/** Escapes a line, so that roff prints every character as it is. */
function roff(line: string): string {
  const escaped = line
    .replace(/\\/g, "\\e")
    .replace(/-/g, "\\-")
    .replace(/'/g, "\\(aq")
    .replace(/`/g, "\\(ga")
    .replace(/\^/g, "\\(ha")
    .replace(/~/g, "\\(ti");
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}
