import { expect, test } from "vitest";
import type { Message } from "../../../src/exchange/message.ts";
import { isAbsent, type Located } from "../../../src/exchange/search/absence.ts";
import { locateCopies, type SearchHits } from "../../../src/exchange/search/locate-copies.ts";
import { Failure } from "../../../src/failure.ts";
import { done, failed, type Outcome } from "../../../src/outcome.ts";

const places: SearchHits["places"] = { mailbox: "ann@example.com", folders: 2, places: ["mailbox"] };
type Found = Pick<SearchHits, "messages" | "unlisted">;

/** A message of which no more matters than its ids. */
function messageOf(internetMessageId: string): Message {
  return { internetMessageId, itemId: `item of ${internetMessageId}` };
}

/** The codes, or how many copies each name has, and the searches that were made. */
async function located(
  names: Parameters<typeof locateCopies>[0],
  find: (ids: readonly string[]) => Found | Failure,
  before: readonly Outcome<Located>[] = [],
) {
  const outcomes = [...before];
  const searches: (readonly string[])[] = [];
  await locateCopies(names, outcomes, {
    atOnce: 2,
    unreadable: ["invalid-input"],
    async find(ids) {
      searches.push(ids);
      const found = find(ids);
      if (found instanceof Failure) throw found;
      return { ...found, places, archive: undefined };
    },
  });
  const said = outcomes.map((outcome) => {
    if (!outcome.ok) return outcome.failure.code;
    return isAbsent(outcome.value) ? "absent" : outcome.value.messages.length;
  });
  return { said, searches, outcomes };
}

const named = (...ids: readonly string[]) => ids.map((internetMessageId) => ({ internetMessageId }));
const all = (ids: readonly string[]): Found => ({ messages: ids.map(messageOf), unlisted: [] });

test("ids are searched in groups, and each gets its own copies", async () => {
  const { said, searches } = await located(named("<a@x>", "<b@x>", "<c@x>"), (ids) => all([...ids, ...ids]));
  expect(searches).toEqual([["<a@x>", "<b@x>"], ["<c@x>"]]);
  expect(said).toEqual([2, 2, 2]);
});

test("a message with a similar id is not a copy, whatever the server considers equal; case is ignored, as Exchange does", async () => {
  const { said } = await located(named("<a@x>"), () => all(["<a@x>", "<aa@x>", "<A@x>"]));
  expect(said).toEqual([2]);
});

test("only an id that no longer exists is searched by Message-ID, not a valid one or one with another failure", async () => {
  const names = named("<a@x>", "<b@x>", "<c@x>").map((name) => ({ ...name, itemId: "id" }));
  const before = [done({ messages: [messageOf("<a@x>")] }), failed(new Failure("not-found", "gone")), failed(new Failure("busy", "later"))];
  const { said, searches } = await located(names, all, before);
  expect(searches).toEqual([["<b@x>"]]);
  expect(said).toEqual([1, 1, "busy"]);
});

test("one unreadable name does not spoil the results of the others", async () => {
  const { said, searches } = await located(named("<a@x>", "odd"), (ids) =>
    ids.includes("odd") ? new Failure("invalid-input", "cannot be read") : all(ids),
  );
  expect(searches).toEqual([["<a@x>", "odd"], ["<a@x>"], ["odd"]]);
  expect(said).toEqual([1, "invalid-input"]);
});

test("not found beside a folder that could not be searched is could-not-look, and copies found elsewhere are reported", async () => {
  const unlisted = [{ failure: new Failure("access-denied", "closed") }];
  const { said, outcomes } = await located(named("<a@x>", "<b@x>"), () => ({ messages: [messageOf("<a@x>")], unlisted }));
  expect(said).toEqual([1, "could-not-look"]);
  expect(outcomes[1]).toMatchObject({ failure: { message: expect.stringContaining("1 of the folders could not be searched: closed") } });
});

test("a folder deleted meanwhile does not show that the message is absent", async () => {
  const unlisted = [{ failure: new Failure("not-found", "gone") }];
  expect((await located(named("<a@x>"), () => ({ messages: [], unlisted }))).said).toEqual(["could-not-look"]);
});

test("a search that is cancelled ends all of it", async () => {
  await expect(located(named("<a@x>"), () => new Failure("cancelled", "stop"))).rejects.toMatchObject({ code: "cancelled" });
});

test("an absent message is reported with the name and the places of the search", async () => {
  const names = [{ internetMessageId: "<a@x>" }, { itemId: "dead" }];
  const before: Outcome<Located>[] = [failed(new Failure("invalid-input", "nameless")), failed(new Failure("not-found", "unknown"))];
  const { outcomes, searches } = await located(names, () => ({ messages: [], unlisted: [] }), before);
  expect(searches).toEqual([["<a@x>"], []]);
  expect(outcomes).toEqual([
    done({ absentFrom: { ...places, by: "internet_message_id" } }),
    done({ absentFrom: { ...places, by: "item_id" } }),
  ]);
});

test("an id that the server does not know is not reported absent where a place, or the mailbox, could not be opened", async () => {
  const unknown = [failed(new Failure("not-found", "unknown"))];
  const closed = [{ failure: new Failure("not-found", "closed") }];
  expect((await located([{ itemId: "dead" }], () => ({ messages: [], unlisted: closed }), unknown)).said).toEqual(["could-not-look"]);
  const noRoot = new Failure("not-found", "Default folder Root not found.");
  expect((await located([{ itemId: "dead" }], () => noRoot, unknown)).said).toEqual(["could-not-look"]);
  expect((await located(named("<a@x>"), () => noRoot)).said).toEqual(["could-not-look"]);
  expect((await located(named("<a@x>"), () => new Failure("busy", "later"))).said).toEqual(["busy"]);
});
