import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import PostalMime from "postal-mime";
import { describe, expect, test } from "vitest";
import { itemFromMime, parseDate } from "../../../src/lab/mime/item-from-mime.ts";

const read = (...lines: string[]) => itemFromMime(Buffer.from(lines.join("\r\n")));
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

test("an attached mail's bytes are cut out exactly, at every depth", () => {
  const innermost = "Subject: three\r\n\r\n  text \r\n\r\n";
  const inner = `Subject: two\r\nContent-Type: multipart/mixed; boundary=b2\r\n\r\n--b2\r\nContent-Type: message/rfc822\r\n\r\n${innermost}\r\n--b2--\r\n`;
  const item = read(
    "Subject: one",
    "Content-Type: multipart/mixed; boundary=b1",
    "",
    "--b1",
    "Content-Type: message/rfc822",
    "",
    `${inner}`,
    "--b1--",
    "",
  );
  const two = item.attachments?.[0];
  const three = two?.item?.attachments?.[0];
  expect([two?.kind, two?.name, three?.name, three?.item?.text]).toEqual(["item", "two", "three", "  text \r\n\r\n"]);
  expect(text(two?.item?.mime)).toBe(inner);
  expect(text(three?.item?.mime)).toBe(innermost);
});

test("a message nested deeper than Exchange allows becomes a file and is not lost", () => {
  let mime = "Subject: end\r\n\r\n";
  for (let depth = 15; depth > 0; depth -= 1)
    mime = `Subject: ${depth}\r\nContent-Type: multipart/mixed; boundary=b${depth}_\r\n\r\n--b${depth}_\r\nContent-Type: message/rfc822\r\n\r\n${mime}\r\n--b${depth}_--\r\n`;
  let depth = 0;
  let at = itemFromMime(Buffer.from(mime)).attachments?.[0];
  for (; at?.item; at = at.item.attachments?.[0]) depth += 1;
  expect(depth).toBe(9);
  expect(at?.kind).toBe("file");
  expect(text(at?.content)).toMatch(/^Subject: 11\r\n/);
});

test("files come with their name, bytes and place: named, unnamed, empty and shown in the HTML", () => {
  const part = (head: string, body: string) => `--b\r\n${head}\r\n\r\n${body}\r\n`;
  const item = read(
    "Content-Type: multipart/mixed; boundary=b",
    "",
    part("Content-Type: text/html", '<img src="cid:logo@x"> <img src="cid:late@x">') +
      part(
        "Content-Type: image/png\r\nContent-ID: <logo@x>\r\nContent-Disposition: attachment; filename=logo.png\r\nContent-Transfer-Encoding: base64",
        "AAEC",
      ) +
      part("Content-Type: application/octet-stream", "raw") +
      part("Content-Type: text/plain\r\nContent-Disposition: attachment; filename=empty.txt", "") +
      part("Content-Type: image/gif\r\nContent-ID: <unused@x>", "gif") +
      "--b--",
  );
  expect(item.attachments?.map(({ name, isInline, contentId, content }) => [name, isInline, contentId, content?.length])).toEqual([
    ["logo.png", true, "logo@x", 3],
    [undefined, false, undefined, 3],
    ["empty.txt", false, undefined, 0],
    [undefined, false, "unused@x", 3],
  ]);
});

test("the body is HTML if present, beside the text, and a second text is a file", () => {
  const item = read(
    "Content-Type: multipart/alternative; boundary=b",
    "",
    "--b",
    "",
    "plain",
    "--b",
    "Content-Type: text/html",
    "",
    "<p>rich</p>",
    "--b--",
    "",
  );
  expect([item.body, item.text, item.attachments]).toEqual([{ type: "HTML", value: "<p>rich</p>" }, "plain", []]);
  const mixed = read("Content-Type: multipart/mixed; boundary=b", "", "--b", "", "body", "--b", "", "footer", "--b--", "");
  expect([mixed.body?.value, mixed.attachments?.length]).toEqual(["body", 1]);
});

