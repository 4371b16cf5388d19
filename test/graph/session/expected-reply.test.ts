import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { asExpected, checkStreamed, type ExpectedReply } from "../../../src/graph/session/expected-reply.ts";
import type { JsonObject } from "../../../src/graph/session/read-json.ts";

interface Named {
  readonly name: string;
  readonly safety: string;
  readonly reply: ExpectedReply;
}

function isRequest(value: unknown): value is Named {
  return typeof value === "object" && value !== null && "safety" in value && "write" in value && "reply" in value;
}

const folder = new URL("../../../src/graph/requests/", import.meta.url);
const modules: object[] = await Promise.all(readdirSync(folder).map((file) => import(new URL(file, folder).href)));
const requests = modules.flatMap((exports) =>
  Object.entries(exports).flatMap(([exported, value]) => (isRequest(value) ? [{ ...value, exported }] : [])),
);

const html = { "content-type": "text/html" };
const json = { "content-type": "application/json" };
const replies: readonly [string, number, Record<string, string>, JsonObject | undefined, boolean][] = [
  ["a page", 200, html, undefined, false],
  ["a page that says created", 201, html, undefined, false],
  ["an empty 200", 200, {}, undefined, true],
  ["an empty 201", 201, {}, undefined, true],
  ["an empty 202", 202, {}, undefined, true],
  ["an empty 204", 204, {}, undefined, true],
  ["an empty object", 200, json, {}, false],
  ["an empty object that says created", 201, json, {}, false],
  ["an error under 200", 200, json, { error: { code: "x" }, id: "x", value: [], status: "x" }, false],
  ["a redirect", 302, html, undefined, true],
];

describe.each(requests)("the reply to $name ($exported)", ({ reply }) => {
  test.each(replies)("is never %s, unless Microsoft's page says so", (_, status, headers, body, isEmpty) => {
    const isDue = reply.body === "nothing" && isEmpty && reply.status.includes(status);
    const streamed = !["nothing", "json"].includes(reply.body);
    const check = () =>
      streamed
        ? checkStreamed(reply, { status, headers: new Map(Object.entries(headers)), isFramed: true })
        : asExpected(reply, { status, headers: new Map(Object.entries(headers)), json: body, isEmpty });
    // The beginning of a long JSON text is all that is known of it here.
    if (isDue || (reply.body === "long-json" && status === 200 && headers !== html)) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ code: "broken-reply" }));
  });
});

test("every request is checked in this way", () => {
  expect(requests.length).toBeGreaterThan(35);
});

describe("bytes", () => {
  const file: ExpectedReply = { status: [200], body: "file" };
  const message: ExpectedReply = { status: [200], body: "message" };
  const from = (headers: Record<string, string>, isFramed = true) => ({ status: 200, headers: new Map(Object.entries(headers)), isFramed });

  test("have the id of Graph's reply, which a proxy's page does not have", () => {
    expect(() => checkStreamed(file, from({ "content-type": "text/html", "request-id": "1" }))).not.toThrow();
    expect(() => checkStreamed(file, from({ "content-type": "text/html" }))).toThrow(/not one that Microsoft Graph returns/);
  });

  test("of a message have the content type of a message", () => {
    expect(() => checkStreamed(message, from({ "content-type": "text/plain", "request-id": "1" }))).not.toThrow();
    expect(() => checkStreamed(message, from({ "content-type": "text/html", "request-id": "1" }))).toThrow(/text\/html/);
  });

  test("end where the reply states, not at the end of the connection", () => {
    expect(() => checkStreamed(file, from({ "request-id": "1" }, false))).toThrow(/does not say where it ends/);
  });
});
