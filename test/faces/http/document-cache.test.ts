import { expect, test } from "vitest";
import { admin as key, toys } from "./stage.ts";

test.each(["/v1/actions", "/v1/actions/shear-sheep", "/openapi.json", "/openapi.json?version=3.0"])(
  "%s is sent again only after a change",
  async (path) => {
    const first = await toys.call(path, { key });
    const etag = first.headers.get("etag") ?? "";
    expect([first.status, etag]).toEqual([200, expect.stringMatching(/^"[\w-]{43}"$/)]);
    expect(first.headers.get("cache-control")).toBe("private, no-cache");
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await toys.call(path, { key, headers: { "if-none-match": known } });
      expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", etag]);
    }
    for (const other of ['"other"', "", etag.slice(1, -1)]) {
      const again = await toys.call(path, { key, headers: { "if-none-match": other } });
      expect([again.status, again.text]).toEqual([200, first.text]);
    }
  },
);

test("an entity tag does not replace an API key", async () => {
  const etag = (await toys.call("/v1/actions", { key })).headers.get("etag") ?? "";
  expect((await toys.call("/v1/actions", { headers: { "if-none-match": etag } })).status).toBe(401);
});
