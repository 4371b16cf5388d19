import { expect, test } from "vitest";
import { mimeOf, mimeOfNew } from "../../../src/lab/mime/mime-of-item.ts";
import { Store } from "../../../src/lab/store/store.ts";

function organisation() {
  const store = new Store();
  const [one, two] = ["user01@example.com", "user02@example.com"].map((address) =>
    store.addUser({ address, aliases: [address.replace("user", "u")] }),
  );
  if (!one || !two) throw new Error("no mailboxes");
  store.addGroup({ address: "both@example.com", displayName: "Both", members: ["user01@example.com", "user02@example.com"] });
  return { store, one, two };
}

const inboxOf = (mailbox: ReturnType<Store["addUser"]>) => [...mailbox.known("inbox").items.values()];
const bytes = mimeOfNew({
  subject: "Hello",
  from: { address: "a@example.org" },
  internetMessageId: "<a@example.org>",
  body: { type: "Text", value: "x" },
});

test("each mailbox gets one copy, whether named by address, alias or group, with the bytes as they came", () => {
  const { store, one, two } = organisation();
  store.deliver(bytes, { from: "a@example.org", to: ["user01@example.com", "U01@example.com", "both@example.com"] });
  for (const mailbox of [one, two]) {
    expect(inboxOf(mailbox).map(({ internetMessageId }) => internetMessageId)).toEqual(["<a@example.org>"]);
    expect(inboxOf(mailbox).every((item) => Buffer.from(mimeOf(item)).equals(Buffer.from(bytes)))).toBe(true);
  }
  expect(inboxOf(one)[0]?.id).not.toBe(inboxOf(two)[0]?.id);
});

test("an unknown address of the organisation gives the sender a delivery report with the message in it", () => {
  const { store, one } = organisation();
  const deliveries = store.deliver(bytes, { from: "user01@example.com", to: ["nobody@example.com"] });
  expect(deliveries).toEqual([{ address: "nobody@example.com", outcome: "unknown" }]);
  const [report] = inboxOf(one);
  expect(report?.itemClass).toBe("REPORT.IPM.Note.NDR");
  expect(report?.subject).toBe("Undeliverable: Hello");
  expect(report?.text).toContain("nobody@example.com");
  const original = report?.attachments.find(({ kind }) => kind === "item")?.item;
  expect(Buffer.from(original?.mime ?? []).equals(Buffer.from(bytes))).toBe(true);
});

test("a message to an outside address is recorded and not sent", () => {
  const { store, one, two } = organisation();
  const deliveries = store.deliver(bytes, { from: "user01@example.com", to: ["b@example.org"] });
  expect(deliveries.map(({ outcome }) => outcome)).toEqual(["outside"]);
  expect(store.outside.map(({ to, mime }) => [to, mime])).toEqual([[["b@example.org"], bytes]]);
  expect([...inboxOf(one), ...inboxOf(two)]).toEqual([]);
});

test("a message of a blocked sender goes to Junk Email", () => {
  const { store, one } = organisation();
  one.blockedSenders.add("a@example.org");
  store.deliver(bytes, { from: "bounce@example.org", to: ["user01@example.com"] });
  expect(inboxOf(one)).toEqual([]);
  expect(one.known("junkemail").totalCount).toBe(1);
});

test("copies of a message without Message-ID share the assigned one", () => {
  const { store, one, two } = organisation();
  store.deliver(Buffer.from("Subject: none\r\n\r\n"), { from: "", to: ["both@example.com"] });
  const ids = [...inboxOf(one), ...inboxOf(two)].map(({ internetMessageId }) => internetMessageId);
  expect(ids).toHaveLength(2);
  expect(new Set(ids).size).toBe(1);
});

test("a Bcc recipient gets the message, which does not show the Bcc", () => {
  const { store, one, two } = organisation();
  const { sent } = store.submit({ subject: "Quiet", bcc: [{ address: "user02@example.com" }], to: [{ address: "b@example.org" }] }, one);
  const [got] = inboxOf(two);
  expect(got?.bcc).toEqual([]);
  expect(Buffer.from(got?.mime ?? []).toString()).not.toMatch(/bcc/i);
  expect(got?.internetMessageId).toBe(sent.internetMessageId);
  expect(got?.from?.address).toBe("user01@example.com");
});

test("a message given as bytes is sent with those bytes, except for Bcc and missing headers", () => {
  const { store, one, two } = organisation();
  const mime = Buffer.from(
    "Subject: =?utf-8?q?given?=\r\nBcc: user02@example.com,\r\n user01@example.com\r\nX-Odd:  two  spaces\r\n\r\nBody\r\n\r\n",
  );
  store.submit({ mime, subject: "given", bcc: [{ address: "user02@example.com" }] }, one);
  const text = Buffer.from(inboxOf(two)[0]?.mime ?? []).toString();
  expect(text).toContain("Subject: =?utf-8?q?given?=\r\nX-Odd:  two  spaces\r\n\r\nBody\r\n\r\n");
  expect(text).not.toMatch(/bcc/i);
  expect(text).toMatch(/^From: .*<user01@example\.com>\r\n/);
  expect(text).toMatch(/^Message-ID: </m);
});
