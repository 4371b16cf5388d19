import { describe, expect, test } from "vitest";
import { readTrackingLog } from "../../../src/sweeps/find/tracking-log.ts";

const id = "<20f7c1.4711@mailer.example.net>";
const query = { internetMessageIds: [id] };

/** As Get-MessageTrackingLog gives it, with the recipients joined, and Export-Csv of Windows PowerShell writes it. */
const exported = `\ufeff#TYPE Selected.System.Management.Automation.PSCustomObject
"Timestamp","EventId","Source","MessageId","Sender","MessageSubject","RelatedRecipientAddress","Recipients"
"12/1/2026 9:00:01 AM","RECEIVE","SMTP","${id}","billing@example.net","Invoice, overdue","","team@example.com;carl@example.org"
"12/1/2026 9:00:02 AM","EXPAND","ROUTING","${id}","billing@example.net","Invoice, overdue","team@example.com","ann@example.com;bob@example.com;dora@example.com"
"12/1/2026 9:00:03 AM","DELIVER","STOREDRIVER","${id}","billing@example.net","Invoice, overdue","","ann@example.com;BOB@example.com"
"12/1/2026 9:00:03 AM","SENDEXTERNAL","SMTP","${id}","billing@example.net","Invoice, overdue","","carl@example.org"
"12/1/2026 9:00:04 AM","FAIL","STOREDRIVER","${id}","billing@example.net","Invoice, overdue","","erin@example.com"
"12/1/2026 9:00:05 AM","DELIVER","STOREDRIVER","<other@mailer.example.net>","billing@example.net","Other","","frank@example.com"
`.replaceAll("\n", "\r\n");

describe("a message tracking log", () => {
  test("exported as CSV contains recipients, groups, forwarded messages and failures", async () => {
    expect(await readTrackingLog(exported, query)).toMatchObject({
      recipients: ["ann@example.com", "BOB@example.com", "dora@example.com"],
      groups: ["team@example.com"],
      sentOn: ["carl@example.org"],
      failed: ["erin@example.com"],
      strange: [],
      matched: 5,
      rows: 6,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test("is read as the server itself writes it", async () => {
    const log = `#Software: Microsoft Exchange Server\r
#Version: 15.02.2562.017\r
#Log-type: Message Tracking Log\r
#Fields: date-time,client-ip,event-id,source,message-id,recipient-address,related-recipient-address,sender-address,message-subject\r
2026-12-01T09:00:03.000Z,,DELIVER,STOREDRIVER,${id},ann@example.com;bob@example.com,,billing@example.net,"Invoice, ""overdue"""\r
2026-12-01T09:00:04.000Z,,DELIVER,STOREDRIVER,<other@x>,carl@example.com,,billing@example.net,Other\r
`;
    expect(await readTrackingLog(log, query)).toMatchObject({ recipients: ["ann@example.com", "bob@example.com"], matched: 1, rows: 2 });
  });

  test("is searched by sender and subject where no Message-ID is named", async () => {
    const found = await readTrackingLog(exported, { internetMessageIds: [], sender: "BILLING@", subject: "other" });
    expect(found).toMatchObject({ recipients: ["frank@example.com"], matched: 1 });
  });

  test("whose recipients Export-Csv has not written is refused with the command that writes them", async () => {
    const text = `EventId,MessageId,Recipients\nDELIVER,${id},System.String[]\n`;
    await expect(readTrackingLog(text, query)).rejects.toMatchObject({
      code: "invalid-input",
      message: expect.stringContaining("row 2"),
      hint: expect.stringContaining("-join ';'"),
    });
  });

  test("without a column that is needed is refused by the name of the column", async () => {
    await expect(readTrackingLog("EventId,MessageId\nDELIVER,x\n", query)).rejects.toMatchObject({
      message: expect.stringContaining("Recipients"),
    });
    await expect(readTrackingLog("", query)).rejects.toMatchObject({ message: expect.stringContaining("EventId, Recipients, MessageId") });
  });

  test("names recipients that are no SMTP addresses apart", async () => {
    const text = `EventId,MessageId,Recipients\nDELIVER,${id},/o=Example/cn=ann;bob@example.com\n`;
    expect(await readTrackingLog(text, query)).toMatchObject({ recipients: ["bob@example.com"], strange: ["/o=Example/cn=ann"] });
  });
});
