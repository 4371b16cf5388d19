/** One step of a set-up: its purpose, its place in a portal, and the commands that do the same. */
export interface SetupStep {
  readonly title: string;
  /** Facts to know before the step. */
  readonly about: readonly string[];
  /** The path through the portal's menus; absent if there is none. */
  readonly portal?: string | undefined;
  /** PowerShell, one command per line. */
  readonly lines: readonly string[];
  /** The text of `mailcordon.yaml` with the known values. */
  readonly settings?: string | undefined;
}

/** Returns the steps as a script to read before running: everything but the commands is a comment. */
export function scriptOf(title: string, steps: readonly SetupStep[]): string {
  const texts = steps.map(({ title: name, about, portal, lines, settings }, at) =>
    [
      `# ${at + 1}. ${name}`,
      ...about.map((sentence) => `# ${sentence}`),
      ...(portal === undefined ? [] : [`# Portal: ${portal}`]),
      ...lines,
      ...(settings === undefined
        ? []
        : settings
            .trimEnd()
            .split("\n")
            .map((line) => `#     ${line}`)),
    ].join("\n"),
  );
  return [`# ${title}\n# Read it, then run it line by line. Printing it changed nothing.`, ...texts].join("\n\n");
}
