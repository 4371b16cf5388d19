import { afterEach, describe, expect, test } from "vitest";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { exitCodeOf } from "../../../src/catalogue/answer-envelope.ts";
import { socAddress } from "../../../src/lab/seed/seed.ts";
import type { LabItem } from "../../../src/lab/store/mailbox.ts";
import { labPassword } from "../../../src/lab/store/store.ts";
import { backends, type LabHost, openLabHost } from "../lab-host.ts";
import { openSpoilingProxy, type Passing, type SpoilingProxy, type Spoilt } from "./spoiling-proxy.ts";

/** A reply that contains this text is damaged. */
const mark = "SPOILS-ITS-PAGE";
const many = 60;

const internalError = (reply: string) =>
  reply.replace(
    /<m:FindItemResponseMessage[^>]*>.*?<\/m:FindItemResponseMessage>/s,
    '<m:FindItemResponseMessage ResponseClass="Error"><m:MessageText>An internal server error occurred.</m:MessageText><m:ResponseCode>ErrorInternalServerError</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey></m:FindItemResponseMessage>',
  );

/** The replies of servers in place of a page with such a message, by back end. */
const troubles: Readonly<Record<"ews" | "graph", readonly (readonly [string, (passing: Passing) => Spoilt])[]>> = {
  ews: [
    ["ErrorInternalServerError in the place of the folder", ({ reply }) => ({ status: 200, body: internalError(reply) })],
    ["XML that breaks off", ({ reply }) => ({ status: 200, body: reply.slice(0, reply.indexOf(mark)) })],
  ],
  graph: [
    ["HTTP 500", () => ({ status: 500, body: JSON.stringify({ error: { code: "InternalServerError", message: "An error occurred." } }) })],
    ["JSON that breaks off", ({ reply }) => ({ status: 200, body: reply.slice(0, reply.indexOf(mark)) })],
    ["ErrorItemCorrupt", () => ({ status: 500, body: JSON.stringify({ error: { code: "ErrorItemCorrupt", message: "Corrupt." } }) })],
  ],
};

