import { afterEach, expect, test } from "vitest";
import { getSearchableMailboxes } from "../../../src/actions/get-searchable-mailboxes.ts";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { openLabHost } from "../lab-host.ts";
import { openSpoilingProxy } from "./spoiling-proxy.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function stage() {
  const at = await openLabHost({ seed: false }, "graph");
  open.push(at);
  for (let number = 0; number < 30; number++)
    at.lab.store.addUser({
      address: `u${number}@example.com`,
      displayName: number === 25 ? "Spoils its page" : `User ${number}`,
      password: "x",
    });
  const proxy = await openSpoilingProxy(at.lab, "graph", ({ url, reply }) =>
    /\/users\?/.test(url) && reply.includes("Spoils its page") ? { status: 500, body: "<html>An error</html>" } : undefined,
  );
  open.push(proxy);
  return { at, exchange: proxy.exchange };
}

// Over Exchange Web Services one reply lists all mailboxes.
test("over graph, a user that spoils the list of users ends it, and the answer reports an incomplete list", async () => {
  const { at, exchange } = await stage();
  const answer = await at.run(getSearchableMailboxes, {}, { exchange });
  expect(answer).toMatchObject({ success: false, incomplete: true, failed: [{ error: { code: "broken-reply" } }] });
  expect((answer.mailboxes as unknown[]).length).toBeGreaterThanOrEqual(20);
}, 60_000);

test("over graph, a search of all mailboxes is not a success if not every mailbox could be listed", async () => {
  const { at, exchange } = await stage();
  const answer = await at.run(searchEmailsExtended, { mailboxes: ["all"], subject: "x" }, { exchange });
  expect(answer).toMatchObject({ success: false, error: { code: "could-not-look" } });
}, 60_000);
