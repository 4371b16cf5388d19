import { describe, expect, test } from "vitest";
import { readAddressFile } from "../../../src/sweeps/find/address-file.ts";

const crlf = "\r\n";
const ann = "ann@example.com";
const bob = "bob@example.com";

describe("a file of mailboxes", () => {
  test.each([
    ["one address per line", `${ann}\n${bob}\n`],
    ["no line feed at the end", `${ann}\n${bob}`],
    ["a byte order mark and Windows line ends", `\ufeff${ann}${crlf}${bob}${crlf}`],
    ["a byte order mark before a header", `\ufeffMailbox${crlf}${ann}${crlf}${bob}`],
    ["blank lines and blanks around", `\n  ${ann}  \n\n\t\n${bob}\n\n`],
    ["quotes", `"Mailbox"\n"${ann}"\n"${bob}"\n`],
    ["duplicates, in any case", `${ann}\nANN@example.com\n${bob}\n${ann}\n`],
    ["a header of several columns", `Name,PrimarySmtpAddress,Department\n"Example, Ann",${ann},Books\nBob,${bob},\n`],
    ["semicolons, as some spreadsheets write them", `Name;Email Address\n"Example; Ann";${ann}\nBob;${bob}\n`],
    ["tabs", `Name\tmail\nAnn\t${ann}\nBob\t${bob}\n`],
    ["the prefix of Exchange's addresses", `EmailAddress\nSMTP:${ann}\nsmtp:${bob}\n`],
    ["a header of one column with another name", `People\n${ann}\n${bob}\n`],
  ])("is read with %s", async (_, text) => {
    expect(await readAddressFile(text)).toEqual([ann, bob]);
  });

  test("with rows that are no addresses is refused with their numbers", async () => {
    const text = `Mailbox\n${ann}\nnobody\n\n${bob}\nann@example.com bob@example.com\na@b@c\n`;
    await expect(readAddressFile(text)).rejects.toMatchObject({
      code: "invalid-input",
      message: expect.stringMatching(/row 3 \("nobody"\), row 6 \(.*\), row 7 /),
    });
  });

  test("with a row whose cell of the address is empty is refused with its number", async () => {
    await expect(readAddressFile(`Name,Mailbox\nAnn,${ann}\nBob,\n`)).rejects.toMatchObject({
      message: expect.stringContaining("row 3 (empty)"),
    });
  });

  test("with many bad rows names the first ten and counts the others", async () => {
    await expect(readAddressFile(`Mailbox\n${"x\n".repeat(50_000)}`)).rejects.toMatchObject({
      message: expect.stringContaining("and 49990 more"),
    });
  });

  test.each([
    ["nothing", ""],
    ["blank lines only", "\n \n"],
    ["a header only", "Mailbox\n"],
    ["several columns without a header that is known", `${ann},x\n${bob},y\n`],
    ["a quotation mark that is never closed", `Mailbox\n"${ann}\n`],
    ["bytes that are no text", `M\0a\0i\0l\0`],
  ])("with %s is refused", async (_, text) => {
    await expect(readAddressFile(text)).rejects.toMatchObject({ code: "invalid-input" });
  });

  test("of 200,000 addresses is read in linear time", async () => {
    const text = Array.from({ length: 200_000 }, (_, at) => `user${at}@example.com`).join("\n");
    const begun = performance.now();
    expect((await readAddressFile(text)).length).toBe(200_000);
    expect(performance.now() - begun).toBeLessThan(20_000);
  });
});
