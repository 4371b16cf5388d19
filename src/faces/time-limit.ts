import type { Answer } from "../catalogue/answer-envelope.ts";

/** The time that one call may take. */
export interface TimeLimit {
  /** Given when it is over. */
  readonly signal: AbortSignal;
  /** Converts an answer: a call cancelled by the time limit was not cancelled by its caller. */
  asTimeout(answer: Answer): Answer;
  /** While this runs, the time stands still: it is another's, who answers when it pleases them. */
  pauseDuring<T>(work: () => Promise<T>): Promise<T>;
  /** To be called in any case. */
  end(): void;
}

/**
 * Begins to count.
 * @param milliseconds Infinity for no limit
 * @param hint a remedy other than a smaller request
 */
export function openTimeLimit(milliseconds: number, hint: string): TimeLimit {
  const stop = new AbortController();
  let left = milliseconds;
  let since = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const go = () => {
    if (milliseconds === Number.POSITIVE_INFINITY) return;
    since = performance.now();
    timer = setTimeout(() => stop.abort(), left);
  };
  go();
  return {
    signal: stop.signal,
    asTimeout(answer) {
      if (!stop.signal.aborted || answer.error?.code !== "cancelled") return answer;
      const message = `The call took longer than ${milliseconds / 1000} seconds.`;
      return { ...answer, message, error: { ...answer.error, code: "timeout", message, hint: `Request less in one call, or ${hint}.` } };
    },
    async pauseDuring(work) {
      clearTimeout(timer);
      left = Math.max(0, left - (performance.now() - since));
      try {
        return await work();
      } finally {
        go();
      }
    },
    end: () => clearTimeout(timer),
  };
}
