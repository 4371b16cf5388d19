import { cut, harmless } from "./terminal.ts";

/** The terminal that is written to. */
interface Terminal {
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** One line of a terminal with the progress of the work. It is erased at the end. */
export interface Progress {
  readonly say: (text: string) => void;
  end(): void;
}

/** Shows each text in the place of the one before. */
export function openProgress(terminal: Terminal): Progress {
  let shown = false;
  const erase = () => {
    // Carriage return and EL, "erase in line" (ECMA-48 section 8.3.41).
    if (shown) terminal.write("\r\u001b[K");
    shown = false;
  };
  return {
    say: (text) => {
      erase();
      // The last column stays free: a terminal may wrap when it is written to.
      terminal.write(cut(harmless(text), (terminal.columns || 80) - 1));
      shown = true;
    },
    end: erase,
  };
}
