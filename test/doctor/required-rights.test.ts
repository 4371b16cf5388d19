import { expect, test } from "vitest";
import { partlyNeeds, requiredRightsOf } from "../../src/doctor/required-rights.ts";

const nothing = { mailbox: false, discovery: false, changes: false, sends: false };

test("the rights of an action over EWS follow from the methods of the port that it uses", () => {
  expect(requiredRightsOf({ uses: [] })).toEqual(nothing);
  expect(requiredRightsOf({ uses: ["locate", "mime"] })).toEqual({ ...nothing, mailbox: true });
  expect(requiredRightsOf({ uses: ["locate", "junk"] })).toEqual({ ...nothing, mailbox: true, changes: true });
  expect(requiredRightsOf({ uses: ["send"] })).toEqual({ ...nothing, mailbox: true, changes: true, sends: true });
  expect(requiredRightsOf({ uses: ["searchableMailboxes"] })).toEqual({ ...nothing, discovery: true });
});

test("the rights of a method used only sometimes are not needed otherwise", () => {
  const asked = { uses: ["search"], sometimes: [{ uses: ["searchableMailboxes"], when: "with `mailboxes` all" }] } as const;
  expect(requiredRightsOf(asked)).toEqual({ ...nothing, mailbox: true });
  expect(partlyNeeds(asked)).toEqual([{ needs: { ...nothing, discovery: true }, when: "with `mailboxes` all" }]);
});
