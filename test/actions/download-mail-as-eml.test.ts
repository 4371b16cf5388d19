import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { downloadMailAsEml } from "../../src/actions/download-mail-as-eml.ts";
import { exitCodeOf } from "../../src/catalogue/answer-envelope.ts";
import { failures } from "../../src/failure.ts";
import { itemFromMime } from "../../src/lab/mime/item-from-mime.ts";
import { backends, type LabHost, openLabHost } from "./lab-host.ts";

const who = "user01@example.com";
describe.each(backends)("over %s", (backend) => {
  let at: LabHost;
  beforeAll(async () => {
    at = await openLabHost({}, backend);
  });
  afterAll(() => at.close());
  beforeEach(() => at.lab.clearFaults());

  function put(mime: Buffer) {
    return at.put(who, { ...itemFromMime(mime), mime });
  }

  function mail(id: string, subject: string, body = "body\r\n"): Buffer {
    return Buffer.from(`Message-ID: <${id}@example.net>\r\nFrom: billing@example.net\r\nSubject: ${subject}\r\n\r\n${body}`);
  }

  // XSOAR's EML lost line ends, doubled headers and failed on repeated or non-ASCII ones (demisto/content#31146, #36100, #36889).
  test("the file has the exact bytes of the message: repeated headers, folds, bare line feeds, 8-bit bytes, no last line end", async () => {
    const mime = Buffer.concat([
      Buffer.from(
        "Received: one\r\nReceived: two\r\n\tfolded\r\nX-Same: a\r\nX-Same: a\r\nx-odd:no space\r\nMessage-ID: <exact@example.net>\r\n",
      ),
      Buffer.from(
        "From: billing@example.net\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n",
      ),
      Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0d, 0x0a, 0x0a, 0x2e, 0x0d, 0x0a, 0x09, 0x20, 0x65, 0x6e, 0x64]),
    ]);
    put(mime);
    const answer = await at.run(downloadMailAsEml, { mailbox: who, internet_message_id: "<exact@example.net>" });
    const result = answer.results?.[0];
    expect(readFileSync(String(result?.file_ref)).equals(mime)).toBe(true);
    const hash = (algorithm: string) => createHash(algorithm).update(mime).digest("hex");
    expect(result).toMatchObject({
      status: "done",
      name: "caf\u00e9.eml",
      safe_name: "caf\u00e9.eml",
      size: mime.length,
      md5: hash("md5"),
      sha1: hash("sha1"),
      sha256: hash("sha256"),
      internet_message_id: "<exact@example.net>",
    });
  });

  test("the SHA-512 is returned only on request", async () => {
    const mime = mail("sha512", "Hashes");
    const item = put(mime);
    const input = { mailbox: who, item_id: at.idOf(item) };
    const asked = await at.run(downloadMailAsEml, { ...input, sha512: true });
    expect(asked.results?.[0]).toMatchObject({ sha512: createHash("sha512").update(mime).digest("hex") });
    const plain = await at.run(downloadMailAsEml, input);
    expect(plain.results?.[0]).not.toHaveProperty("sha512");
  });

  test("each of several messages gets its own file, even under one subject", async () => {
    const items = [put(mail("one", "Same", "1")), put(mail("two", "Same", "2")), put(mail("three", "", "3"))];
    const answer = await at.run(downloadMailAsEml, { mailbox: who, item_id: items.map(({ id }) => id).join(",") });
    const texts = answer.results?.map((result) => readFileSync(String(result.file_ref), "utf8").slice(-1));
    expect(texts).toEqual(["1", "2", "3"]);
    expect(answer.results?.[2]?.safe_name).toBe("no subject.eml");
  });

  test("a subject without a usable character still gives an .eml file", async () => {
    for (const subject of [".", "...", " . ", "\u200b\u202e"]) {
      const item = at.put(who, { subject });
      const answer = await at.run(downloadMailAsEml, { mailbox: who, item_id: at.idOf(item) });
      expect(answer.results).toMatchObject([{ safe_name: "no subject.eml", file_ref: expect.stringMatching(/\.eml$/) }]);
    }
  });

  test("filename sets the name of the file after unsafe characters are replaced", async () => {
    const item = put(mail("named", "Subject"));
    const answer = await at.run(downloadMailAsEml, { mailbox: who, item_id: at.idOf(item), filename: "../case 17.eml" });
    expect(answer.results?.[0]).toMatchObject({
      name: "../case 17.eml",
      safe_name: "_case 17.eml",
      file_ref: `${at.folder}/evidence/files/_case 17.eml`,
    });
  });

  test("base64 puts the message into the answer and writes no file", async () => {
    const mime = mail("base64", "Only in the answer");
    const item = put(mime);
    const answer = await at.run(downloadMailAsEml, { mailbox: who, item_id: at.idOf(item), as: "base64" });
    expect(answer.results?.[0]?.base64).toBe(mime.toString("base64"));
    expect(readdirSync(`${at.folder}/evidence`)).not.toContain("Only in the answer.eml");
  });

  test.skipIf(backend === "graph")("a message that Exchange cannot convert fails alone (its fault is of an EWS operation)", async () => {
    const items = [put(mail("a", "A")), put(mail("b", "B")), put(mail("c", "C"))];
    const bad = items[1]?.id;
    at.lab.addFault({ kind: "item-error", operation: "GetItem", nth: 2, times: 9, itemId: bad, code: "ErrorMimeContentConversionFailed" });
    const answer = await at.run(downloadMailAsEml, { mailbox: who, item_id: items.map(({ id }) => id) });
    expect(answer.results?.map(({ status }) => status)).toEqual(["done", "failed", "done"]);
    expect(answer.results?.[1]?.error).toMatchObject({ code: "unreadable", wire_code: "ErrorMimeContentConversionFailed" });
  });

  test.skipIf(backend === "graph")(
    "a reply that ends early is a failure, never a short file (its fault is of an EWS operation)",
    async () => {
      const item = put(mail("torn", "Torn", "x".repeat(100_000)));
      at.lab.addFault({ kind: "reset-mid-body", operation: "GetItem", nth: 2, times: 99 });
      const answer = await at.run(downloadMailAsEml, { mailbox: who, item_id: at.idOf(item) });
      expect(answer).toMatchObject({ success: false, counts: { succeeded: 0, failed: 1 } });
      expect(existsSync(`${at.folder}/evidence/Torn.eml`)).toBe(false);
      expect(readdirSync(`${at.folder}/evidence`).filter((name) => name.startsWith(".partial"))).toEqual([]);
    },
  );

  test("a message of more than max_bytes fails", async () => {
    const item = put(mail("large", "Large"));
    const answer = await at.run(downloadMailAsEml, { mailbox: who, item_id: at.idOf(item), max_bytes: 10 });
    expect(exitCodeOf(answer)).toBe(failures["too-large"].exit);
  });

  test("a Message-ID without a message is a success with nothing found", async () => {
    const answer = await at.run(downloadMailAsEml, { mailbox: who, internet_message_id: "nowhere@example.net" });
    expect(answer).toMatchObject({
      success: true,
      counts: { requested: 1, not_found: 1 },
      results: [{ internet_message_id: "nowhere@example.net", status: "not_found" }],
    });
  });

  test("a mailbox that does not exist fails the call", async () => {
    const answer = await at.run(downloadMailAsEml, { mailbox: "nobody@example.com", internet_message_id: "a@example.net" });
    expect(answer.success).toBe(false);
    expect(exitCodeOf(answer)).toBe(failures["mailbox-not-found"].exit);
  });
});
