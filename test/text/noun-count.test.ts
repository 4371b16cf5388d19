import { describe, expect, test } from "vitest";
import { counted } from "../../src/text/noun-count.ts";

describe("counted", () => {
  test.each([
    [0, "mailbox", "0 mailboxes"],
    [1, "mailbox", "1 mailbox"],
    [2, "mailbox", "2 mailboxes"],
    [2, "copy", "2 copies"],
    [2, "key", "2 keys"],
    [1, "address", "1 address"],
    [3, "address", "3 addresses"],
    [2, "message", "2 messages"],
  ])("writes %i and the noun %s as %s", (count, noun, text) => {
    expect(counted(count, noun)).toBe(text);
  });

  test("takes both forms of a clause", () => {
    expect([1, 2].map((count) => counted(count, "mailbox waits", "mailboxes wait"))).toEqual(["1 mailbox waits", "2 mailboxes wait"]);
  });
});
