import { expect, test } from "vitest";
import { completeMime, withoutHeader } from "../../../src/lab/mime/complete-mime.ts";

test("a header is removed with its folded lines at any position, and nothing from the body", () => {
  const mime = Buffer.from("Bcc: a,\r\n b\r\nTo: c\r\nBCC : d\r\nX-Bcc: e\r\n\r\nBcc: body\r\n");
  expect(Buffer.from(withoutHeader(mime, "bcc")).toString()).toBe("To: c\r\nX-Bcc: e\r\n\r\nBcc: body\r\n");
});

test("only headers that a message needs and lacks are put before its own", () => {
  const headers = ["From", "Date", "Message-ID", "Subject"].map((name) => ({ name, value: "new" }));
  expect(Buffer.from(completeMime(Buffer.from("date: old\r\n\r\nx"), headers)).toString()).toBe(
    "From: new\r\nMessage-ID: new\r\ndate: old\r\n\r\nx",
  );
});
