import { expect, onTestFinished, test } from "vitest";
import { failure, folderTree, reply, startScripted } from "../scripted.ts";

test("a folder that the server says exists, and never lists, ends as its failure after one retry", async () => {
  const server = await startScripted(({ operation }) =>
    operation === "FindFolder" ? folderTree([{ id: "inbox", name: "Inbox" }]) : reply(operation, failure(operation, "ErrorFolderExists")),
  );
  onTestFinished(() => server.close());
  await expect(server.mailbox().folders.create("Inbox/Cases")).rejects.toMatchObject({ wireCode: "ErrorFolderExists" });
  expect(server.asked.filter(({ operation }) => operation === "CreateFolder")).toHaveLength(2);
}, 20_000);
