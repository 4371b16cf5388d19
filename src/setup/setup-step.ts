/** One step of a set-up: what it is for, where it is in a portal, and the commands that do the same. */
export interface SetupStep {
  readonly title: string;
  /** What to know before. */
  readonly about: readonly string[];
  /** The way through the portal's menus; absent where there is none. */
  readonly portal?: string | undefined;
  /** PowerShell, a command to a line. */
  readonly lines: readonly string[];
}

/** The steps as a script to be read before it is run: everything but the commands is a comment. */
export function scriptOf(title: string, steps: readonly SetupStep[]): string {
  const texts = steps.map(({ title: name, about, portal, lines }, at) =>
    [
      `# ${at + 1}. ${name}`,
      ...about.map((sentence) => `# ${sentence}`),
      ...(portal === undefined ? [] : [`# Portal: ${portal}`]),
      ...lines,
    ].join("\n"),
  );
  return [`# ${title}\n# Read it, then run it line by line. Printing it changed nothing.`, ...texts].join("\n\n");
}
