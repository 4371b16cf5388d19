import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Content } from "../../../src/exchange/message.ts";
import { attachmentContent, mime } from "../../../src/graph/messages/message-content.ts";
import type { Outcome } from "../../../src/outcome.ts";
import { labMailbox } from "../lab-mailbox.ts";

/** Graph that sends a content piece by piece, each when the test says so. */
async function slowly(first: string) {
  let response: ServerResponse | undefined;
  const server = createServer((request, answer) => {
    request.resume();
    response = answer;
    answer.writeHead(200, { "content-type": "text/plain", "request-id": "1" }).write(first);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const box = labMailbox(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1.0`, "ann@example.com");
  return { box, more: (text: string) => response?.write(text), end: () => response?.end(), break: () => response?.destroy() };
}

async function begun(outcomes: AsyncIterable<Outcome<Content>>): Promise<AsyncIterator<Uint8Array>> {
  for await (const outcome of outcomes) {
    if (!outcome.ok) throw outcome.failure;
    return outcome.value.bytes[Symbol.asyncIterator]();
  }
  throw new Error("There is no outcome.");
}

const text = async (bytes: AsyncIterator<Uint8Array>): Promise<string> => Buffer.from((await bytes.next()).value ?? []).toString();

const nested = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/x\r\n\r\n";

test.each([
  ["a message", "Subject: first", (box: Parameters<typeof mime>[0]) => mime(box, ["m"])],
  ["an attachment", "Subject: first", (box: Parameters<typeof mime>[0]) => attachmentContent(box, [{ id: "m.a", kind: "file" }])],
  [
    "what hangs in an attached message",
    `${nested}Subject: first`,
    (box: Parameters<typeof mime>[0]) => attachmentContent(box, [{ id: "m.a.1", kind: "file" }]),
  ],
])("the bytes of %s are returned while they arrive, and an interrupted download throws", async (_, first, ask) => {
  const { box, more, break: breaks } = await slowly(first);
  const bytes = await begun(ask(box));
  // Of a part the last bytes are held back: they may begin a boundary.
  expect("Subject: first").toContain(await text(bytes));
  more(`${" second".repeat(20)}`);
  expect(await text(bytes)).toContain("second");
  breaks();
  await expect(text(bytes)).rejects.toMatchObject({ code: "broken-reply" });
});

test("a complete part of an attached message is returned even if the rest never arrives", async () => {
  const { box, more } = await slowly(`${nested}whole`);
  const bytes = await begun(attachmentContent(box, [{ id: "m.a.1", kind: "file" }]));
  more("\r\n--b\r\nContent-Type: application/x\r\n\r\nnever read");
  let all = "";
  for (let next = await bytes.next(); next.done !== true; next = await bytes.next()) all += Buffer.from(next.value).toString();
  expect(all).toBe("whole");
});
