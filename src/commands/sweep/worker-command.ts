import { readFlags } from "../../faces/cli/program-flags.ts";
import type { Screen } from "../../faces/cli/screen.ts";
import { harmlessJson } from "../../text/harmless-json.ts";
import { withSubcommandContext } from "./subcommand-context.ts";
import { workerUsage } from "./usage.ts";

/** Runs `mailcordon worker`. Returns the exit code after the worker was stopped. Throws Failure if it cannot start. */
export async function runWorker(words: readonly string[], screen: Screen): Promise<number> {
  const line = readFlags(words, [], ["config", "json", "quiet", "help"]);
  if (line.program.help) {
    screen.stdout.write(workerUsage);
    return 0;
  }
  return withSubcommandContext(line, screen, async (context) => {
    const worker = await context.work();
    try {
      screen.stdout.write(`${harmlessJson({ success: true, message: "mailcordon works on sweeps.", worker: context.state.instance })}\n`);
      await new Promise<void>((resolve) => {
        if (screen.signal.aborted) resolve();
        screen.signal.addEventListener("abort", () => resolve(), { once: true });
      });
    } finally {
      await worker.close();
    }
    return 0;
  });
}
