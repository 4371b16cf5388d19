import { createInterface } from "node:readline/promises";
import type { Plan } from "../perform.ts";
import type { Screen } from "./screen.ts";
import { table } from "./table.ts";
import { harmless } from "./terminal.ts";

// So many rows still fit on a screen with the question below them.
const rowsShown = 15;

/** Shows what is about to be done and asks for a yes. Anything but `y` or `yes` is a no. */
export async function ask(plan: Plan, screen: Screen): Promise<boolean> {
  screen.stderr.write(`${planText(plan, screen.stderr.columns || 80)}\n`);
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

/** The plan as a person reads it. */
export function planText(plan: Plan, columns: number): string {
  const { title, mailbox, noun, done, columns: first, rows } = plan;
  const many = rows.length === 1 ? `1 ${noun}` : `${rows.length} ${noun}s`;
  const more = rows.length > rowsShown ? [`… and ${rows.length - rowsShown} more`] : [];
  return [
    `${title}: ${many} in ${harmless(mailbox)} would be ${done}.`,
    "",
    table(rows.slice(0, rowsShown), columns, { first, note: false }),
    ...more,
    "",
  ].join("\n");
}