describe.each(backends)("over %s", (backend) => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  async function stage(spoil: (passing: Passing) => Spoilt | undefined): Promise<{ at: LabHost; proxy: SpoilingProxy; items: LabItem[] }> {
    const at = await openLabHost({ seed: false }, backend);
    open.push(at);
    at.lab.store.addUser({ address: "ann@example.com", password: "x" });
    at.lab.store.addUser({ address: socAddress, password: labPassword, roles: ["ApplicationImpersonation"] });
    const items = Array.from({ length: many }, (_, number) =>
      at.put("ann@example.com", {
        subject: number % 25 === 7 ? `${mark} ${number}` : `Message ${number}`,
        internetMessageId: `<m${number}@example.net>`,
        receivedAt: new Date(Date.UTC(2026, 0, 1, 0, number)),
      }),
    );
    const proxy = await openSpoilingProxy(at.lab, backend, spoil);
    open.push(proxy);
    return { at, proxy, items };
  }

  const rows = (answer: Readonly<Record<string, unknown>>) => (answer.items as { subject: string }[]).map(({ subject }) => subject);
  const boxes = (answer: Readonly<Record<string, unknown>>) =>
    answer.per_mailbox as { status: string; unsearched?: { item_id?: string; folder_path?: string; error: { code: string } }[] }[];
  const corrupt = (items: readonly LabItem[]) => items.filter(({ subject }) => subject.startsWith(mark)).reverse();
  const healthy = (items: readonly LabItem[]) => items.filter(({ subject }) => !subject.startsWith(mark)).reverse();

  describe.each(troubles[backend])("a message whose page is answered by %s", (_, how) => {
    const spoil = (passing: Passing) => (passing.reply.includes(mark) ? how(passing) : undefined);

    test("is named as not searched, and all others are found", async () => {
      const { at, proxy, items } = await stage(spoil);
      const answer = await at.run(searchEmailsExtended, { mailbox: "ann@example.com", limit: 200 }, { exchange: proxy.exchange });
      expect(rows(answer)).toEqual(healthy(items).map(({ subject }) => subject));
      expect(answer).toMatchObject({ success: false, incomplete: true });
      expect(exitCodeOf(answer)).toBe(6);
      expect(boxes(answer)).toMatchObject([{ status: "partly" }]);
      expect(boxes(answer)[0]?.unsearched?.map(({ item_id }) => item_id)).toEqual(corrupt(items).map((item) => at.idOf(item)));
      expect(proxy.passed.count).toBeLessThan(100);
    }, 60_000);

    test("is named if the client applies a filter, and on its own page", async () => {
      const { at, proxy, items } = await stage(spoil);
      const input = { mailbox: "ann@example.com", attachment_name: "none", limit: 200 };
      const answer = await at.run(searchEmailsExtended, input, { exchange: proxy.exchange });
      expect(rows(answer)).toEqual([]);
      expect(boxes(answer)[0]?.unsearched).toHaveLength(corrupt(items).length);
      // The newest two messages stand before the first that is corrupt.
      const page = await at.run(searchEmailsExtended, { mailbox: "ann@example.com", limit: 2 }, { exchange: proxy.exchange });
      expect(rows(page)).toEqual(["Message 59", "Message 58"]);
    }, 60_000);
  });

  test("a message that cannot be identified is reported by its number, and the others are found", async () => {
    let hidden: readonly string[] = [];
    const { at, proxy, items } = await stage(({ url, asked, reply }) => {
      const isList = /FindItem|\/messages\?/.test(`${url} ${asked}`);
      return isList && hidden.some((id) => reply.includes(id)) ? { status: 500, body: "<html>An error</html>" } : undefined;
    });
    hidden = corrupt(items).map((item) => at.idOf(item));
    const answer = await at.run(searchEmailsExtended, { mailbox: "ann@example.com", limit: 200 }, { exchange: proxy.exchange });
    expect(rows(answer)).toHaveLength(healthy(items).length);
    expect(boxes(answer)[0]?.unsearched).toHaveLength(corrupt(items).length);
    // 59 is the newest, and 57 the first that is corrupt.
    expect(JSON.stringify(boxes(answer)[0]?.unsearched?.[0])).toMatch(/newest first, number 3: /);
  }, 60_000);

  test("a server that fails for every page is a failure of the call, not an empty answer", async () => {
    const { at, proxy } = await stage(({ url, asked }) =>
      /FindItem|\/messages\?/.test(`${url} ${asked}`) ? { status: 500, body: "<html>An error</html>" } : undefined,
    );
    const answer = await at.run(searchEmailsExtended, { mailbox: "ann@example.com" }, { exchange: proxy.exchange });
    expect(answer).toMatchObject({ success: false, error: { code: "broken-reply" } });
    // Only two of eight folders are searched one by one.
    expect(proxy.passed.count).toBeLessThan(60);
  }, 60_000);

  test("pages that repeat end the search with the messages read so far, marked partly", async () => {
    let first: string | undefined;
    const { at, proxy } = await stage(({ url, asked, reply, origin }) => {
      const isPage = backend === "ews" ? asked.includes("FindItem") : url.includes("/messages?");
      if (!isPage) return undefined;
      // The first page again and again, with the word that more follows.
      first ??=
        backend === "ews"
          ? reply.replace(/IncludesLastItemInRange="true"/, 'IncludesLastItemInRange="false"')
          : JSON.stringify({ ...JSON.parse(reply), "@odata.nextLink": `${origin}${url}&$skip=60` });
      return { status: 200, body: first };
    });
    const input = { mailbox: "ann@example.com", folder: "inbox", recursive: false, limit: 200 };
    const answer = await at.run(searchEmailsExtended, input, { exchange: proxy.exchange });
    expect(answer).toMatchObject({ success: false, incomplete: true, per_mailbox: [{ status: "partly" }] });
    expect(rows(answer).length).toBeGreaterThan(0);
    expect(rows(answer)).toEqual([...new Set(rows(answer))]);
    expect(boxes(answer)[0]?.unsearched).toMatchObject([{ error: { code: "broken-reply" } }]);
  }, 60_000);
});
