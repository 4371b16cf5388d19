import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deleteAttachments } from "../../../src/actions/delete-attachments.ts";
import { downloadMailAsEml } from "../../../src/actions/download-mail-as-eml.ts";
import { getAttachments } from "../../../src/actions/get-attachments.ts";
import { attribute, properties, property, tnef } from "../../wire/mime/tnef.ts";
import { backends, type LabHost, openLabHost } from "../lab-host.ts";

const mailbox = "user01@example.com";
const from = "out@example.net";

/** A message with these fields and lines of content. */
const mail = (id: string, type: readonly string[], content: readonly string[]) =>
  [`From: ${from}`, `To: ${mailbox}`, `Subject: ${id}`, `Message-ID: <${id}@example.net>`, ...type, "", ...content, ""].join("\r\n");

/** The same as base64 in a multipart, as the attachment of this type and name. */
const withFile = (id: string, type: string, name: string, bytes: Uint8Array) =>
  mail(
    id,
    ["MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=b"],
    [
      ...["--b", "Content-Type: text/plain", "", "See the file."],
      ...["--b", `Content-Type: ${type}; name=${name}`, "Content-Transfer-Encoding: base64"],
      ...[`Content-Disposition: attachment; filename=${name}`, "", Buffer.from(bytes).toString("base64"), "--b--"],
    ],
  );

const uuencoded = ["Hello,", "begin 644 run.exe", "#0V%T", "`", "end"];

describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());

  function put(mime: string) {
    const item = at.lab.store.deliver(Buffer.from(mime), { from, to: [mailbox] })[0]?.item;
    return { mailbox, item_id: at.idOf(item) };
  }

  /** The whole message, as download-mail-as-eml keeps it. */
  async function saved(message: Readonly<Record<string, unknown>>) {
    const answer = await at.run(downloadMailAsEml, message);
    return readFileSync(String(answer.results?.[0]?.file_ref), "utf8");
  }

  test("a file written as uuencode into the text is no attachment to list or delete, and the saved message has it", async () => {
    const message = put(mail("uu", ["Content-Type: text/plain"], uuencoded));
    expect(await at.run(getAttachments, message)).toMatchObject({ success: true, results: [] });
    expect(await at.run(deleteAttachments, { ...message, all: true })).toMatchObject({ success: true, results: [] });
    expect(await saved(message)).toContain("begin 644 run.exe\r\n#0V%T");
  });

  test("the files of a winmail.dat are listed without its text in compressed RTF, and the saved file has that text", async () => {
    const rtf = Buffer.from("MELA compressed text");
    const bytes = Buffer.concat([
      tnef([{ title: "a.txt", content: Buffer.from("a") }]),
      attribute(1, 0x00069003, properties(property(0x0102, 0x1009, rtf))),
    ]);
    const answer = await at.run(getAttachments, put(withFile("rtf", "application/ms-tnef", "winmail.dat", bytes)));
    expect(answer).toMatchObject({ success: true, results: [{ name: "winmail.dat" }, { name: "a.txt" }] });
    expect(answer).not.toHaveProperty("incomplete");
    expect(readFileSync(String(answer.results?.[0]?.file_ref)).equals(bytes)).toBe(true);
  });

  test.each([
    ["application/pkcs7-mime", "smime.p7m"],
    ["application/octet-stream", "smime.p7m"],
    ["application/octet-stream", "Contract.P7M"],
  ])("a message signed or encrypted as a whole (%s, %s) is one file with a note that nothing in it is listed", async (type, name) => {
    const message = put(withFile("sealed", type, name, Buffer.from("no real envelope")));
    const answer = await at.run(getAttachments, message);
    expect(answer).toMatchObject({
      incomplete: true,
      results: [{ name, fetched: true, not_expanded: expect.stringContaining("PKCS #7") }],
    });
    expect(await saved(message)).toContain(Buffer.from("no real envelope").toString("base64"));
    const deleted = await at.run(deleteAttachments, { ...message, all: true });
    expect(deleted).toMatchObject({ success: true, results: [{ name, action: "deleted", verified: true }] });
  });
});
