import { expect, test } from "vitest";
import { listMessages } from "../../../src/graph/requests/messages.ts";
import type { Scripted } from "../scripted.ts";
import { scripted } from "../scripted.ts";

const listing = { folder: undefined, detail: {}, top: 10 };

async function subjects({ mailbox }: Scripted): Promise<string[]> {
  const all: string[] = [];
  for await (const { items } of mailbox.pages(listMessages, listing)) all.push(...items.map(({ itemId }) => itemId));
  return all;
}

test("a link to the next page is followed unchanged", async () => {
  const stage = await scripted(({ path }) => {
    const isFirst = !path.includes("$skiptoken");
    return {
      json: {
        value: [{ id: isFirst ? "one" : "two" }],
        ...(isFirst ? { "@odata.nextLink": `${stage.origin}/v1.0/x?$skiptoken=a%2Bb` } : {}),
      },
    };
  });
  expect(await subjects(stage)).toEqual(["one", "two"]);
  expect(stage.seen[1]?.path).toBe("/v1.0/x?$skiptoken=a%2Bb");
  expect(stage.seen[1]?.headers.prefer).toBe('IdType="ImmutableId"');
});

test.each(["http://127.0.0.2:1/v1.0/x", "https://evil.example/v1.0/x", "//evil.example/x", "nonsense"])(
  "the token is not sent to the target of %s",
  async (link) => {
    const stage = await scripted(() => ({ json: { value: [{ id: "one" }], "@odata.nextLink": link } }));
    await expect(subjects(stage)).rejects.toMatchObject({ code: "refused" });
    expect(stage.seen).toHaveLength(1);
  },
);

test("a list whose links form a circle ends", async () => {
  const stage = await scripted(() => ({ json: { value: [{ id: "one" }], "@odata.nextLink": `${stage.origin}/v1.0/again` } }));
  await expect(subjects(stage)).rejects.toMatchObject({ code: "broken-reply" });
});

test.each([[{}], [{ value: 7 }], [{ value: null }]])("%j is not a list", async (json) => {
  await expect(subjects(await scripted(() => ({ json })))).rejects.toMatchObject({ code: "broken-reply" });
});

test("a reply that is not JSON is broken and requested once more", async () => {
  const stage = await scripted((_, number) => (number === 1 ? { text: "<html>Sign in</html>" } : { json: { value: [{ id: "one" }] } }));
  expect(await subjects(stage)).toEqual(["one"]);
});
