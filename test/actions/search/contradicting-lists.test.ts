import { afterEach, describe, expect, test } from "vitest";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { downloadMailAsEml } from "../../../src/actions/download-mail-as-eml.ts";
import { getContacts } from "../../../src/actions/get-contacts.ts";
import { getSearchableMailboxes } from "../../../src/actions/get-searchable-mailboxes.ts";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { exitCodeOf } from "../../../src/catalogue/answer-envelope.ts";
import type { LabOptions } from "../../../src/lab/lab.ts";
import { socAddress } from "../../../src/lab/seed/seed.ts";
import { labPassword } from "../../../src/lab/store/store.ts";
import { backends, type LabHost, openLabHost } from "../lab-host.ts";
import { openSpoilingProxy, type Passing, type Spoilt } from "./spoiling-proxy.ts";

const ann = "ann@example.com";
const many = 40;

/** A list as a back end sends it: a reply with only some of its items, and its claim about the others. */
interface Lists {
  isList(passing: Passing): boolean;
  isFolders(passing: Passing): boolean;
  isContacts(passing: Passing): boolean;
  /** The same reply with its first items only, and the count of all. */
  cut(passing: Passing, keep: number): Spoilt;
}

const ews: Lists = {
  isList: ({ asked }) => asked.includes("<m:FindItem "),
  isFolders: ({ asked }) => asked.includes("<m:FindFolder "),
  isContacts: ({ asked }) => asked.includes("<m:FindItem "),
  cut: ({ reply }, keep) => {
    const body = reply.replaceAll(
      /(IncludesLastItemInRange=")\w+("[^>]*>)<t:(Items|Folders)>(.*?)<\/t:\3>/gs,
      (_, before: string, after: string, name: string, inside: string) => {
        const items = inside.match(/<t:(Message|Contact|Folder)>.*?<\/t:\1>/gs) ?? [];
        return `${before}true${after}<t:${name}>${items.slice(0, keep).join("")}</t:${name}>`;
      },
    );
    return { status: 200, body };
  },
};

/** Returns a message list, alone or in a batch, after it was cut. */
function cutJson(list: { value?: unknown[]; "@odata.nextLink"?: string }, keep: number): unknown {
  if (!Array.isArray(list.value) || list.value.length === 0) return list;
  const { "@odata.nextLink": _, ...rest } = list;
  return { ...rest, "@odata.count": list.value.length, value: list.value.slice(0, keep) };
}

const graph: Lists = {
  isList: ({ url, asked }) => /\/messages\?/.test(`${url} ${asked}`),
  isFolders: ({ url, asked }) => /\/mailFolders\?|\/childFolders\?/.test(`${url} ${asked}`),
  isContacts: ({ url, asked }) => /\/contacts\?/.test(`${url} ${asked}`),
  cut: ({ reply }, keep) => {
    const said = JSON.parse(reply);
    const body = Array.isArray(said.responses)
      ? { ...said, responses: said.responses.map((one: { body: object }) => ({ ...one, body: cutJson(one.body, keep) })) }
      : cutJson(said, keep);
    return { status: 200, body: JSON.stringify(body) };
  },
};

const lists = { ews, graph };

const rows = (answer: Readonly<Record<string, unknown>>) => (answer.items as { subject: string }[]).map(({ subject }) => subject);
const boxes = (answer: Readonly<Record<string, unknown>>) =>
  answer.per_mailbox as { status: string; unsearched?: { error: { code: string; message: string } }[] }[];

