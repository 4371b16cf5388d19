import { request as httpRequest } from "node:http";
import { expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, call, idOf, mailboxOf, refusal, startGraphLab, text } from "../graph-client.ts";

const size = 3 * 1024 * 1024 + 5;
const content = Buffer.alloc(size, "0123456789");
const half = 2 * 1024 * 1024;

function draftOf(lab: Lab) {
  const mailbox = mailboxOf(lab);
  return mailbox.add(mailbox.known("drafts"), { subject: "With a large file", isDraft: true });
}

const open = (lab: Lab, id: string, more = {}) =>
  call(lab, "POST", `/users/${anna}/messages/${id}/attachments/createUploadSession`, {
    AttachmentItem: { attachmentType: "file", name: "large.bin", size, contentType: "application/x-large", ...more },
  });

/** One request to an address outside of `/v1.0`, without a token. */
function ask(url: string, method: string, headers: Record<string, string | number> = {}, body?: Uint8Array) {
  return new Promise<{ readonly status: number; readonly location: string | undefined; readonly body: string }>((resolve, reject) => {
    const length = body === undefined ? {} : { "Content-Length": body.length };
    const request = httpRequest(url, { method, headers: { ...length, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, location: response.headers.location, body: Buffer.concat(chunks).toString() });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

const put = (url: string, from: number, to: number, more: Record<string, string> = {}) =>
  ask(
    url,
    "PUT",
    { "Content-Type": "application/octet-stream", "Content-Range": `bytes ${from}-${to - 1}/${size}`, ...more },
    content.subarray(from, to),
  );

test("a large file goes to the draft in pieces, without a token, and is there when the last one has come", async () => {
  const lab = await startGraphLab();
  const draft = draftOf(lab);
  const opened = await open(lab, idOf(draft));
  expect(opened.status).toBe(201);
  expect(opened.at("nextExpectedRanges")).toEqual(["0-"]);
  const url = text(opened.at("uploadUrl"));
  expect(url.startsWith(lab.graphUrl)).toBe(false);
  const first = await put(url, 0, half);
  expect([first.status, JSON.parse(first.body).nextExpectedRanges]).toEqual([200, [String(half)]]);
  expect(mailboxOf(lab).item(draft.id)?.attachments).toEqual([]);
  const last = await put(url, half, size);
  expect(last.status).toBe(201);
  const [attachment] = mailboxOf(lab).item(draft.id)?.attachments ?? [];
  expect(attachment).toMatchObject({ kind: "file", name: "large.bin", contentType: "application/x-large", isInline: false });
  expect(content.equals(attachment?.content ?? Buffer.alloc(0))).toBe(true);
  const id = /Attachments\('([^']+)'\)$/.exec(last.location ?? "")?.[1] ?? "";
  expect(
    (await call(lab, "GET", `/users/${anna}/messages/${idOf(draft)}/attachments/${encodeURIComponent(id)}?$select=name`)).at("name"),
  ).toBe("large.bin");
  expect((await put(url, half, size)).status).toBe(404);
});

test("the received range can be requested, and a piece that does not follow it is refused without harm", async () => {
  const lab = await startGraphLab();
  const url = text((await open(lab, idOf(draftOf(lab)))).at("uploadUrl"));
  await put(url, 0, half);
  expect((await put(url, 0, half)).status).toBe(416);
  expect((await put(url, half + 1, size)).status).toBe(416);
  expect(JSON.parse((await ask(url, "GET")).body).nextExpectedRanges).toEqual([String(half)]);
  expect((await put(url, half, size)).status).toBe(201);
});

test.each([
  ["no range", {}],
  ["a range of another length", { "Content-Range": `bytes 0-9/${size}` }],
  ["a range of another file", { "Content-Range": "bytes 0-99/100" }],
  ["a range past the end", { "Content-Range": `bytes ${size}-${size + 99}/${size}` }],
])("a piece with %s is status 400", async (_, headers) => {
  const lab = await startGraphLab();
  const url = text((await open(lab, idOf(draftOf(lab)))).at("uploadUrl"));
  expect((await ask(url, "PUT", headers, Buffer.alloc(100))).status).toBe(400);
});

test("a token sent to the address of an upload is refused", async () => {
  const lab = await startGraphLab();
  const url = text((await open(lab, idOf(draftOf(lab)))).at("uploadUrl"));
  expect((await put(url, 0, half, { Authorization: "Bearer all-token" })).status).toBe(401);
});

test("an upload that was cancelled or has expired accepts no further piece", async () => {
  const lab = await startGraphLab();
  const draft = idOf(draftOf(lab));
  const [one, other] = [text((await open(lab, draft)).at("uploadUrl")), text((await open(lab, draft)).at("uploadUrl"))];
  expect((await ask(one, "DELETE")).status).toBe(204);
  expect((await put(one, 0, half)).status).toBe(404);
  lab.store.clock.set(new Date(Date.now() + 2 * 3_600_000));
  expect((await put(other, 0, half)).status).toBe(404);
});

test("the answer to a piece can be lost, and the piece is there nevertheless", async () => {
  const lab = await startGraphLab({ faults: [{ kind: "reset-after", operation: "attachment-upload" }] });
  const url = text((await open(lab, idOf(draftOf(lab)))).at("uploadUrl"));
  await expect(put(url, 0, half)).rejects.toThrow();
  expect(JSON.parse((await ask(url, "GET")).body).nextExpectedRanges).toEqual([String(half)]);
});

test.each([
  [{ size: 1000 }, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize"],
  [{ size: 151 * 1024 * 1024 }, "ErrorAttachmentSizeLimitExceeded"],
  [{ attachmentType: "item" }, "ErrorInvalidRequest"],
  [{ name: 5 }, "ErrorRequiredPropertyMissing"],
])("an upload session with %j is refused with %s", async (more, code) => {
  const lab = await startGraphLab();
  expect(refusal(await open(lab, idOf(draftOf(lab)), more))).toEqual([400, code]);
});

test("an upload session with a member that attachments do not have is refused", async () => {
  const lab = await startGraphLab();
  expect(refusal(await open(lab, idOf(draftOf(lab)), { colour: "red" }))).toEqual([400, "RequestBodyRead"]);
});

test("the address of an upload is on a host of its own, which answers nothing else, and Graph's host takes no upload", async () => {
  const lab = await startGraphLab();
  const url = new URL(text((await open(lab, idOf(draftOf(lab)))).at("uploadUrl")));
  expect(url.origin).not.toBe(new URL(lab.url).origin);
  const elsewhere = new URL(url.pathname + url.search, lab.url);
  expect((await put(elsewhere.href, 0, half)).status).toBe(404);
  const graph = new URL(`/v1.0/users/${anna}`, url.origin);
  expect((await ask(graph.href, "GET", { Authorization: "Bearer all-token" })).status).toBe(404);
  expect((await put(url.href, 0, half)).status).toBe(200);
});
