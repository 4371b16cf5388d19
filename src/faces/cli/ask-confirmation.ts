import { createInterface } from "node:readline/promises";
import type { Plan } from "../../perform/perform.ts";
import { type QuestionLayout, questionText } from "../question.ts";
import type { Screen } from "./screen.ts";

/** A person can scroll through this many items. */
const most = 500;

function terminalLayout(screen: Screen): QuestionLayout {
  return {
    columns: screen.stderr.columns || 80,
    most,
    otherwise: (found) =>
      `Check them with --dry-run, then use --yes with --expected-count ${found}, if the action has it; or name at most ${most} at a time.`,
  };
}

/** Shows the planned action and asks for confirmation. Only `y` or `yes` confirms. Throws Failure if there is too much to show. */
export async function ask(plan: Plan, screen: Screen): Promise<boolean> {
  screen.stderr.write(`${await questionText(plan, terminalLayout(screen))}\n`);
  const questions = createInterface({ input: screen.stdin });
  // Ctrl-D closes without an answer.
  const closed = new Promise<undefined>((resolve) => questions.once("close", () => resolve(undefined)));
  let answer: string | undefined;
  try {
    screen.stderr.write("Go on? [y/N] ");
    answer = await Promise.race([questions.question("", { signal: screen.signal }), closed]);
    return answer !== undefined && /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    // Ctrl-C and Ctrl-D leave the cursor behind the question.
    if (answer === undefined) screen.stderr.write("\n");
    questions.close();
  }
}
