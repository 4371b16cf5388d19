import { expect, test } from "vitest";
import { mail } from "../exchange/contract-mail.ts";
import { onStage, type Stage } from "./stage.ts";

/** Delivers so many, an hour apart from the first of January on. */
function deliver({ lab, ann }: Stage, count: number, hoursApart: number): void {
  for (let number = 0; number < count; number++) {
    const at = new Date(Date.UTC(2026, 0, 1) + number * hoursApart * 3_600_000);
    lab.store.deliver(mail(`wire transfer ${number}`, { id: `<k${number}@example.org>` }), {
      from: "a@example.org",
      to: [ann.address],
      at,
    });
  }
}

test("a query finds what the server's index knows, newest first, with ids that a move does not change", async () => {
  const stage = await onStage();
  deliver(stage, 5, 24);
  const mailbox = stage.graph().mailbox(stage.ann.address);
  const page = await mailbox.search({ filters: { query: 'subject:"wire transfer"', receivedAfter: "2026-01-03T00:00:00Z" }, limit: 10 });
  expect(page.messages.map(({ subject }) => subject)).toEqual(["wire transfer 4", "wire transfer 3", "wire transfer 2"]);
  expect(page.applied).toEqual({ query: "server", receivedAfter: "client" });
  for (const { itemId } of page.messages) expect(itemId).toMatch(/^AAkALg/);
});

test("where ids may not be translated the messages are found all the same", async () => {
  const stage = await onStage({ graph: { tokens: { mail: ["Mail.Read"] } } });
  deliver(stage, 2, 24);
  const page = await stage
    .graph("mail")
    .mailbox(stage.ann.address)
    .search({ filters: { query: "subject:wire" }, limit: 10 });
  expect(page.messages.map(({ subject }) => subject)).toEqual(["wire transfer 1", "wire transfer 0"]);
  // The ids that change with every move.
  for (const { itemId } of page.messages) expect(itemId).not.toMatch(/^AAkALg/);
});

test("more than a search can have are found over shorter times, each once", { timeout: 120_000 }, async () => {
  const stage = await onStage();
  deliver(stage, 2300, 2);
  const page = await stage
    .graph()
    .mailbox(stage.ann.address)
    .search({ filters: { query: "subject:wire" }, limit: 3000 });
  expect(page.messages.map(({ subject }) => subject)).toEqual(Array.from({ length: 2300 }, (_, index) => `wire transfer ${2299 - index}`));
  expect(page.unsearched).toBeUndefined();
});

test("a day with more than a search can have is told as not wholly searched", { timeout: 120_000 }, async () => {
  const stage = await onStage();
  deliver(stage, 1100, 0.02);
  const page = await stage
    .graph()
    .mailbox(stage.ann.address)
    .search({ filters: { query: "subject:wire" }, limit: 3000 });
  expect(page.messages.length).toBe(1000);
  expect(page.unsearched?.map(({ failure }) => failure.code)).toEqual(["too-large"]);
});
