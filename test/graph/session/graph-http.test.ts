import { expect, test } from "vitest";
import { found } from "../../../src/graph/session/expected-reply.ts";
import { openGraphHttp, urlOfLink } from "../../../src/graph/session/graph-http.ts";
import { type Request, segment } from "../../../src/graph/session/request-description.ts";
import type { Http } from "../../../src/wire/http/client-interface.ts";
import type { HttpRequest } from "../../../src/wire/http/request-and-response.ts";
import { scripted } from "../scripted.ts";

const getting: Request<undefined, undefined> = {
  name: "x",
  safety: "read",
  reply: found(),
  write: () => ({ method: "GET", path: "/x" }),
  read: () => undefined,
};

test("preferences are one header, each request has an id of its own, and texts in a query are encoded", async () => {
  const { mailbox, seen } = await scripted(() => ({}));
  const query = { $filter: "a eq 'b & c+d'", $top: undefined };
  const request: Request<undefined, undefined> = {
    ...getting,
    write: () => ({ method: "GET", path: "/x", query, prefer: ['outlook.timezone="UTC"'] }),
  };
  await mailbox.ask(request, undefined);
  await mailbox.ask(request, undefined);
  expect(seen[0]?.path).toBe("/v1.0/users/ann%40example.com/x?$filter=a%20eq%20%27b%20%26%20c%2Bd%27");
  expect(seen[0]?.headers.prefer).toBe('IdType="ImmutableId", outlook.timezone="UTC"');
  expect(seen[0]?.headers["client-request-id"]).not.toBe(seen[1]?.headers["client-request-id"]);
});

test("a user's name cannot leave its place in the path", async () => {
  const { mailbox, seen } = await scripted(() => ({}));
  for (const name of ["../admin?x=1#y", "$o'brien@example.com"]) await mailbox.other(name).ask(getting, undefined);
  expect(seen.map(({ path }) => path)).toEqual(["/v1.0/users/..%2Fadmin%3Fx%3D1%23y/x", "/v1.0/users('%24o''brien%40example.com')/x"]);
});

test.each(["", ".", ".."])("%j is refused as an id and as a mailbox, because it would change the path", async (name) => {
  const { mailbox, seen } = await scripted(() => ({}));
  expect(() => segment(name)).toThrow(expect.objectContaining({ code: "invalid-input" }));
  await expect(mailbox.other(name).ask(getting, undefined)).rejects.toMatchObject({ code: "invalid-input" });
  expect(seen).toEqual([]);
});

test("a URL that the server names gets no token, and must be on a host of Exchange Online", async () => {
  const asked: HttpRequest[] = [];
  const signed: Http = { send: () => Promise.reject(new Error("The token was sent.")), close: () => undefined };
  const anonymous: Http = {
    send: (request) => {
      asked.push(request);
      return Promise.reject(new Error("No network."));
    },
    close: () => undefined,
  };
  const base = new URL("https://graph.microsoft.com/v1.0");
  const rest = openGraphHttp({ base, http: signed, anonymous, userAgent: "test" });
  const to = (url: string) => rest.requestWithoutToken({ name: "upload", reply: found() }, { url, method: "PUT", headers: {} }, {});
  const bad = [
    "https://evil.example/u",
    "http://outlook.office.com/u",
    "https://office.com.evil.example/u",
    "https://myoffice.com/u",
    "nonsense",
  ];
  for (const url of bad) await expect(to(url)).rejects.toMatchObject({ code: "refused" });
  expect(asked).toEqual([]);
  for (const url of ["https://outlook.office.com/u", "https://outlook.office365.us/u", "https://graph.microsoft.com/u"]) {
    await expect(to(url)).rejects.toThrow("No network.");
  }
  expect(asked.every(({ headers }) => !("authorization" in headers))).toBe(true);
});

test("urlOfLink parses a URL, and returns undefined for other text", () => {
  expect(urlOfLink("https://graph.example/v1.0/me?$skip=10")?.host).toBe("graph.example");
  expect(urlOfLink("next page")).toBeUndefined();
});

// To be read it takes minutes.
test("urlOfLink does not parse a link with half a million marks in its host", () => {
  expect(urlOfLink(`https://a${"\u0301\u0316".repeat(250_000)}.example/`)).toBeUndefined();
});
