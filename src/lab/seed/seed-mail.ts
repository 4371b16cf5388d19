import { itemFromMime } from "../mime/item-from-mime.ts";
import { mimeOfNew } from "../mime/mime-of-item.ts";
import type { NewItem } from "../store/item.ts";
import type { LabMailbox } from "../store/mailbox.ts";
import type { Store } from "../store/store.ts";
import { pixel } from "./campaign.ts";

const hour = 3_600_000;

/** Everyday messages. Some resemble the campaign at first sight, so a search has to distinguish them. */
const everyday: readonly (readonly [subject: string, text: string])[] = [
  ["Rota for next week", "The rota is on the shared drive. Please check your days."],
  ["Minutes of the Monday meeting", "Three points: stock, travel, the new phones. Corrections by Friday, please."],
  ["Invoice 4690", "Invoice 4690 was paid this morning. Nothing else is open."],
  ["Overdue invoice list", "Here is the list of overdue invoices for the month end."],
  ["Printer on the second floor", "The printer is back in service."],
  [
    "Your password expires in 14 days",
    "This is a reminder of the IT Helpdesk. Change it at your desk with Ctrl+Alt+Del, never through a link in a mail.",
  ],
  ["Lunch menu", "Monday soup, Tuesday pasta, Wednesday rice."],
  ["Visitor on Thursday", "A visitor arrives at ten. Please prepare a badge."],
  ["Stock count", "The stock count is done. Two pallets are missing in aisle 4."],
  ["Überprüfung der Zugänge – bitte bestätigen ✔", "Wie jedes Jahr: bitte die Liste der Zugänge prüfen."],
];

/** Seeds messages within the organisation: delivered, with a copy in the sender's Sent Items. */
export function seedEveryday(store: Store, now: Date): void {
  const people = store.mailboxes();
  for (const [number, mailbox] of people.entries()) {
    for (let step = 0; step < everyday.length; step += 1) {
      const sender = people[(number + step + 3) % people.length];
      const [subject, text] = everyday[(number + step) % everyday.length] ?? ["", ""];
      if (!sender || sender === mailbox) continue;
      const at = new Date(now.getTime() - (step * 7 + number + 30) * hour);
      sendInside(store, sender, [mailbox], { subject, body: { type: "Text", value: `${text}\r\n\r\n${sender.user.displayName}\r\n` } }, at);
    }
    newsletter(store, mailbox, number, now);
  }
}

function sendInside(store: Store, from: LabMailbox, to: readonly LabMailbox[], fields: NewItem, at: Date): void {
  const item: NewItem = {
    ...fields,
    from: { name: from.user.displayName, address: from.address },
    to: to.map(({ user }) => ({ name: user.displayName, address: user.address })),
    internetMessageId: fields.internetMessageId ?? store.newMessageId(),
    sentAt: at,
  };
  const mime = mimeOfNew(item);
  const deliveries = store.deliver(mime, { from: from.address, to: to.map((one) => one.address), at });
  // Half of the copies are read.
  for (const { mailbox, item: copy } of deliveries)
    if (mailbox && copy && at.getUTCHours() % 2 === 0) mailbox.update(copy, { isRead: true });
  from.add(from.known("sentitems"), { ...itemFromMime(mime), receivedAt: at, isRead: true });
}

function newsletter(store: Store, mailbox: LabMailbox, number: number, now: Date): void {
  const at = new Date(now.getTime() - (number + 20) * hour);
  const mime = mimeOfNew({
    from: { name: "Trade News", address: "news@example.org" },
    to: [{ address: mailbox.address }],
    subject: `Trade News, issue ${100 + number}`,
    internetMessageId: `<issue-${100 + number}@news.example.org>`,
    sentAt: at,
    headers: [{ name: "List-Unsubscribe", value: "<https://news.example.org/leave>" }],
    body: { type: "HTML", value: `<html><body><h1>Trade News</h1><p>Issue ${100 + number}: markets, fairs, dates.</p></body></html>` },
  });
  store.deliver(mime, { from: "news@example.org", to: [mailbox.address], at });
}

