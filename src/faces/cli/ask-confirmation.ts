import { createInterface } from "node:readline/promises";
import type { Plan } from "../../perform/perform.ts";
import { type QuestionLayout, questionText } from "../question.ts";
import type { Screen } from "./screen.ts";

/** A person can scroll through so many. */
const most = 500;

function terminalLayout(screen: Screen): QuestionLayout {
  return {
    columns: screen.stderr.columns || 80,
    most,
    otherwise: (found) =>
      `Look at them with --dry-run, then give --yes with --expected-count ${found}, where the action has it; or name at most ${most} at a time.`,
  };
}

/** Shows what is about to be done and asks for a yes. Anything but `y` or `yes` is a no. Throws Failure when there is too much to show. */
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
