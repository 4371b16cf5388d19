import { expect, test } from "vitest";
import { openSweepFixture } from "../sweep-fixture.ts";

const campaign = "<campaign.1@mailer.example.net>";

test("a plan for 400 mailboxes makes with message trace at most 5 % of the requests of a search", async () => {
  const fixture = await openSweepFixture("graph", { seed: false });
  try {
    const { store, requests } = fixture.host.lab;
    const people = Array.from({ length: 400 }, (_, at) => `user${at}@example.com`);
    for (const address of people) store.addUser({ address });
    const mime = Buffer.from(`From: m@example.net\r\nSubject: Invoice\r\nMessage-ID: ${campaign}\r\n\r\nPay.\r\n`);
    const at = new Date(Date.now() - 60_000);
    store.deliver(mime, { from: "m@example.net", to: people.filter((_, number) => number % 100 === 7), at });
    /** Requests to Graph, those of a batch each for itself. */
    const counted = async (...words: readonly string[]) => {
      const before = requests.length;
      const planned = await fixture.sweep("plan", "--then", "delete-email", "--internet-message-id", campaign, ...words);
      expect(planned).toMatchObject({ exit: 0, counts: { messages: 4, mailboxes: 4 } });
      return requests.slice(before).reduce((sum, { inner = [] }) => sum + Math.max(1, inner.length), 0);
    };
    const trace = await counted("--find", "trace", "--residue", "none");
    const scan = await counted("--mailboxes", "all", "--residue", "none");
    expect(scan).toBeGreaterThan(800);
    expect(trace / scan).toBeLessThan(0.05);
  } finally {
    await fixture.close();
  }
});