test("a delivery report and a meeting request have classes of their own", () => {
  const report = read(
    "Content-Type: multipart/report; report-type=delivery-status; boundary=b",
    "",
    "--b",
    "",
    "Sorry",
    "--b",
    "Content-Type: message/delivery-status",
    "",
    "Reporting-MTA: dns;x",
    "",
    "Action: failed",
    "--b--",
    "",
  );
  expect([report.itemClass, report.body?.value]).toEqual(["REPORT.IPM.Note.NDR", "Sorry"]);
  const calendar = [
    "BEGIN:VCALENDAR",
    "BEGIN:VEVENT",
    "DTSTART:20261201T100000Z",
    "DTEND:20261201T110000Z",
    "LOCATION:Hall\\, left",
    "END:VEVENT",
    "END:VCALENDAR",
  ].join("\r\n");
  const meeting = read("Content-Type: text/calendar; method=REQUEST", "", calendar);
  expect(meeting.itemClass).toBe("IPM.Schedule.Meeting.Request");
  expect(meeting.meeting).toMatchObject({
    start: new Date("2026-12-01T10:00:00Z"),
    end: new Date("2026-12-01T11:00:00Z"),
    location: "Hall, left",
  });
});

test("broken addresses and dates lose nothing else", () => {
  const item = read(
    'From: "Only a name"',
    "To: a@example.org, <>, broken@, Group: b@example.org;",
    "Date: yesterday, maybe",
    "Subject: =?utf-8?B?broken",
    "",
    "x",
  );
  expect(item.from).toEqual({ name: "Only a name", address: undefined });
  expect(item.to?.map(({ address }) => address)).toContain("b@example.org");
  expect([item.sentAt, item.subject, item.text]).toEqual([undefined, "=?utf-8?B?broken", "x"]);
  expect(parseDate("Mon, 02 Feb 2026 10:00:00 +0100 (CET)")?.toISOString()).toBe("2026-02-02T09:00:00.000Z");
});

test("no bytes make it throw, and it keeps them", () => {
  const line = fc.constantFrom(
    "Subject: x",
    "Content-Type: multipart/mixed; boundary=b",
    "Content-Type: message/rfc822",
    "Content-Type: text/html",
    "--b",
    "--b--",
    "",
    "Content-Transfer-Encoding: base64",
    "\u0000",
    "From: <<,;:>",
    "Content-Type: text/calendar; method=REQUEST",
    "BEGIN:VEVENT",
    "DTSTART:99999999",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(line, { maxLength: 40 }).map((lines) => Buffer.from(lines.join("\r\n"))),
      ),
      (bytes) => {
        expect(itemFromMime(bytes).mime).toBe(bytes);
      },
    ),
  );
});

const corpus = fileURLToPath(new URL("../../../../shared/corpus/phishing/", import.meta.url));

describe.skipIf(!existsSync(corpus))("a real phishing message (skipped without ../shared/corpus)", () => {
  test("has the same subject, sender, headers and files as in another reader", async () => {
    const files = readdirSync(corpus).filter((name) => name.endsWith(".eml"));
    expect(files.length).toBeGreaterThan(200);
    const others: string[] = [];
    for (const file of files) {
      const bytes = readFileSync(`${corpus}${file}`);
      const item = itemFromMime(bytes);
      const other = await PostalMime.parse(bytes);
      expect(item.mime, file).toBe(bytes);
      expect(item.subject, file).toBe(other.subject ?? "");
      expect(item.headers, file).toEqual(other.headers.map(({ originalKey, value }) => ({ name: originalKey, value })));
      // Who sent it, another reader takes from a name (`"news@a.example", <b@example.com>`): Exchange said it when the mail came.
      const said = item.headers?.find(({ name }) => name === "X-SID-PRA")?.value.toLowerCase();
      const sender = item.from?.address?.replace(/,.*$|\.$/, "");
      // The collection has put its own address in the place of some.
      if (said && !sender?.startsWith("phishing@pot") && sender?.toLowerCase() !== said)
        others.push(`${file}: ${sender} instead of ${said}`);
      expect(
        item.attachments?.map(({ name }) => name ?? null),
        file,
      ).toEqual(other.attachments.map(({ filename }) => filename));
      for (const [at, { content }] of other.attachments.entries()) {
        const mine = item.attachments?.[at];
        if (mine?.kind === "file" && typeof content !== "string")
          expect(Buffer.from(mine.content ?? []).equals(Buffer.from(new Uint8Array(content))), file).toBe(true);
      }
    }
    // Of two senders Exchange took the second there.
    expect(others.map((one) => one.split(":")[0])).toEqual(["sample-3261.eml"]);
  });
});
