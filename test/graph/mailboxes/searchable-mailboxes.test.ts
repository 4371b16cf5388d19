import { expect, test } from "vitest";
import { onStage } from "../stage.ts";

test("every user with a mailbox in the cloud is listed, with the directory as the source", async () => {
  const { graph } = await onStage({ onPremises: ["bob@example.com"] });
  const { source, note, mailboxes, failed, unopened } = await graph().searchableMailboxes({});
  expect(source).toBe("directory");
  expect(mailboxes.map(({ mailbox }) => mailbox).sort()).toEqual(["ann@example.com", "soc@example.com"]);
  expect(failed).toEqual([]);
  expect(note).toBe("The list is that of the directory: the Exchange Online Admin API was not used.");
  expect(unopened).toMatchObject([{ mailbox: "bob@example.com", failure: { code: "mailbox-not-found" } }]);
});

test("only mailboxes whose name or address begins with the filter are listed", async () => {
  const { graph } = await onStage();
  expect((await graph().searchableMailboxes({ filter: "an" })).mailboxes.map(({ mailbox }) => mailbox)).toEqual(["ann@example.com"]);
});

test.each([
  [[], "User.ReadBasic.All"],
  [["User.Read.All"], "MailboxSettings.Read"],
] as const)("with the permissions %j the missing one is named: %s", async (granted, missing) => {
  const { graph } = await onStage({ graph: { tokens: { some: granted } } });
  await expect(graph("some").searchableMailboxes({})).rejects.toMatchObject({
    code: "role-missing",
    message: expect.stringContaining(missing),
  });
});
