import { describe, expect, test } from "vitest";
import { withWaits } from "../../../src/commands/sweep/subcommand-context.ts";

describe("the line of progress", () => {
  test("keeps the counts beside the reason for a wait, until the wait is over", () => {
    const shown: string[] = [];
    let now = 0;
    const say = withWaits(
      (text) => shown.push(text),
      () => now,
    );
    say("3 of 9 messages");
    say("waiting 12 s: Exchange asked for it");
    now = 5000;
    say("4 of 9 messages");
    now = 13_000;
    say("5 of 9 messages");
    say("waiting: other processes of mailcordon use what Exchange allows");
    say("6 of 9 messages");
    expect(shown).toEqual([
      "3 of 9 messages",
      "3 of 9 messages; waiting 12 s: Exchange asked for it",
      "4 of 9 messages; waiting 12 s: Exchange asked for it",
      "5 of 9 messages",
      "5 of 9 messages; waiting: other processes of mailcordon use what Exchange allows",
      "6 of 9 messages",
    ]);
  });
});
