import { afterEach, describe, expect, test } from "vitest";
import { replyToEmail } from "../../../src/actions/reply-to-email.ts";
import { backends, openLabHost } from "../lab-host.ts";
import { openSpoilingProxy, type Passing, type Spoilt } from "../search/spoiling-proxy.ts";

describe.each(backends)("over %s, a reply", (backend) => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  async function run(spoil: (passing: Passing) => Spoilt | undefined) {
    const at = await openLabHost({}, backend);
    open.push(at);
    at.lab.store.addUser({ address: "replies@example.com", displayName: "Replies", password: "x" });
    const original = at.put("replies@example.com", { subject: "A question" });
    const proxy = await openSpoilingProxy(at.lab, backend, spoil);
    open.push(proxy);
    const input = { mailbox: "replies@example.com", item_id: at.idOf(original), body_text: "Yes." };
    const answer = await at.run(replyToEmail, input, { exchange: proxy.exchange });
    return {
      answer: answer as {
        results: { status: string; error: { code: string; message: string; hint: string; possible_drafts?: unknown } }[];
      },
      at,
    };
  }

  test("whose own draft is gone is not reported as if the original message were missing", async () => {
    const { answer } = await run(({ asked, url }) => {
      if (backend === "graph")
        return asked.includes("singleValueExtendedProperties") && !/createReply/.test(url)
          ? { status: 404, body: JSON.stringify({ error: { code: "ErrorItemNotFound", message: "The object was not found." } }) }
          : undefined;
      return asked.includes("<m:UpdateItem")
        ? {
            status: 200,
            body: `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body><m:UpdateItemResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"><m:ResponseMessages><m:UpdateItemResponseMessage ResponseClass="Error"><m:MessageText>The object was not found.</m:MessageText><m:ResponseCode>ErrorItemNotFound</m:ResponseCode></m:UpdateItemResponseMessage></m:ResponseMessages></m:UpdateItemResponse></s:Body></s:Envelope>`,
          }
        : undefined;
    });
    expect(answer).toMatchObject({ success: false, counts: { not_found: 0, failed: 1 } });
    expect(answer.results).toMatchObject([{ status: "failed", error: { code: "changed" } }]);
    expect(answer.results[0]?.error.message).toMatch(/^Nothing was sent\. The draft is no longer there/);
  }, 30_000);

  test("whose draft was made with a lost reply names the draft that may be left", async () => {
    const isMaking = ({ asked, url }: Passing) => (backend === "graph" ? /createReply/i.test(url) : asked.includes("<t:ReplyToItem"));
    const { answer, at } = await run((passing) => (isMaking(passing) ? { status: 500, body: "<html>An error</html>" } : undefined));
    const [draft] = at.mailbox("replies@example.com").known("drafts").items.values();
    expect(answer.results[0]?.error.message).toContain("An unfinished draft may be left in Drafts of replies@example.com.");
    expect(answer.results[0]?.error.message).toContain(`Drafts of its conversation found: ${at.idOf(draft)}.`);
    expect(answer.results[0]?.error.possible_drafts).toEqual([
      { mailbox: "replies@example.com", folder: "drafts", item_id: at.idOf(draft) },
    ]);
    expect(answer.results[0]?.error).not.toHaveProperty("left_drafts");
    expect(answer.results[0]?.error.hint).toContain("folder drafts, and conversation_id ");
  }, 30_000);
});
