import { expect, test } from "vitest";
import { needsOf, partlyNeeds } from "../../src/doctor/required-rights.ts";

const nothing = { mailbox: false, discovery: false, changes: false, sends: false };

test("what an action needs over EWS follows from what it asks of the port", () => {
  expect(needsOf({ uses: [] })).toEqual(nothing);
  expect(needsOf({ uses: ["locate", "mime"] })).toEqual({ ...nothing, mailbox: true });
  expect(needsOf({ uses: ["locate", "junk"] })).toEqual({ ...nothing, mailbox: true, changes: true });
  expect(needsOf({ uses: ["send"] })).toEqual({ ...nothing, mailbox: true, changes: true, sends: true });
  expect(needsOf({ uses: ["searchableMailboxes"] })).toEqual({ ...nothing, discovery: true });
});

test("what it asks sometimes only is not needed for the rest", () => {
  const asked = { uses: ["search"], sometimes: [{ uses: ["searchableMailboxes"], when: "with `mailboxes` all" }] } as const;
  expect(needsOf(asked)).toEqual({ ...nothing, mailbox: true });
  expect(partlyNeeds(asked)).toEqual([{ needs: { ...nothing, discovery: true }, when: "with `mailboxes` all" }]);
});
