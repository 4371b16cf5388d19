import { expect, test } from "vitest";
import { Timeline } from "../../scripts/demo-timeline.ts";
import type { Answer } from "../../src/catalogue/answer-envelope.ts";

function told(answer: Partial<Answer>, columns = 60): string[] {
  const lines: string[] = [];
  const counts = { requested: 2, succeeded: 2, failed: 0, not_found: 0 };
  new Timeline((line) => lines.push(line), columns).answer({ success: true, message: "Done.", action: "junk-mail", counts, ...answer });
  return lines;
}

test("a limit of the back end is printed once, complete and without control characters", () => {
  const note = "The message was moved; nobody was blocked, since \u001b[31mMicrosoft Graph cannot do that, whoever asks.";
  const results = [{ status: "done" as const, note }, { status: "done" as const, note }, { status: "done" as const }];
  const lines = told({ results });
  expect(lines[0]).toBe("   → Done.");
  expect(
    lines
      .slice(1)
      .map((line) => line.trim())
      .join(" "),
  ).toBe(note.replace("\u001b", "\u241b"));
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
});

test("a note about the whole answer is printed as well if there is one", () => {
  expect(told({ note: "It is the list of the directory." })).toEqual(["   → Done.", "     It is the list of the directory."]);
  expect(told({ results: [{ status: "done" }] })).toEqual(["   → Done."]);
});
