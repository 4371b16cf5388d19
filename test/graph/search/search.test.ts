import fc from "fast-check";
import { expect, test } from "vitest";
import type { Mailbox } from "../../../src/exchange/exchange.ts";
import type { Filters, SearchPage } from "../../../src/exchange/search/search-query.ts";
import { mail, withParts } from "../../exchange/contract-mail.ts";
import { onStage, type Stage } from "../stage.ts";

const subjects = ["Invoice 4711", "RE: Invoice 4711", "Paßwort & 'quotes' \"double\"", "inVOICE", ""];

/** Forty messages that differ in all that can be filtered by. */
function fill({ lab, ann }: Stage): void {
  const deep = ann.createFolder(ann.known("inbox"), "Deep");
  for (let number = 0; number < 40; number++) {
    const at = new Date(Date.UTC(2026, 0, 1 + (number % 10), 10, number));
    const from = ["mallory@example.org", "billing@example.net", "ann.other@example.com"][number % 3] ?? "";
    const subject = subjects[number % subjects.length] ?? "";
    const written = Buffer.from(number % 7 === 0 ? withParts : mail(subject, { id: `<n${number}@example.org>` })).toString("latin1");
    const mime = Buffer.from(written.replace("mallory@example.org", from).replace("Mallory", `Name ${number % 3}`), "latin1");
    const item = lab.store.deliver(mime, { from, to: [ann.address], at })[0]?.item;
    if (item === undefined) throw new Error("It was not delivered.");
    ann.update(item, {
      isRead: number % 5 === 0,
      importance: number % 6 === 0 ? "High" : "Normal",
      categories: number % 4 === 0 ? ["Blue", "Red cat"] : [],
    });
    if (number % 8 === 0) ann.move(item, number % 16 === 0 ? deep : ann.known("deleteditems"));
  }
}

const names = async (page: SearchPage): Promise<string[]> =>
  page.messages.map(({ receivedAt, internetMessageId, folderPath, subject }) =>
    [receivedAt?.slice(0, 19), internetMessageId, folderPath, subject].join(" "),
  );

/** Every page of a search. */
async function everything(mailbox: Mailbox, filters: Filters, limit: number): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await mailbox.search({ filters, limit, cursor });
    found.push(...(await names(page)));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}

/** Seldom: each that is given leaves fewer messages to find. */
const maybe = <T>(values: readonly T[]) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...values) });

const anyFilters: fc.Arbitrary<Filters> = fc.record({
  subject: maybe(["invoice", "Invoice 4711", "'quotes'", '"double"', "&"]),
  subjectMatch: maybe(["contains", "equals", "prefix"] as const),
  sender: maybe(["mallory@example.org", "example.net", "MALLORY", "ann"]),
  recipient: maybe(["ann@example.com", "nobody"]),
  body: maybe(["this & that", "See below"]),
  attachmentName: maybe(["invoice", "empty.bin"]),
  internetMessageId: maybe([["<n3@example.org>"], ["n5@example.org", "<n6@example.org>"]]),
  receivedAfter: maybe(["2026-01-03T00:00:00Z", "2026-01-05T10:04:00Z"]),
  receivedBefore: maybe(["2026-01-08T00:00:00Z", "2026-01-05T10:04:00Z"]),
  hasAttachments: maybe([true, false]),
  isUnread: maybe([true, false]),
  minSize: maybe([1, 400]),
  maxSize: maybe([400]),
  importance: maybe(["High", "Normal"] as const),
  category: maybe(["blue", "Red cat", "Red"]),
  itemClass: maybe(["IPM.Note", "IPM.Schedule"]),
});

test("the same search over EWS and over Graph finds the same messages in the same order", async () => {
  const stage = await onStage();
  fill(stage);
  const [ews, graph] = [stage.ews.mailbox(stage.ann.address), stage.graph().mailbox(stage.ann.address)];
  let some = 0;
  await fc.assert(
    fc.asyncProperty(anyFilters, fc.constantFrom(3, 100), async (filters, limit) => {
      const found = await everything(graph, filters, limit);
      expect(found).toEqual(await everything(ews, filters, limit));
      if (found.length > 0) some += 1;
    }),
    { numRuns: 60 },
  );
  expect(some).toBeGreaterThan(5);
});

test("a folder is searched with or without its subfolders", async () => {
  const stage = await onStage();
  fill(stage);
  const [ews, graph] = [stage.ews.mailbox(stage.ann.address), stage.graph().mailbox(stage.ann.address)];
  for (const asked of [
    { folder: "Inbox" },
    { folder: "inbox", recursive: false },
    { folder: "Inbox/Deep" },
    { includeRecoverable: true },
  ]) {
    const page = await graph.search({ filters: {}, limit: 100, ...asked });
    expect(await names(page)).toEqual(await names(await ews.search({ filters: {}, limit: 100, ...asked })));
    expect(page.messages.length).toBeGreaterThan(0);
  }
});

test("the answer reports for each filter whether the server applied it", async () => {
  const stage = await onStage();
  const page = await stage
    .graph()
    .mailbox(stage.ann.address)
    .search({
      filters: { isUnread: true, subject: "x", subjectMatch: "equals", body: "y", receivedAfter: "2026-01-01T00:00:00Z" },
      limit: 5,
    });
  expect(page.applied).toEqual({ isUnread: "server", subject: "server", receivedAfter: "server", body: "client" });
});