describe.each(backends)("over %s", (backend) => {
  const { isList, isFolders, isContacts, cut } = lists[backend];
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  async function stage(spoil: (passing: Passing) => Spoilt | undefined, options: LabOptions = {}) {
    const at: LabHost = await openLabHost({ seed: false, ...options }, backend);
    open.push(at);
    at.lab.store.addUser({ address: ann, password: "x" });
    at.lab.store.addUser({ address: socAddress, password: labPassword, roles: ["ApplicationImpersonation"] });
    for (let number = 0; number < many; number++) {
      at.put(ann, {
        subject: `Message ${number}`,
        internetMessageId: `<m${number}@example.net>`,
        receivedAt: new Date(Date.UTC(2026, 0, 1, 0, number)),
      });
    }
    const proxy = await openSpoilingProxy(at.lab, backend, spoil);
    open.push(proxy);
    return { at, changes: { exchange: proxy.exchange } };
  }

  const all = Array.from({ length: many }, (_, number) => `Message ${many - 1 - number}`);
  const whole = { mailbox: ann, folder: "inbox", recursive: false, limit: 200 };
  const named = { mailbox: ann, internet_message_id: ["<m7@example.net>"] };

  describe("a list that always returns no message but counts some", () => {
    const always = (passing: Passing) => (isList(passing) ? cut(passing, 0) : undefined);

    test("ends a search as partly, with the reason", async () => {
      const { at, changes } = await stage(always);
      const answer = await at.run(searchEmailsExtended, whole, changes);
      expect(answer).toMatchObject({ success: false, incomplete: true, per_mailbox: [{ status: "partly" }] });
      expect(exitCodeOf(answer)).toBe(6);
      expect(boxes(answer)[0]?.unsearched).toMatchObject([{ error: { code: "broken-reply", message: expect.stringContaining("40") } }]);
    }, 60_000);

    test("deletes nothing by Message-ID and does not report the message as missing", async () => {
      const { at, changes } = await stage(always);
      const answer = await at.run(deleteEmail, { ...named, confirm: true }, changes);
      expect(answer).toMatchObject({ success: false, results: [{ error: { code: "could-not-look" } }] });
      expect(answer).toMatchObject({ counts: { not_found: 0 } });
      expect(at.mailbox(ann).known("inbox").items.size).toBe(many);
    }, 60_000);

    test("downloads nothing by Message-ID and does not report the message as missing", async () => {
      const { at, changes } = await stage(always);
      const answer = await at.run(downloadMailAsEml, named, changes);
      expect(answer).toMatchObject({ success: false, results: [{ error: { code: "could-not-look" } }] });
    }, 60_000);
  });

  test("a list that once returns no message but counts some is complete in a second request", async () => {
    let spoilt = 0;
    const { at, changes } = await stage((passing) => (isList(passing) && spoilt++ === 0 ? cut(passing, 0) : undefined));
    const answer = await at.run(searchEmailsExtended, whole, changes);
    expect(rows(answer)).toEqual(all);
    expect(answer).toMatchObject({ success: true });
  }, 60_000);

  test("a list that returns fewer messages than it counts is read further", async () => {
    let spoilt = 0;
    const { at, changes } = await stage((passing) => (isList(passing) && spoilt++ === 0 ? cut(passing, 5) : undefined));
    const answer = await at.run(searchEmailsExtended, whole, changes);
    expect(rows(answer)).toEqual(all);
    expect(answer).toMatchObject({ success: true });
  }, 60_000);

  test("a list that always returns the same few messages but counts more ends as partly, with these messages", async () => {
    let first: Spoilt | undefined;
    const { at, changes } = await stage((passing) => {
      if (!isList(passing)) return undefined;
      first ??= cut(passing, 5);
      return first;
    });
    const answer = await at.run(searchEmailsExtended, whole, changes);
    expect(rows(answer)).toEqual(all.slice(0, 5));
    expect(answer).toMatchObject({ success: false, incomplete: true, per_mailbox: [{ status: "partly" }] });
  }, 60_000);

  test("a list is complete if messages are deleted between two pages", async () => {
    let asked = 0;
    const { at, changes } = await stage((passing) => {
      if (isList(passing) && ++asked === 1) {
        const inbox = at.mailbox(ann).known("inbox");
        for (const item of [...inbox.items.values()].slice(0, 3)) at.mailbox(ann).remove(item);
      }
      return undefined;
    });
    // More than one page, all of which the client decides.
    for (let number = 0; number < 120; number++) at.put(ann, { subject: `Other ${number}` });
    const answer = await at.run(searchEmailsExtended, { ...whole, attachment_name: "none", limit: 20 }, changes);
    expect(answer).toMatchObject({ success: true });
    expect(asked).toBeGreaterThan(1);
  }, 60_000);

  test("a list of folders that lacks some it counts makes the search partly, and no Message-ID is reported as missing", async () => {
    const { at, changes } = await stage((passing) =>
      isFolders(passing) ? cut(passing, /Offset="[1-9]|skip=[1-9]/.test(passing.url + passing.asked) ? 0 : 2) : undefined,
    );
    const answer = await at.run(searchEmailsExtended, { mailbox: ann, limit: 200 }, changes);
    expect(answer).toMatchObject({ success: false, incomplete: true, per_mailbox: [{ status: "partly" }] });
    const gone = await at.run(deleteEmail, { mailbox: ann, internet_message_id: ["<none@example.net>"], confirm: true }, changes);
    expect(gone).toMatchObject({ success: false, results: [{ error: { code: "could-not-look" } }] });
  }, 60_000);

  test("a list of contacts that lacks some it counts is incomplete", async () => {
    const { at, changes } = await stage((passing) => (isContacts(passing) ? cut(passing, 0) : undefined));
    const contact = { displayName: "Bob", emailAddresses: [], phoneNumbers: [], physicalAddresses: [] };
    at.mailbox(ann).add(at.mailbox(ann).known("contacts"), { itemClass: "IPM.Contact", subject: "Bob", contact });
    const answer = await at.run(getContacts, { mailbox: ann }, changes);
    expect(answer).toMatchObject({ success: false, incomplete: true });
  }, 60_000);
});

describe("over Exchange Web Services", () => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  async function inbox(options: LabOptions = {}): Promise<LabHost> {
    const at = await openLabHost({ seed: false, ...options }, "ews");
    open.push(at);
    at.lab.store.addUser({ address: ann, password: "x" });
    at.lab.store.addUser({ address: socAddress, password: labPassword, roles: ["ApplicationImpersonation"] });
    for (let number = 0; number < many; number++)
      at.put(ann, { subject: `Message ${number}`, internetMessageId: `<m${number}@example.net>` });
    return at;
  }

  test.each([
    ["leaves places out", 30],
    ["goes back", 0],
  ])(
    "an IndexedPagingOffset that %s loses no message",
    async (_, next) => {
      const at = await inbox();
      let spoilt = 0;
      const proxy = await openSpoilingProxy(at.lab, "ews", ({ asked, reply }) => {
        if (!asked.includes("<m:FindItem ") || spoilt++ > 0) return undefined;
        const cut = ews.cut({ url: "", asked, reply, origin: "" }, 5).body;
        const body = cut
          .replace(/IndexedPagingOffset="\d+"/, `IndexedPagingOffset="${next}"`)
          .replace(/(LastItemInRange=")true/, "$1false");
        return { status: 200, body };
      });
      open.push(proxy);
      const input = { mailbox: ann, folder: "inbox", recursive: false, limit: 200 };
      const answer = await at.run(searchEmailsExtended, input, { exchange: proxy.exchange });
      expect(rows(answer)).toHaveLength(many);
      expect(answer).toMatchObject({ success: true });
    },
    60_000,
  );

  test("a count of the whole folder is accepted if a restriction leaves out items", async () => {
    const at = await inbox({ habits: ["counts-folder"] });
    const answer = await at.run(searchEmailsExtended, { mailbox: ann, subject: "Message 17" });
    expect(rows(answer)).toEqual(["Message 17"]);
    expect(answer).toMatchObject({ success: true });
    const gone = await at.run(deleteEmail, { mailbox: ann, internet_message_id: ["<none@example.net>"], confirm: true });
    expect(gone).toMatchObject({ success: true, results: [{ action: "not_found" }] });
  }, 60_000);
});

describe("over Microsoft Graph", () => {
  test("a list of users that returns none but counts some is a failure, not an empty list", async () => {
    const at = await openLabHost({ seed: false }, "graph");
    at.lab.store.addUser({ address: ann, password: "x" });
    const proxy = await openSpoilingProxy(at.lab, "graph", (passing) =>
      /\/users\?/.test(passing.url) ? graph.cut(passing, 0) : undefined,
    );
    try {
      const answer = await at.run(getSearchableMailboxes, {}, { exchange: proxy.exchange });
      expect(answer).toMatchObject({ success: false, error: { code: "broken-reply" } });
    } finally {
      await proxy.close();
      await at.close();
    }
  }, 60_000);
});
