/** In characters. A user reads no more than this. */
const longestProgress = 500;

/** Writes the newest of many texts, one write at a time; a text that arrives meanwhile is written next. */
export function openProgressWriter(write: (text: string) => Promise<void>): { tell(text: string): void; end(): Promise<void> } {
  let next: string | undefined;
  let writing: Promise<void> | undefined;
  const go = async () => {
    for (let text = next; text !== undefined; text = next) {
      next = undefined;
      // The work continues after a failed write: the next text, or the answer, which is retried until written, says more.
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
