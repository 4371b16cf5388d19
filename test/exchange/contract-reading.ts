import { expect } from "vitest";
import type { FaultKind } from "../../src/lab/faults.ts";
import { file, mail, nested, nestedHtml, withParts } from "./contract-mail.ts";
import { all, bytesOf, have, type PromiseOf, sha256 } from "./contract-stage.ts";

/** Every fault after which reading must still give each item its own answer. */
const passing: readonly FaultKind[] = [
  "server-busy-fault",
  "server-busy-item",
  "connection-count-fault",
  "503",
  "reset-before",
  "reset-mid-body",
  "truncate",
  "short-batch",
];

/** Reading messages, attachments and folders. */
export function reading(promise: PromiseOf): void {
  promise("a message is read with the requested detail", async ({ mailbox, deliver }) => {
    const id = deliver(withParts);
    const [outcome] = await all(mailbox.get([id], { recipients: true, attachments: true, headers: true, body: "text" }));
    expect(outcome).toMatchObject({
      ok: true,
      value: {
        itemId: id,
        subject: "With parts",
        internetMessageId: "<parts@example.org>",
        from: { address: "mallory@example.org", name: "Mallory" },
        to: [{ address: "ann@example.com", name: "Ann" }],
        sentAt: "2026-01-01T10:00:00.000Z",
        itemClass: "IPM.Note",
        hasAttachments: true,
        isRead: false,
      },
    });
    const message = have(outcome);
    expect(message.bodyText).toContain("See below.");
    expect(message.headers).toContainEqual({ name: "Message-ID", value: "<parts@example.org>" });
    for (const name of ["From", "To"]) expect(message.headers?.map((header) => header.name)).toContain(name);
    expect(message.attachments?.map(({ kind, name: called }) => [kind, called])).toEqual([
      ["file", "invoice.pdf"],
      ["file", "empty.bin"],
      ["item", "The inner one"],
    ]);
  });

  promise("an id of another mailbox is distinguished from own ids, or finds nothing", async ({ practice, mailbox, bob, deliver }) => {
    const own = deliver(mail("own"));
    const [delivered] = practice.store.deliver(mail("theirs"), { from: "mallory@example.org", to: [bob.address], at: new Date() });
    const theirs = delivered?.item === undefined ? "" : practice.idOf(delivered.item);
    const foreign = await mailbox.foreign([own, theirs]);
    expect(foreign.has(own)).toBe(false);
    const [read] = await all(mailbox.get([theirs], {}));
    expect(foreign.has(theirs) || read?.ok === false).toBe(true);
  });

  promise("detail that was not requested is absent", async ({ mailbox, deliver }) => {
    const message = have((await all(mailbox.get([deliver(withParts)], {})))[0]);
    expect([message.to, message.attachments, message.headers, message.bodyText, message.bodyHtml]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  promise("the body is HTML when HTML is requested", async ({ mailbox, deliver }) => {
    const message = have((await all(mailbox.get([deliver(mail("plain"))], { body: "html" })))[0]);
    expect(message.bodyText).toBeUndefined();
    expect(message.bodyHtml).toContain("Look at this &amp; that &lt;now&gt;.");
  });

  promise("HTML is returned as sent, including harmful parts, which analysts look for", async ({ mailbox, deliver }) => {
    const harmful = '<p onclick="evil()">Pay</p><script>evil("now")</script><a href="javascript:evil()">here</a>';
    const head = "From: a@example.org\r\nTo: ann@example.com\r\nSubject: harm\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n";
    const message = have((await all(mailbox.get([deliver(Buffer.from(`${head}\r\n${harmful}`))], { body: "html" })))[0]);
    expect(message.bodyHtml).toContain(harmful);
    const found = await mailbox.search({ filters: { subject: "harm" }, limit: 5, detail: { body: "html" } });
    expect(found.messages.map(({ bodyHtml }) => bodyHtml)).toEqual([expect.stringContaining(harmful)]);
  });

  promise("an invalid id fails alone", async ({ five, subjects }) => {
    const [first = "", second = ""] = five();
    const read = await subjects([first, "nonsense", second]);
    expect(read[0]).toBe("one");
    expect(read[2]).toBe("two");
    expect(["invalid-input", "not-found"]).toContain(read[1]);
  });

  promise("an item of another mailbox is not returned", async ({ practice, bob }) => {
    const item = practice.store.deliver(mail("not yours"), { from: "mallory@example.org", to: [bob.address] })[0]?.item;
    const outcome = (await all(practice.powerless.mailbox("eve@example.com", { access: "delegate" }).get([item?.id ?? ""], {})))[0];
    expect(outcome?.ok).toBe(false);
  });

  for (const kind of passing) {
    promise(`reading outlives ${kind}`, async ({ practice, five, subjects }) => {
      const ids = five();
      practice.addFault({ kind, item: 3, backOffMs: 20 });
      expect(await subjects(ids)).toEqual(["one", "two", "three", "four", "five"]);
    });
  }

  promise("a batch stopped in the middle is completed", async ({ practice, five, subjects }) => {
    const ids = five();
    practice.addFault({ kind: "batch-stopped", item: 2 });
    expect(await subjects(ids)).toEqual(["one", "access-denied", "three", "four", "five"]);
  });

  promise("MIME content is the exact bytes that were delivered", async ({ mailbox, deliver }) => {
    const originals = [mail("bytes"), withParts];
    const ids = originals.map(deliver);
    const read: Buffer[] = [];
    for await (const outcome of mailbox.mime(ids)) read.push(await bytesOf(have(outcome).bytes));
    expect(read.map((bytes) => bytes.toString("utf8"))).toEqual(originals.map((bytes) => Buffer.from(bytes).toString("utf8")));
  });

  promise("MIME content that is cut off throws instead of being short", async ({ practice, mailbox, deliver }) => {
    const id = deliver(withParts);
    practice.addFault({ kind: practice.cutting, times: 10 });
    const read = async () => {
      for await (const outcome of mailbox.mime([id])) await bytesOf(have(outcome).bytes);
    };
    await expect(read()).rejects.toMatchObject({ code: "broken-reply" });
  });

  promise("attachments are listed, and their bytes are what was attached", async ({ mailbox, deliver }) => {
    const listed = have((await all(mailbox.attachments([deliver(withParts)])))[0]);
    const contents: string[] = [];
    for await (const outcome of mailbox.attachmentContent(listed)) contents.push(sha256(await bytesOf(have(outcome).bytes)));
    expect(contents).toEqual([sha256(file), sha256(Buffer.alloc(0)), sha256(Buffer.from(mail("The inner one")))]);
  });

  promise(
    "what Exchange exports of a message is whole, one for each, and what is not there has its Failure",
    async ({ mailbox, deliver }) => {
      const ids = [deliver(mail("first to export")), "AAMkAA==", deliver(mail("second to export"))];
      const sizes: (number | string)[] = [];
      for await (const outcome of mailbox.exported(ids))
        sizes.push(outcome.ok ? (await bytesOf(outcome.value.bytes)).length : outcome.failure.code);
      expect(sizes).toEqual([expect.any(Number), expect.stringMatching(/^(invalid-input|not-found)$/), expect.any(Number)]);
      expect(Math.min(Number(sizes[0]), Number(sizes[2]))).toBeGreaterThan(mail("first to export").length / 2);
    },
  );

  promise("a message without attachments has an empty list of them", async ({ mailbox, deliver }) => {
    expect(await all(mailbox.attachments([deliver(mail("bare"))]))).toEqual([{ ok: true, value: [] }]);
  });

  promise("the message inside an item attachment is read, and a file is not one", async ({ mailbox, deliver }) => {
    const listed = have((await all(mailbox.attachments([deliver(withParts)])))[0]);
    const outcomes = await all(mailbox.attachedMessages(listed));
    expect(outcomes.map((outcome) => (outcome.ok ? outcome.value.subject : outcome.failure.code))).toEqual([
      "invalid-input",
      "invalid-input",
      "The inner one",
    ]);
    expect(have(outcomes[2])).toMatchObject({ internetMessageId: "<The-inner-one@example.org>", attachments: undefined });
  });

  promise(
    "what is attached to attached messages is listed level by level, and its bytes are what was attached",
    async ({ mailbox, deliver }) => {
      const { whole, middle, inner } = nested();
      const [outer] = have((await all(mailbox.attachments([deliver(whole)])))[0]);
      const first = have((await all(mailbox.attachedMessages(outer ? [outer] : [])))[0]);
      expect(first.attachments?.map(({ kind, name }) => [kind, name])).toEqual([
        ["file", "flat.pdf"],
        ["item", "inner"],
      ]);
      const second = have((await all(mailbox.attachedMessages(first.attachments?.slice(1, 2) ?? [])))[0]);
      expect(second).toMatchObject({
        subject: "inner",
        internetMessageId: "<inner@example.org>",
        from: { address: "mallory@example.org" },
      });
      expect(second.attachments?.map(({ kind, name }) => [kind, name])).toEqual([["file", "deep.pdf"]]);
      const asked = [outer, ...(first.attachments ?? []), ...(second.attachments ?? [])].filter((one) => one !== undefined);
      const contents: string[] = [];
      for await (const outcome of mailbox.attachmentContent(asked)) contents.push(sha256(await bytesOf(have(outcome).bytes)));
      expect(contents).toEqual([middle, file, inner, file].map(sha256));
    },
  );

  promise("the body of an attached message is text at every depth, also of one that has nothing but HTML", async ({ mailbox, deliver }) => {
    let listed = have((await all(mailbox.attachments([deliver(nestedHtml())])))[0]);
    for (const subject of ["middle", "innermost"]) {
      const message = have((await all(mailbox.attachedMessages(listed.slice(0, 1))))[0]);
      expect([message.subject, message.bodyText?.trim(), message.bodyHtml]).toEqual([subject, "Pay & be quick", undefined]);
      listed = message.attachments ?? [];
    }
  });

  promise("one unreadable attachment fails alone", async ({ ann, mailbox }) => {
    const item = ann.add(ann.known("inbox"), {
      subject: "mixed",
      attachments: [
        { kind: "file", name: "good.txt", content: Buffer.from("good") },
        { kind: "file", name: "bad.txt", content: Buffer.from("bad"), unreadable: true },
        { kind: "file", name: "", content: Buffer.from("unnamed") },
      ],
    });
    const listed = have((await all(mailbox.attachments([item.id])))[0]);
    const read: string[] = [];
    for await (const outcome of mailbox.attachmentContent(listed)) {
      read.push(outcome.ok ? (await bytesOf(outcome.value.bytes)).toString() : outcome.failure.code);
    }
    expect(read).toEqual(["good", "unreadable", "unnamed"]);
  });

  promise(
    "a folder is found by its well-known name, its path, its path in other letters, and its id",
    async ({ practice, ann, mailbox }) => {
      const reports = ann.createFolder(ann.known("inbox"), "Reports / 2026");
      const byPath = await mailbox.folder("inbox/reports \\/ 2026");
      expect(byPath).toMatchObject({ folderId: practice.idOf(reports), displayName: "Reports / 2026", path: "Inbox/Reports \\/ 2026" });
      expect(await mailbox.folder(reports.id)).toEqual(byPath);
      expect(await mailbox.folder("INBOX")).toMatchObject({ folderId: practice.idOf(ann.known("inbox")), path: "Inbox" });
      expect(await mailbox.folder("Deleted Items")).toMatchObject({ folderId: practice.idOf(ann.known("deleteditems")) });
    },
  );

  promise("a missing folder is folder-not-found", async ({ mailbox, deliver }) => {
    await expect(mailbox.folder("Inbox/Nowhere")).rejects.toMatchObject({ code: "folder-not-found" });
    const [outcome] = await all(mailbox.move([deliver(mail("stays"))], { folder: "Inbox/Nowhere" }));
    expect(outcome).toMatchObject({ ok: false, failure: { code: "folder-not-found" } });
  });

  promise("a cancelled call throws cancelled and sends no more requests", async ({ practice, ann, five }) => {
    const ids = five();
    const stop = new AbortController();
    stop.abort();
    const before = practice.requests();
    await expect(all(practice.exchange.mailbox(ann.address, { signal: stop.signal }).get(ids, {}))).rejects.toMatchObject({
      code: "cancelled",
    });
    expect(practice.requests()).toBe(before);
  });

  promise(
    // After one such character exchangelib (lxml) drops every later & < > of the reply: Message-IDs lose their brackets; node-ews rejects the whole page.
    "illegal characters in a reply are replaced and counted, and the neighbours are untouched",
    async ({ practice, mailbox, deliver }) => {
      const ids = [deliver(mail("first & <foremost>")), deliver(mail("second & <last>"))];
      practice.addFault({ kind: "illegal-characters", item: 1 });
      const messages = (await all(mailbox.get(ids, { body: "text" }))).map(have);
      expect(messages.some(({ replacedCharacters = 0 }) => replacedCharacters > 0)).toBe(true);
      expect(messages.map(({ subject }) => subject?.replace(/\uFFFD/g, ""))).toEqual(["first & <foremost>", "second & <last>"]);
      expect(messages.every(({ bodyText }) => bodyText?.includes("this & that <now>"))).toBe(true);
      for (const { internetMessageId } of messages) expect(internetMessageId).toMatch(/^<[^<>]+>$/);
    },
  );
}
