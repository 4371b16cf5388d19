/** What a person reads while waiting. Characters. */
const longestProgress = 500;

/** Writes the newest of many texts, one write at a time; what comes meanwhile is written after. */
export function openProgressWriter(write: (text: string) => Promise<void>): { tell(text: string): void; end(): Promise<void> } {
  let next: string | undefined;
  let writing: Promise<void> | undefined;
  const go = async () => {
    for (let text = next; text !== undefined; text = next) {
      next = undefined;
      // The work goes on without it: the next text, or the answer, which is written with patience, says more.
      await write(text).catch(() => undefined);
    }
    writing = undefined;
  };
  return {
    tell(text) {
      next = text.replaceAll("\u0000", "").slice(0, longestProgress);
      writing ??= go();
    },
    end: async () => {
      await writing;
    },
  };
}
