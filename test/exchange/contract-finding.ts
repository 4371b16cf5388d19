import { expect } from "vitest";
import { isAbsent, type Located } from "../../src/exchange/search/absence.ts";
import { attempt } from "../../src/outcome.ts";
import { crlf, mail } from "./contract-mail.ts";
import { all, have, itemOf, type PromiseOf } from "./contract-stage.ts";

function idsIn(located: Located) {
  return isAbsent(located) ? "absent" : located.messages.map(({ itemId }) => itemId).sort();
}

/** Finding, sending, and what else a mailbox tells. */
export function finding(promise: PromiseOf): void {
  promise("as many outcomes as ids, in their order, with a dead id in the middle", async ({ ann, five, subjects }) => {
    const ids = five();
    const [, dead = ""] = ids;
    ann.remove(itemOf(ann, dead));
    expect(await subjects(ids)).toEqual(["one", "not-found", "three", "four", "five"]);
  });

  promise("a search finds newest first over all folders and says where each filter was applied", async ({ ann, mailbox, five }) => {
    const ids = five();
    ann.move(itemOf(ann, ids[1] ?? ""), ann.createFolder(ann.known("inbox"), "Deep"));
    const page = await mailbox.search({ filters: { sender: "mallory@example.org" }, limit: 3 });
    expect(page.messages.map(({ subject }) => subject)).toEqual(["five", "four", "three"]);
    expect(Object.keys(page.applied)).toEqual(["sender"]);
    const rest = await mailbox.search({ filters: { sender: "mallory@example.org" }, limit: 3, cursor: page.nextCursor });
    expect(rest.messages.map(({ subject, folderPath }) => [subject, folderPath])).toEqual([
      ["two", "Inbox/Deep"],
      ["one", "Inbox"],
    ]);
    expect(rest.nextCursor).toBeUndefined();
  });

  promise(
    "a message is located by its Internet Message-ID in every folder, with or without angle brackets",
    async ({ practice, ann, mailbox, deliver }) => {
      const id = deliver(mail("twice", { id: "<twice@example.org>" }));
      const copy = ann.copy(itemOf(ann, id), ann.known("deleteditems"));
      const outcomes = await all(
        mailbox.locate([{ internetMessageId: "twice@example.org" }, { internetMessageId: "<nobody@example.org>" }, { itemId: id }]),
      );
      expect(outcomes.map((outcome) => idsIn(have(outcome)))).toEqual([[id, practice.idOf(copy)].sort(), "absent", [id]]);
    },
  );

  promise("a message whose id no longer exists is found by its Internet Message-ID", async ({ practice, ann, mailbox, deliver }) => {
    const item = itemOf(ann, deliver(mail("wandered", { id: "<wandered@example.org>" })));
    const { id } = item;
    const now = ann.move(item, ann.known("deleteditems"));
    const [outcome] = await all(mailbox.locate([{ itemId: id, internetMessageId: "<wandered@example.org>" }]));
    expect(idsIn(have(outcome))).toEqual([practice.idOf(now)]);
  });

  promise("a message that is sent arrives once, and its copy is found again", async ({ ann, bob, mailbox }) => {
    const sent = await mailbox.send({ to: [{ address: bob.address }], subject: "Warning & <advice>", text: "Do not open it." });
    expect([...bob.known("inbox").items.values()].map(({ subject }) => subject)).toEqual(["Warning & <advice>"]);
    expect(itemOf(ann, sent.itemId ?? "").folder).toBe(ann.known("sentitems"));
    expect(sent.internetMessageId).toBe([...bob.known("inbox").items.values()][0]?.internetMessageId);
  });

  promise("a message whose send reply is lost is sent once", async ({ practice, bob, mailbox }) => {
    practice.addFault({ kind: "reset-after", nth: 2, times: 1 });
    await mailbox.send({ to: [{ address: bob.address }], subject: "Once", text: "Only once." }).catch(() => undefined);
    expect([...bob.known("inbox").items.values()].filter(({ subject }) => subject === "Once").length).toBe(1);
  });

  promise("a reply goes to the sender with one RE: before the subject", async ({ practice, ann, bob, mailbox }) => {
    const [delivery] = practice.store.deliver(
      Buffer.from(
        `From: bob@example.com${crlf}To: ann@example.com${crlf}Subject: RE: Is this real?${crlf}Message-ID: <q@example.com>${crlf}${crlf}Well?${crlf}`,
      ),
      {
        from: bob.address,
        to: [ann.address],
      },
    );
    await mailbox.reply({ itemId: delivery?.item?.id ?? "", all: false, text: "No." });
    const [reply] = bob.known("inbox").items.values();
    expect(reply).toMatchObject({ subject: "RE: Is this real?", inReplyTo: "<q@example.com>" });
  });

  promise("contacts are listed, and none is an empty list", async ({ ann, mailbox }) => {
    expect((await mailbox.contacts({ limit: 10 })).contacts).toEqual([]);
    ann.add(ann.known("contacts"), {
      itemClass: "IPM.Contact",
      subject: "Carl Example",
      contact: { displayName: "Carl Example", givenName: "Carl", emailAddresses: [], phoneNumbers: [], physicalAddresses: [] },
    });
    const { contacts } = await mailbox.contacts({ limit: 10 });
    expect(contacts).toMatchObject([{ kind: "contact", displayName: "Carl Example", givenName: "Carl" }]);
  });

  promise("automatic replies are read with their schedule", async ({ ann, mailbox }) => {
    ann.oof = {
      state: "Scheduled",
      externalAudience: "Known",
      start: new Date("2026-07-01T00:00:00Z"),
      end: new Date("2026-07-15T00:00:00Z"),
      internalReply: "<p>Away & gone</p>",
      externalReply: "Away",
    };
    expect(await mailbox.outOfOffice()).toMatchObject({
      state: "Scheduled",
      externalAudience: "Known",
      start: "2026-07-01T00:00:00.000Z",
      end: "2026-07-15T00:00:00.000Z",
      internalReply: "<p>Away & gone</p>",
      externalReply: "Away",
    });
  });

  promise("the searchable mailboxes are listed for an account with the role", async ({ practice }) => {
    const { source, mailboxes } = await practice.exchange.searchableMailboxes({ filter: "ann" });
    expect(source).toBe("ediscovery");
    expect(mailboxes.map((one) => one.mailbox)).toEqual(["ann@example.com"]);
  });

  promise("an account without the role gets a failure that names it", async ({ practice }) => {
    const thrown = await practice.powerless.searchableMailboxes({}).catch((failure: unknown) => failure);
    expect(thrown).toMatchObject({ code: "role-missing", message: expect.stringContaining("Discovery Management") });
  });

  promise(
    "the members of a group are listed with those of the groups inside it, each once, even if groups hold each other",
    async ({ practice }) => {
      const { store, exchange } = practice;
      store.addGroup({
        address: "all@example.com",
        displayName: "All",
        members: ["ann@example.com", "inner@example.com", "ann@example.com"],
      });
      store.addGroup({
        ...{ address: "inner@example.com", displayName: "Inner" },
        members: ["bob@example.com", "all@example.com", "mallory@example.org"],
      });
      const { mailboxes, outside, failed } = await exchange.groupMembers("all@example.com");
      expect([...mailboxes].sort()).toEqual(["ann@example.com", "bob@example.com"]);
      expect(outside).toMatchObject([{ mailbox: "mallory@example.org", message: expect.stringContaining("outside the organisation") }]);
      expect(failed).toEqual([]);
    },
  );

  promise("an address that is no group's is not-found as a group", async ({ practice }) => {
    for (const address of ["ann@example.com", "nobody@example.com", "o'hara@example.com"])
      await expect(practice.exchange.groupMembers(address)).rejects.toMatchObject({ code: "not-found" });
  });

  promise("message trace names each recipient of a message, inside groups as well, and what became of it", async ({ practice }) => {
    const { store, exchange } = practice;
    store.addGroup({ address: "all@example.com", displayName: "All", members: ["ann@example.com", "bob@example.com"] });
    const at = new Date(Date.now() - 35 * 86_400_000);
    store.deliver(mail("traced", { id: "<traced@example.org>" }), {
      ...{ from: "mallory@example.org", to: ["all@example.com", "carl@example.org", "nobody@example.com"], at },
    });
    store.deliver(mail("other", { id: "<other@example.org>" }), { from: "mallory@example.org", to: ["ann@example.com"], at });
    const { rows, windows, from, to } = await exchange.messageTrace({ internetMessageId: "traced@example.org" });
    expect(rows.map(({ recipient, status }) => `${recipient} ${status}`).sort()).toEqual([
      "all@example.com expanded",
      "ann@example.com delivered",
      "bob@example.com delivered",
      "carl@example.org delivered",
      "nobody@example.com failed",
    ]);
    expect(windows).toBe(9);
    expect((Date.parse(to) - Date.parse(from)) / 86_400_000).toBeCloseTo(90, 1);
  });

  promise("message trace finds by sender and subject within a time, and says what it does not remember", async ({ practice }) => {
    const { store, exchange } = practice;
    const day = (days: number) => new Date(Date.now() - days * 86_400_000);
    for (const [subject, days] of [
      ["it's one", 3],
      ["it's two", 30],
      ["it's old", 120],
    ] as const)
      store.deliver(mail(subject, { id: `<${days}@example.org>` }), {
        from: "mallory@example.org",
        to: ["ann@example.com"],
        at: day(days),
      });
    const found = async (query: Parameters<typeof exchange.messageTrace>[0]) =>
      (await exchange.messageTrace({ sender: "mallory@example.org", subject: "it's", ...query })).rows.map(
        ({ internetMessageId }) => internetMessageId,
      );
    expect(await found({})).toEqual(["<3@example.org>", "<30@example.org>"]);
    expect(await found({ receivedAfter: day(10).toISOString() })).toEqual(["<3@example.org>"]);
    expect(await found({ receivedBefore: day(10).toISOString() })).toEqual(["<30@example.org>"]);
    await expect(exchange.messageTrace({ sender: "mallory@example.org", receivedBefore: day(100).toISOString() })).rejects.toMatchObject({
      code: "invalid-input",
    });
  });

  promise("an application without the permission for message trace gets a failure that names it", async ({ practice }) => {
    await expect(practice.powerless.messageTrace({ internetMessageId: "<x@example.org>" })).rejects.toMatchObject({
      code: "role-missing",
      message: expect.stringContaining("ExchangeMessageTrace.Read.All"),
    });
  });

  promise("half a character, which no request can carry, is named as wrong or found nowhere", async ({ practice, mailbox }) => {
    const half = "\ud800";
    const told = /^(invalid-input|.*-?not-found)$/;
    const found = await attempt(() => mailbox.search({ filters: { subject: `x${half}` }, limit: 5 }));
    // Where Exchange cannot be asked for it, each message may be looked at instead.
    if (found.ok) expect(found.value).toMatchObject({ messages: [], applied: { subject: "client" } });
    else expect(found.failure.code).toBe("invalid-input");
    await expect(mailbox.folder(`Inbox/${half}`)).rejects.toMatchObject({ code: expect.stringMatching(told) });
    const stranger = practice.exchange.mailbox(`${half}@example.com`);
    await expect(stranger.folder("inbox")).rejects.toMatchObject({ code: expect.stringMatching(told) });
    for (const outcome of await all(mailbox.get([half, `AAMk${half}`], {})))
      expect(outcome).toMatchObject({ ok: false, failure: { code: expect.stringMatching(told) } });
  });

  promise("a missing mailbox is mailbox-not-found", async ({ practice }) => {
    await expect(practice.exchange.mailbox("nobody@example.com").folder("inbox")).rejects.toMatchObject({ code: "mailbox-not-found" });
  });
}
