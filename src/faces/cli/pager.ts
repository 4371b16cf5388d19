import { spawn } from "node:child_process";
import type { Screen } from "./screen.ts";

/** Options of `less` where nobody set others: end at once if the text fits, pass colours on, leave the text on the screen. */
const lessOptions = "FRX";

/**
 * Shows a long text in the pager that MAILCORDON_PAGER or PAGER names, otherwise in `less`. Writes the text itself if it fits, if the variable is empty or
 * `cat`, and if the pager cannot be started.
 */
export async function page(text: string, screen: Screen, environment: NodeJS.ProcessEnv = process.env): Promise<void> {
  const { rows } = screen.stdout;
  const pager = environment.MAILCORDON_PAGER ?? environment.PAGER ?? "less";
  const fits = rows === undefined || text.split("\n").length < rows;
  if (!fits && pager !== "" && pager !== "cat" && (await isShownBy(pager, text, environment))) return;
  screen.stdout.write(`${text}\n`);
}

/** The variable is a command of the shell, as for git and man. */
function isShownBy(pager: string, text: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn("sh", ["-c", pager], { stdio: ["pipe", "inherit", "inherit"], env: { LESS: lessOptions, ...environment } });
    child.once("error", () => resolve(false));
    // 126 and 127: the shell could not run it.
    child.once("close", (code) => resolve(code !== 126 && code !== 127));
    // A reader may leave the pager before its end.
    child.stdin.on("error", () => undefined);
    child.stdin.end(`${text}\n`);
  });
}
