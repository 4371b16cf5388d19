import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import type { Attachment } from "../../src/exchange/attachment.ts";
import { attachedMessages, attachments } from "../../src/graph/messages/attachments.ts";
import { attachmentContent } from "../../src/graph/messages/message-content.ts";
import { all, bytesOf, have } from "../exchange/contract-stage.ts";
import { labMailbox } from "../graph/lab-mailbox.ts";
import { onStage } from "../graph/stage.ts";
import { soon } from "../soon.ts";

const crlf = "\r\n";

/** A message with these parts behind its text, which is part 1. */
function holding(subject: string, parts: readonly string[]): string {
  const lines = [`Subject: ${subject}`, `Content-Type: multipart/mixed; boundary="=_${subject}"`, ""];
  const text = `Content-Type: text/plain${crlf}${crlf}The ${subject} one.`;
  return [...lines, ...[text, ...parts].map((part) => `--=_${subject}${crlf}${part}`), `--=_${subject}--`, ""].join(crlf);
}

const attached = (message: string) => `Content-Type: message/rfc822${crlf}${crlf}${message}`;
const part = (name: string, bytes: Uint8Array) =>
  `Content-Type: application/x; name=${name}${crlf}Content-Disposition: attachment; filename=${name}${crlf}Content-Transfer-Encoding: base64${crlf}${crlf}${Buffer.from(bytes).toString("base64")}`;
const bytes = (seed: number, size = 1000) => Buffer.alloc(size, seed);
const file = (path: string): Attachment => ({ id: `m.a.${path}`, kind: "file" });
const twenty = holding(
  "twenty",
  Array.from({ length: 20 }, (_, at) => part(`${at}.bin`, bytes(at))),
);

