import { describe, expect, onTestFinished, test } from "vitest";
import { copyEmail } from "../../../src/actions/copy-email.ts";
import type { Exchange } from "../../../src/exchange/exchange.ts";
import { backends, openLabHost } from "../lab-host.ts";

const who = "user01@example.com";
const id = "<copied@example.net>";

describe.each(backends)("over %s, a copy whose reply was lost", (backend) => {
  const operation = backend === "ews" ? "CopyItem" : "message-copy";

  async function open() {
    const at = await openLabHost({}, backend);
    onTestFinished(() => at.close());
    const item = at.put(who, { internetMessageId: id });
    const copies = () => [...at.mailbox(who).known("archive").items.values()].filter((one) => one.internetMessageId === id);
    const run = () => at.run(copyEmail, { mailbox: who, item_id: at.idOf(item), destination_folder: "archive" });
    return { at, copies, run };
  }

  test("is found in the folder and reported as done with its new id", async () => {
    const { at, copies, run } = await open();
    at.lab.addFault({ kind: "reset-after", operation });
    const answer = await run();
    expect(copies()).toHaveLength(1);
    expect(answer.results).toMatchObject([{ status: "done", new_item_id: at.idOf(copies()[0]) }]);
    expect(at.asked(operation)).toBe(1);
  }, 60_000);

  test("stays unknown if it was not made", async () => {
    const { at, copies, run } = await open();
    at.lab.addFault({ kind: "reset-before", operation });
    const answer = await run();
    expect(copies()).toHaveLength(0);
    expect(answer.results).toMatchObject([{ status: "failed", error: { code: "unknown-outcome" } }]);
  }, 60_000);

  test("stays unknown if there are two new copies", async () => {
    const { at, copies } = await open();
    const item = [...at.mailbox(who).known("inbox").items.values()].find((one) => one.internetMessageId === id);
    at.lab.addFault({ kind: "reset-after", operation });
    // Somebody else creates another copy meanwhile.
    const exchange = withCopyMeanwhile(at.host.exchange, () =>
      at.put(who, { internetMessageId: id, receivedAt: item?.receivedAt }, "archive"),
    );
    const answer = await at.run(copyEmail, { mailbox: who, item_id: at.idOf(item), destination_folder: "archive" }, { exchange });
    expect(copies()).toHaveLength(2);
    expect(answer.results).toMatchObject([{ status: "failed", error: { code: "unknown-outcome" } }]);
  }, 60_000);
});

/** Lets `also` happen before the first copy. */
function withCopyMeanwhile(exchange: Exchange, also: () => void): Exchange {
  return {
    ...exchange,
    mailbox(...named) {
      const mailbox = exchange.mailbox(...named);
      return {
        ...mailbox,
        copy(...asked) {
          also();
          return mailbox.copy(...asked);
        },
      };
    },
  };
}
