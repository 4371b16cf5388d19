import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { openEws } from "../../src/ews/ews.ts";
import type { Mailbox } from "../../src/exchange/exchange.ts";
import { asFailure, type Failure } from "../../src/failure.ts";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { labPassword } from "../../src/lab/store/store.ts";
import type { Outcome } from "../../src/outcome.ts";
import { scripted } from "../ews/scripted-server.ts";
import { mail, withParts } from "./contract-mail.ts";
import { all, bytesOf } from "./contract-stage.ts";

const account = "soc@example.com";
const ann = "ann@example.com";

/** What is asked of a mailbox; the failures of what came, and how many outcomes there must be. */
type Ask = (mailbox: Mailbox, ids: readonly string[]) => Promise<readonly (Failure | undefined)[]>;

const failuresOf = (outcomes: readonly Outcome<unknown>[]) => outcomes.map((outcome) => (outcome.ok ? undefined : outcome.failure));
const each =
  (ask: (mailbox: Mailbox, ids: readonly string[]) => AsyncIterable<Outcome<unknown>>): Ask =>
  async (mailbox, ids) => {
    const outcomes = await all(ask(mailbox, ids));
    expect(outcomes).toHaveLength(ids.length);
    return failuresOf(outcomes);
  };
const one =
  (ask: (mailbox: Mailbox) => Promise<unknown>): Ask =>
  async (mailbox) => {
    await ask(mailbox);
    return [];
  };

const asks: Readonly<Record<string, Ask>> = {
  get: each((mailbox, ids) => mailbox.get(ids, { recipients: true, attachments: true, headers: true, body: "html" })),
  locate: each((mailbox, ids) => mailbox.locate(ids.map((itemId) => ({ itemId, internetMessageId: "<parts@example.org>" })))),
  attachments: each((mailbox, ids) => mailbox.attachments(ids)),
  copy: each((mailbox, ids) => mailbox.copy(ids, { folder: "archive" })),
  delete: each((mailbox, ids) => mailbox.delete(ids, "soft")),
  junk: each((mailbox, ids) => mailbox.junk(ids, { isJunk: true, move: true })),
  mime: async (mailbox, ids) => {
    const failures: (Failure | undefined)[] = [];
    for await (const outcome of mailbox.mime(ids)) {
      if (!outcome.ok) failures.push(outcome.failure);
      else failures.push(await bytesOf(outcome.value.bytes).then(() => undefined, asFailure));
    }
    expect(failures).toHaveLength(ids.length);
    return failures;
  },
  search: one((mailbox) => mailbox.search({ filters: { subject: "e", body: "this" }, limit: 3, detail: { body: "text" } })),
  folder: one((mailbox) => mailbox.folder("Inbox/Deep")),
  contacts: one((mailbox) => mailbox.contacts({ limit: 5 })),
  "out of office": one((mailbox) => mailbox.outOfOffice()),
};

let ids: string[];
/** The replies of the lab to each ask, in their order, with the operations they answer. */
const recorded = new Map<string, readonly { readonly operation: string; readonly body: string }[]>();
beforeAll(async () => {
  for (const [name, ask] of Object.entries(asks)) {
    const lab: Lab = await startLab({ seed: false, keepBodies: true });
    lab.store.setNow(new Date("2026-03-02T09:00:00Z"));
    lab.store.addUser({ address: account, roles: ["ApplicationImpersonation"] });
    const mailbox = lab.store.addUser({ address: ann });
    mailbox.createFolder(mailbox.known("inbox"), "Deep");
    ids = [mail("one & <two>"), withParts].flatMap((mime) =>
      lab.store.deliver(mime, { from: "mallory@example.org", to: [ann] }).flatMap(({ item }) => item?.id ?? []),
    );
    const exchange = openEws({
      url: lab.ewsUrl,
      authorize: async () => ({ Authorization: `Basic ${Buffer.from(`${account}:${labPassword}`).toString("base64")}` }),
      access: "impersonation",
    });
    expect((await ask(exchange.mailbox(ann), ids)).filter((failure) => failure !== undefined)).toEqual([]);
    await exchange.close();
    await lab.close();
    recorded.set(
      name,
      lab.requests.map(({ operation = "", replyBody = "" }) => ({ operation, body: replyBody })),
    );
  }
});

const inserted = fc.constantFrom(
  "<",
  "&",
  "&#x0;",
  "&#99999999;",
  "\u0000",
  "]]>",
  "<![CDATA[",
  "<!-- ",
  "</t:Message>",
  "</m:ResponseMessages>",
  '<t:ItemId Id="x" ChangeKey="y"/>',
  '<!DOCTYPE a [<!ENTITY b "c">]>',
  "<__proto__>1</__proto__>",
  "-1",
  "1e999",
  "NaN",
  " ",
  "\u{10FFFF}",
);
/** Damage: a part of the reply, by thousandths, is taken out, is there twice, or has something else in its place. */
const damage = fc.record({
  at: fc.integer({ min: 0, max: 999 }),
  length: fc.integer({ min: 0, max: 60 }),
  text: inserted,
  twice: fc.boolean(),
});

describe("a damaged reply gives every item an outcome, or the call a failure other than a defect:", () => {
  test.each(Object.keys(asks))("%s", async (name) => {
    const replies = recorded.get(name) ?? [];
    expect(replies.length).toBeGreaterThan(0);
    let damaged: readonly string[] = [];
    let given = new Map<string, number>();
    const one = await scripted(
      ({ operation }) => {
        const those = replies.flatMap((reply, index) => (reply.operation === operation ? [damaged[index] ?? reply.body] : []));
        const nth = given.get(operation) ?? 0;
        given.set(operation, nth + 1);
        return { body: those[Math.min(nth, those.length - 1)] ?? "" };
      },
      { throttling: { maxWaitMs: 1 } },
    );
    try {
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: replies.length - 1 }), damage, async (which, { at, length, text, twice }) => {
          given = new Map();
          damaged = replies.map(({ body }, index) => {
            if (index !== which) return body;
            const from = Math.floor((body.length * at) / 1000);
            const part = body.slice(from, from + length);
            return `${body.slice(0, from)}${twice ? part + part : text}${body.slice(from + length)}`;
          });
          const failures = await asks[name]?.(one.exchange.mailbox(ann), ids).catch((thrown) => [asFailure(thrown)]);
          for (const failure of failures ?? []) if (failure !== undefined) expect(failure.code, failure.stack).not.toBe("internal");
        }),
        { numRuns: 60 },
      );
    } finally {
      await one.close();
    }
  });
});