/** A Graph with one attached message; `cut`: after how many bytes each reading ends too early. */
async function giving(message: string, cuts: (number | undefined)[] = []) {
  const seen: { readonly url: string; isOver: boolean }[] = [];
  const server = createServer((request, response) => {
    const one = { url: request.url ?? "", isOver: false };
    seen.push(one);
    response.on("close", () => {
      one.isOver = true;
    });
    const whole = Buffer.from(message, "latin1");
    const cut = cuts[seen.length - 1];
    response.writeHead(200, { "content-length": whole.length, "request-id": "1" });
    if (cut === undefined) response.end(whole);
    else response.write(whole.subarray(0, cut), () => setTimeout(() => response.destroy(), 20));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { box: labMailbox(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1.0`, "ann@example.com"), seen };
}

/** What came of each: a hash of its bytes, or the code of its failure. */
async function read(outcomes: ReturnType<typeof attachmentContent>): Promise<string[]> {
  const answers: string[] = [];
  for await (const outcome of outcomes) {
    if (!outcome.ok) answers.push(outcome.failure.code);
    else
      answers.push(
        await bytesOf(outcome.value.bytes).then(
          (all) => hash(all),
          (thrown: { readonly code: string }) => `reading: ${thrown.code}`,
        ),
      );
  }
  return answers;
}

const hash = (all: Uint8Array) => createHash("sha256").update(all).digest("hex");

test("twenty files of an attached message cost one download, and with the message itself before them no second one", async () => {
  const { lab, ann } = await onStage();
  const mail = holding("outer", [attached(twenty)]);
  const item = lab.store.deliver(Buffer.from(mail), { from: "mallory@example.org", to: [ann.address] })[0]?.item;
  const box = labMailbox(lab.graphUrl, ann.address);
  const [outer] = have((await all(attachments(box, [item?.id ?? ""])))[0]);
  const files = have((await all(attachedMessages(box, outer ? [outer] : [])))[0]).attachments ?? [];
  const downloads = () => lab.requests.filter(({ path }) => path.endsWith("/$value")).length;
  const before = downloads();
  const expected = Array.from({ length: 20 }, (_, at) => hash(bytes(at)));
  expect(await read(attachmentContent(box, files))).toEqual(expected);
  expect(downloads() - before).toBe(1);
  expect((await read(attachmentContent(box, outer ? [outer, ...files] : []))).slice(1)).toEqual(expected);
  expect(downloads() - before).toBe(2);
});

test("parts are returned in the requested order, from one download if they are small", async () => {
  const { box, seen } = await giving(twenty);
  const order = [9, 3, 21, 2, 9, 99, 4];
  const expected = order.map((number) => (number > 21 ? "not-found" : hash(bytes(number - 2))));
  expect(
    await read(
      attachmentContent(
        box,
        order.map((number) => file(String(number))),
      ),
    ),
  ).toEqual(expected);
  expect(seen.length).toBeLessThanOrEqual(2);
});

test("a part too large to be kept is downloaded again, at most sixteen times", async () => {
  const large = 5 * 1024 * 1024;
  const { box, seen } = await giving(holding("large", [part("a", bytes(1, large)), part("b", bytes(2))]));
  const order = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? 3 : 2));
  const answers = await read(
    attachmentContent(
      box,
      order.map((number) => file(String(number))),
    ),
  );
  expect(answers.slice(0, 3)).toEqual([hash(bytes(2)), hash(bytes(1, large)), hash(bytes(2))]);
  expect(answers.filter((answer) => answer === "too-large").length).toBeGreaterThan(0);
  expect(answers).toHaveLength(40);
  expect(seen).toHaveLength(16);
});

test("messages nested three deep, each before its attachments, are read from one download", async () => {
  const inner = holding("inner", [part("deep", bytes(3))]);
  const middle = holding("middle", [part("flat", bytes(2)), attached(inner), part("last", bytes(4))]);
  const { box, seen } = await giving(holding("top", [attached(middle), part("end", bytes(5))]));
  const asked = ["2", "2.2", "2.3", "2.3.2", "2.4", "3"].map(file);
  const trimmed = (text: string) => hash(Buffer.from(text.replace(/\r\n$/, "")));
  const answers = await read(attachmentContent(box, asked));
  expect([answers[1], answers[3], answers[4], answers[5]]).toEqual([2, 3, 4, 5].map((seed) => hash(bytes(seed))));
  expect([hash(Buffer.from(middle)), trimmed(middle)]).toContain(answers[0]);
  expect(seen).toHaveLength(1);
});

test("sibling messages in an attached message are read from one download", async () => {
  const names = ["one", "two", "three", "four"];
  const { box, seen } = await giving(
    holding(
      "digest",
      names.map((name) => attached(holding(name, []))),
    ),
  );
  const outcomes = await all(
    attachedMessages(
      box,
      ["2", "3", "1", "4", "5"].map((path) => ({ ...file(path), kind: "item" as const })),
    ),
  );
  expect(outcomes.map((outcome) => (outcome.ok ? outcome.value.subject : outcome.failure.code))).toEqual([
    "one",
    "two",
    "invalid-input",
    "three",
    "four",
  ]);
  expect(seen.length).toBeLessThanOrEqual(2);
});

test("an interrupted download fails the part being read, and the others come from another download", async () => {
  const cut = Buffer.byteLength(twenty) / 2;
  const { box, seen } = await giving(twenty, [Math.floor(cut)]);
  const answers = await read(
    attachmentContent(
      box,
      Array.from({ length: 20 }, (_, at) => file(String(at + 2))),
    ),
  );
  const wrong = answers.filter((answer, at) => answer !== hash(bytes(at)));
  expect(answers).toHaveLength(20);
  expect(wrong).toHaveLength(1);
  expect(wrong[0]).toMatch(/broken-reply/);
  expect(seen).toHaveLength(2);
});

test("the rest is abandoned if a download breaks off at the same position three times", async () => {
  const cut = Math.floor(Buffer.byteLength(twenty) / 2);
  const { box, seen } = await giving(twenty, Array(20).fill(cut));
  const answers = await read(
    attachmentContent(
      box,
      Array.from({ length: 20 }, (_, at) => file(String(at + 2))),
    ),
  );
  expect(answers).toHaveLength(20);
  expect(answers[0]).toBe(hash(bytes(0)));
  expect(new Set(answers.slice(-8))).toEqual(new Set(["broken-reply"]));
  expect(seen).toHaveLength(3);
});

test("an unread part is skipped, and a later reader of it gets a failure", async () => {
  const { box, seen } = await giving(twenty);
  let late: AsyncIterable<Uint8Array> | undefined;
  const got: string[] = [];
  let at = 0;
  for await (const outcome of attachmentContent(box, ["2", "3", "4"].map(file))) {
    const { bytes: content } = have(outcome);
    if (at === 0) late = content;
    else if (at === 1) for await (const _ of content) break;
    else got.push(hash(await bytesOf(content)));
    at += 1;
  }
  expect(got).toEqual([hash(bytes(2))]);
  expect(seen).toHaveLength(1);
  if (late !== undefined) await expect(bytesOf(late)).rejects.toMatchObject({ code: "invalid-input" });
});

test("after a message that was not read to its end, its attachments come without a second download", async () => {
  const large = holding("inner", [part("deep", bytes(3)), part("filling", bytes(9, 3_000_000))]);
  const { box, seen } = await giving(holding("top", [attached(large), part("end", bytes(5))]));
  const got: string[] = [];
  for await (const outcome of attachmentContent(box, ["2", "2.2", "3"].map(file))) {
    const { bytes: content } = have(outcome);
    if (got.length === 0) {
      for await (const _ of content) break;
      got.push("enough");
    } else got.push(hash(await bytesOf(content)));
  }
  expect(got).toEqual(["enough", hash(bytes(3)), hash(bytes(5))]);
  expect(seen).toHaveLength(1);
});

test("a caller that stops requesting parts ends the download", async () => {
  const { box, seen } = await giving(holding("large", [part("a", bytes(1)), part("b", bytes(2, 40_000_000))]));
  for await (const outcome of attachmentContent(box, ["2", "3"].map(file))) {
    expect(hash(await bytesOf(have(outcome).bytes))).toBe(hash(bytes(1)));
    break;
  }
  await soon(() => expect(seen.map(({ isOver }) => isOver)).toEqual([true]));
});

test("cancellation in the middle ends the download and is thrown", async () => {
  const stop = new AbortController();
  const { seen, box } = await giving(holding("large", [part("a", bytes(1)), part("b", bytes(2, 40_000_000)), part("c", bytes(3))]));
  const asked = attachmentContent(box.during({ signal: stop.signal }), ["2", "3", "4"].map(file));
  const work = async () => {
    for await (const outcome of asked) {
      const { bytes: content } = have(outcome);
      await bytesOf(content);
      stop.abort();
    }
  };
  await expect(work()).rejects.toMatchObject({ code: "cancelled" });
  await soon(() => expect(seen.map(({ isOver }) => isOver)).toEqual([true]));
});
