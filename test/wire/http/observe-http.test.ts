import { createServer } from "node:http";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { openHttp } from "../../../src/wire/http/http-client.ts";
import { eventText, type HttpEvent, shownHeaders } from "../../../src/wire/http/observe-http.ts";

const mark = "S3CRET/marked+value==";

describe("of the headers", () => {
  test("only those that are known to be harmless are shown with their value", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,30}$/), (name) => {
        const shown = shownHeaders([[`x-z-${name}`, mark]]).get(`x-z-${name}`);
        expect(shown).toBe("[hidden]");
      }),
    );
  });

  test.each(["Authorization", "PROXY-AUTHORIZATION", "Cookie", "Set-Cookie", "X-Identity-Header", "x-ms-token"])("%s is hidden", (name) => {
    expect([...shownHeaders([[name, `Basic ${mark}`]]).values()]).toEqual(["[hidden]"]);
  });

  test.each([
    ["NTLM TlRMTVNTUAACAAAA", "NTLM [hidden]"],
    ["Negotiate, NTLM", "Negotiate, NTLM"],
    [`Negotiate ${mark}, Basic realm="mail"`, 'Negotiate [hidden], Basic realm="mail"'],
    ['Bearer client_id="1", error="invalid_token"', 'Bearer client_id="1", error="invalid_token"'],
    [`Bearer ${mark}`, "Bearer [hidden]"],
  ])("a challenge keeps its schemes and parameters and loses its tokens: %s", (challenge, shown) => {
    expect(shownHeaders([["WWW-Authenticate", challenge]]).get("www-authenticate")).toBe(shown);
  });

  test("a redirect is shown without its query", () => {
    expect(shownHeaders([["Location", `https://login.example.com/a?code=${mark}#${mark}`]]).get("location")).toBe(
      "https://login.example.com/a?[hidden]",
    );
    expect(shownHeaders([["Location", `/a?code=${mark}`]]).get("location")).toBe("[hidden]");
  });
});

async function server(body: string, length = body.length): Promise<URL> {
  const made = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-length": length, "set-cookie": mark, "x-ms-diagnostics": "2000008;reason" });
    response.write(body);
    if (length === body.length) response.end();
    else setTimeout(() => response.destroy(), 5);
  });
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void made.close());
  const address = made.address();
  return new URL(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/path?query=${mark}`);
}

function watched() {
  const events: HttpEvent[] = [];
  const http = openHttp({
    timeouts: { connectMs: 5000, replyMs: 5000, idleMs: 5000 },
    maxConnections: 1,
    observe: (event) => events.push(event),
  });
  onTestFinished(() => http.close());
  return { http, events };
}
const once = (text: string) => ({
  size: text.length,
  open: async function* () {
    yield Buffer.from(text);
  },
});

test("an observer sees a request's name, reply and sizes, but no bodies, queries and secrets", async () => {
  const { http, events } = watched();
  const url = await server(`reply ${mark}`);
  const request = {
    url,
    method: "POST" as const,
    headers: { authorization: mark, accept: "text/xml" },
    body: once(`body ${mark}`),
    name: "GetItem",
  };
  expect(await (await http.send(request)).text(100)).toBe(`reply ${mark}`);
  expect(events.map(({ kind, number }) => [kind, number])).toEqual([
    ["request", 1],
    ["reply", 1],
    ["end", 1],
  ]);
  const texts = events.map(eventText);
  expect(texts[0]).toBe(
    `> #1 POST ${url.origin}/path?[hidden] GetItem, ${`body ${mark}`.length} bytes; authorization: [hidden]; accept: text/xml`,
  );
  expect(texts[1]).toMatch(/^< #1 HTTP 200 after \d+ ms; .*set-cookie: \[hidden\].*x-ms-diagnostics: 2000008;reason/);
  expect(texts[2]).toMatch(new RegExp(`^< #1 ended after \\d+ ms, ${`reply ${mark}`.length} bytes$`));
  expect(texts.join("\n")).not.toContain(mark);
});

test("an observer sees a discarded body as ended, and its limit still applies", async () => {
  const { http, events } = watched();
  const url = await server("x".repeat(50));
  (await http.send({ url, method: "GET", headers: {} })).discard();
  expect(events.at(-1)).toMatchObject({ kind: "end", size: 0 });
  await expect((await http.send({ url, method: "GET", headers: {} })).text(10)).rejects.toMatchObject({ code: "broken-reply" });
});

test("an observer sees a failure before or within the reply once, as failed", async () => {
  const { http, events } = watched();
  await expect(http.send({ url: new URL("http://127.0.0.1:1/"), method: "GET", headers: {} })).rejects.toMatchObject({
    code: "unreachable",
  });
  expect(events.map(({ kind }) => kind)).toEqual(["request", "failed"]);
  const response = await http.send({ url: await server("begin", 500), method: "GET", headers: {} });
  await expect(response.text(1000)).rejects.toMatchObject({ code: "broken-reply" });
  expect(events.slice(2).map(({ kind }) => kind)).toEqual(["request", "reply", "failed"]);
});