/** Seeds one message of each kind that mail readers often misread. */
export function seedUnusualMail(store: Store, now: Date): void {
  const at = (hours: number): Date => new Date(now.getTime() - hours * hour);
  const outside = (to: string, item: NewItem, hours: number): void => {
    const mime = mimeOfNew({
      from: { name: "Order Desk", address: "orders@example.org" },
      to: [{ address: to }],
      internetMessageId: store.newMessageId(),
      sentAt: at(hours),
      ...item,
    });
    store.deliver(mime, { from: "orders@example.org", to: [to], at: at(hours) });
  };
  outside(
    "marketing@example.com",
    {
      subject: "New logo",
      body: { type: "HTML", value: '<html><body><p>The new logo: <img src="cid:logo.1@example.org"></p></body></html>' },
      attachments: [
        { kind: "file", name: "logo.png", contentType: "image/png", contentId: "logo.1@example.org", isInline: true, content: pixel },
      ],
    },
    9,
  );
  outside(
    "warehouse@example.com",
    {
      subject: "Delivery note without a name",
      body: { type: "Text", value: "The note is attached, and an empty file by mistake.\r\n" },
      attachments: [
        { kind: "file", contentType: "application/octet-stream", content: Buffer.from("Delivery note 17\r\n") },
        { kind: "file", name: "empty.txt", contentType: "text/plain", content: new Uint8Array(0) },
      ],
    },
    8,
  );
  outside(
    "press@example.com",
    {
      subject: "Přehled tisku – týdenní souhrn 📰 für die Öffentlichkeitsarbeit, mit einem Betreff, der länger ist als eine Zeile",
      body: { type: "Text", value: "Viz příloha.\r\n" },
    },
    7,
  );
  meetingRequest(store, now);
  seedBounce(store);
  fromFormerColleague(store, at(200));
}

/** Delivers a message from a former colleague: the directory no longer has the X.500 address, and the message contains the SMTP address as well. */
function fromFormerColleague(store: Store, at: Date): void {
  const training = store.mailbox("training@example.com");
  training?.add(training.known("inbox"), {
    from: formerColleague,
    sender: formerColleague,
    to: [{ name: training.user.displayName, address: training.address }],
    subject: "Handover of the course list",
    internetMessageId: "<handover-1@example.com>",
    body: { type: "Text", value: "The list of courses is on the shared drive. Today is my last day.\r\n" },
    sentAt: at,
    receivedAt: at,
    isRead: true,
  });
}

const formerColleague = {
  name: "Former Colleague",
  address: "/o=Lab/ou=Exchange Administrative Group/cn=Recipients/cn=former.colleague",
  routingType: "EX",
  smtpAddress: "former.colleague@example.com",
} as const;

function meetingRequest(store: Store, now: Date): void {
  const start = new Date(now.getTime() + 48 * hour);
  const stamp = (date: Date): string => `${date.toISOString().replace(/[-:]/g, "").slice(0, 11)}0000Z`;
  const calendar = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "METHOD:REQUEST",
    "BEGIN:VEVENT",
    "UID:fire-drill-1@example.com",
    `DTSTAMP:${stamp(now)}`,
    `DTSTART:${stamp(start)}`,
    `DTEND:${stamp(new Date(start.getTime() + hour))}`,
    "SUMMARY:Fire drill",
    "LOCATION:Car park",
    "ORGANIZER:mailto:facilities@example.com",
    "ATTENDEE:mailto:quality@example.com",
    "END:VEVENT",
    "END:VCALENDAR",
    "",
  ].join("\r\n");
  const lines = [
    "From: Facilities <facilities@example.com>",
    "To: Quality Desk <quality@example.com>, User 08 <user08@example.com>",
    "Subject: Fire drill",
    "Message-ID: <fire-drill-1@example.com>",
    `Date: ${now.toUTCString().replace("GMT", "+0000")}`,
    "MIME-Version: 1.0",
    'Content-Type: multipart/alternative; boundary="=_drill"',
    "",
    "--=_drill",
    "Content-Type: text/plain; charset=utf-8",
    "",
    "Meet in the car park.",
    "--=_drill",
    "Content-Type: text/calendar; charset=utf-8; method=REQUEST",
    "",
    calendar,
    "--=_drill--",
    "",
  ];
  const to = ["quality@example.com", "user08@example.com"];
  store.deliver(Buffer.from(lines.join("\r\n")), { from: "facilities@example.com", to, at: new Date(now.getTime() - 6 * hour) });
  const facilities = store.mailbox("facilities@example.com");
  const meeting = { start, end: new Date(start.getTime() + hour), isAllDay: false, location: "Car park", uid: "fire-drill-1@example.com" };
  facilities?.add(facilities.known("calendar"), { itemClass: "IPM.Appointment", subject: "Fire drill", meeting, isRead: true });
}

/** Sends a message to an unknown address: the sender gets a delivery report. */
function seedBounce(store: Store): void {
  const sender = store.mailbox("user06@example.com");
  if (!sender) return;
  const { sent } = store.submit(
    { subject: "Forklift booking", to: [{ address: "forklift@example.com" }], body: { type: "Text", value: "Is it free at noon?\r\n" } },
    sender,
  );
  sender.add(sender.known("sentitems"), sent);
}
