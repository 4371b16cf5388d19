import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Attachment } from "../../src/exchange/attachment.ts";
import { checkCarried, checkFile, checkMessage, openDigestingReader } from "../../src/message-content/check-whole.ts";

async function* coming(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 50) yield bytes.subarray(at, at + 50);
}

/** A message with a file and an attached message. */
function message(boundary = "b", id = "<one@example.org>"): string {
  return [
    "Subject: x",
    `Message-ID: ${id}`,
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    "",
    `--${boundary}`,
    "Content-Type: text/plain",
    "",
    "Hello.",
    `--${boundary}`,
    'Content-Type: application/pdf; name="in: voice.pdf"',
    'Content-Disposition: attachment; filename="in_voice.pdf"',
    "Content-Transfer-Encoding: base64",
    "",
    Buffer.from("a file").toString("base64"),
    `--${boundary}`,
    "Content-Type: message/rfc822",
    "",
    "Subject: inner",
    "",
    "Inside.",
    `--${boundary}--`,
    "",
  ].join("\r\n");
}

const listed: readonly Attachment[] = [
  { id: "1", kind: "file", name: "in_voice.pdf", size: 400 },
  { id: "2", kind: "item", name: "inner", size: 900 },
  { id: "3", kind: "reference", name: "in the cloud" },
];
const about = { internetMessageId: "<one@example.org>", attachments: listed };

/** Reads twice, and checks. */
async function check(first: string, second = first, what: Parameters<typeof checkMessage>[2] = about): Promise<void> {
  const reader = openDigestingReader();
  const hash = createHash("sha256");
  for await (const piece of reader.through(coming(Buffer.from(first)))) hash.update(piece);
  await checkMessage(coming(Buffer.from(second)), { ...reader.end(), sha256: hash.digest("hex") }, what);
}

describe("a message that is read twice", () => {
  test("is complete if both readings are equal, it ends with its last boundary, and it has the listed attachments", async () => {
    await expect(check(message())).resolves.toBeUndefined();
  });

  test("is complete if a server invents new boundaries for each reading", async () => {
    await expect(check(message("one"), message("another"))).resolves.toBeUndefined();
  });

  test.each([
    ["another text", message().replace("Hello.", "Hallo.")],
    ["half", message().slice(0, 200)],
    ["more", `${message()}x`.replace("Inside.", "Inside. x")],
  ])("is incomplete if the second reading is %s", async (_, second) => {
    await expect(check(message(), second)).rejects.toMatchObject({
      code: "evidence-failed",
      message: expect.stringMatching(/two readings/),
    });
  });

  test("is incomplete wherever both readings are cut", async () => {
    const whole = message();
    const end = whole.lastIndexOf("--b--");
    for (let at = 0; at < end; at += 1) {
      await expect(check(whole.slice(0, at)), `cut at ${at}`).rejects.toMatchObject({ code: "evidence-failed" });
    }
  });

  test("is incomplete if it is another message", async () => {
    await expect(check(message("b", "<other@example.org>"))).rejects.toThrow(/another Message-ID/);
    await expect(check(message("b", "\r\n one@example.org"))).resolves.toBeUndefined();
  });

  test.each([
    ["a file", { id: "4", kind: "file", name: "second.pdf", size: 1_000_000 }],
    ["an attached message", { id: "4", kind: "item", name: "second", size: 100 }],
    ["a file of the same name", { id: "4", kind: "file", name: "in_voice.pdf", size: 1_000_000 }],
  ] as const)("is incomplete if Exchange lists %s that it does not have", async (_, missing) => {
    await expect(check(message(), message(), { ...about, attachments: [...listed, missing] })).rejects.toThrow(/lacks the attachment/);
  });

  test("is complete if files may be inside a part: an invitation, a signed or a TNEF message", async () => {
    const inside = [{ id: "4", kind: "file", name: "smime.p7m", size: 1_000_000 } as const];
    for (const type of ["text/calendar", "application/pkcs7-signature", "application/ms-tnef"]) {
      const packed = message().replace("application/pdf", type);
      await expect(check(packed, packed, { ...about, attachments: inside })).resolves.toBeUndefined();
    }
  });

  test("is complete if Exchange gives a file another name and its size matches", async () => {
    const renamed = [{ id: "1", kind: "file", name: "ATT00001.bin", size: 400 } as const, ...listed.slice(1)];
    await expect(check(message(), message(), { ...about, attachments: renamed })).resolves.toBeUndefined();
  });
});

describe("a message that is copied as MIME", () => {
  const carried = (first: string, second = first, what = about) =>
    checkCarried(coming(Buffer.from(first)), coming(Buffer.from(second)), what);

  test("is complete by the checks of evidence", async () => {
    await carried(message());
    await carried(message("b"), message("other"));
  });

  test.each([
    ["its first reading is cut", () => carried(message().slice(0, 200), message())],
    ["its second reading is cut", () => carried(message(), message().slice(0, 200))],
    ["both readings are cut", () => carried(message().slice(0, 200))],
    ["it lacks an attachment that Exchange lists", () => carried("Subject: x\r\n\r\nHello.\r\n")],
  ])("is not copied if %s", async (_, run) => {
    await expect(run()).rejects.toMatchObject({ code: "broken-reply", message: expect.stringContaining("It was not copied.") });
  });
});

test("a file that is read twice is complete if both readings are equal", async () => {
  const sha256 = createHash("sha256").update("a file").digest("hex");
  await expect(checkFile(coming(Buffer.from("a file")), { sha256 })).resolves.toBeUndefined();
  await expect(checkFile(coming(Buffer.from("a fil")), { sha256 })).rejects.toMatchObject({ code: "evidence-failed" });
});
