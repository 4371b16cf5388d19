import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { search } from "../../../src/ews/search/search.ts";
import { reply } from "../../../src/ews/sending/reply-message.ts";
import { send } from "../../../src/ews/sending/send-message.ts";
import type { EwsMailbox } from "../../../src/ews/session/mailbox.ts";
import type { Message } from "../../../src/exchange/message.ts";
import { Failure } from "../../../src/failure.ts";
import type { FaultKind } from "../../../src/lab/faults.ts";
import { type Lab, startLab } from "../../../src/lab/lab.ts";
import { connect } from "../scripted.ts";

const ana = "user01@example.com";
const ben = "user02@example.com";

let lab: Lab;
let close: () => void = () => undefined;
let from: EwsMailbox;
let to: EwsMailbox;
beforeAll(async () => {
  lab = await startLab({ password: "lab-password" });
});
afterAll(() => lab.close());

/** Opens a new connection, so that no test waits because of another test's throttling. */
function open(): void {
  close();
  const one = connect(lab.ewsUrl, `${ana}:lab-password`);
  const other = connect(lab.ewsUrl, `${ben}:lab-password`);
  from = one.mailbox(ana);
  to = other.mailbox(ben);
  close = () => {
    one.close();
    other.close();
  };
}
beforeEach(open);
afterAll(() => close());

const pace = { settle: [0, 0, 0, 0], find: [0, 0] };
const none = { sha256: () => Promise.reject(new Error("not asked")), inside: async () => [] };

async function find(mailbox: EwsMailbox, subject: string, folder: string): Promise<readonly Message[]> {
  return (await search(mailbox, { filters: { subject, subjectMatch: "equals" }, folder, recursive: false, limit: 50 }, none)).messages;
}

const bytes = Buffer.from("evidence");
const attachment = {
  name: "a.txt",
  size: bytes.length,
  async *open() {
    yield bytes;
  },
};

/** Which faults stand in the way of which request of a sending. */
const faults: FaultKind[] = [
  "server-busy-fault",
  "server-busy-item",
  "connection-count-fault",
  "401",
  "403",
  "500",
  "503",
  "reset-before",
  "reset-after",
  "reset-mid-body",
  "truncate",
  "batch-stopped",
  "item-error",
];
const cases = ["CreateItem", "CreateAttachment", "SendItem", "FindItem", "GetItem"].flatMap((operation) =>
  faults.flatMap((kind) => [1, 2].map((times) => ({ operation, kind, times }))),
);

/** The answer must be true: a message reported as sent arrived once; one reported as not sent did not arrive, and left no draft. */
async function holds(subject: string, outcome: PromiseSettledResult<unknown>): Promise<void> {
  lab.clearFaults();
  open();
  const arrived = (await find(to, subject, "inbox")).length;
  const drafts = (await find(from, subject, "drafts")).length;
  expect(arrived).toBeLessThanOrEqual(1);
  if (outcome.status === "fulfilled") {
    expect({ arrived, drafts }).toEqual({ arrived: 1, drafts: 0 });
    return;
  }
  expect(outcome.reason).toBeInstanceOf(Failure);
  if (outcome.reason.code === "unknown-outcome") return;
  expect({ arrived, message: outcome.reason.message }).toEqual({ arrived: 0, message: expect.stringContaining("Nothing was sent") });
  // If the server itself cannot be reached, the draft cannot be deleted, and the answer reports that.
  if (!/may be left/.test(outcome.reason.message)) expect(drafts).toBe(0);
}

describe("over the lab, a message arrives once or not at all, as the answer reports,", () => {
  test.each(cases)("when $operation meets $kind $times times", async ({ operation, kind, times }) => {
    const subject = `send ${operation} ${kind} ${times}`;
    lab.addFault({ kind, operation, mailbox: ana, times });
    const draft = { to: [{ address: ben }], subject, text: "Look out.", attachments: [attachment] };
    const [outcome] = await Promise.allSettled([send(from, draft, pace)]);
    await holds(subject, outcome);
  });

  test.each(cases.filter(({ operation }) => operation === "SendItem"))(
    "without a copy, when $operation meets $kind $times times",
    async ({ operation, kind, times }) => {
      const subject = `uncopied ${operation} ${kind} ${times}`;
      lab.addFault({ kind, operation, mailbox: ana, times });
      const [outcome] = await Promise.allSettled([send(from, { to: [{ address: ben }], subject, text: "x", saveToSent: false }, pace)]);
      await holds(subject, outcome);
      expect(await find(from, subject, "sentitems")).toEqual([]);
    },
  );

  test.each(faults.flatMap((kind) => ["CreateItem", "UpdateItem", "SendItem"].map((operation) => ({ operation, kind }))))(
    "a reply, when $operation meets $kind",
    async ({ operation, kind }) => {
      const subject = `asked ${operation} ${kind}`;
      await send(to, { to: [{ address: ana }], subject, text: "?" }, pace);
      const [question] = await find(from, subject, "inbox");
      lab.addFault({ kind, operation, mailbox: ana });
      const [outcome] = await Promise.allSettled([reply(from, { itemId: question?.itemId ?? "", all: false, text: "!" }, pace)]);
      await holds(`RE: ${subject}`, outcome);
    },
  );
});

test("a reply has its text above the original, its own headers, and a reference to the original", async () => {
  await send(to, { to: [{ address: ana }], subject: "Is this real?", html: "<p>Look <b>here</b></p>" }, pace);
  const [question] = await find(from, "Is this real?", "inbox");
  const sent = await reply(
    from,
    {
      itemId: question?.itemId ?? "",
      all: true,
      html: "<p>No.</p>",
      headers: [{ name: "X-Case", value: "INC-7" }],
      attachments: [attachment],
    },
    pace,
  );
  expect(sent).toMatchObject({ subject: "RE: Is this real?", to: [{ address: ben }] });
  const [answer] = (
    await search(
      to,
      {
        filters: { internetMessageId: [sent.internetMessageId ?? ""] },
        folder: "inbox",
        limit: 1,
        detail: { headers: true, body: "html", attachments: true },
      },
      none,
    )
  ).messages;
  expect(answer?.bodyHtml).toMatch(/<p>No\.<\/p>[\s\S]*Look <b>here<\/b>/);
  expect(answer?.attachments).toMatchObject([{ name: "a.txt", size: 8 }]);
  expect(answer?.headers).toContainEqual({ name: "X-Case", value: "INC-7" });
  expect(answer?.headers).toContainEqual({ name: "In-Reply-To", value: question?.internetMessageId });
});

test("the mark of a message does not reach its recipients", async () => {
  await send(from, { to: [{ address: ben }], subject: "unmarked", text: "x" }, pace);
  const detail = { headers: true, body: "text" as const };
  const [got] = (await search(to, { filters: { subject: "unmarked" }, folder: "inbox", limit: 1, detail }, none)).messages;
  expect(JSON.stringify(got)).not.toMatch(/mailcordon/i);
});
