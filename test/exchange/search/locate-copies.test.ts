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

test("so many are looked for at once, and each has its own copies", async () => {
  const { said, searches } = await located(named("<a@x>", "<b@x>", "<c@x>"), (ids) => all([...ids, ...ids]));
  expect(searches).toEqual([["<a@x>", "<b@x>"], ["<c@x>"]]);
  expect(said).toEqual([2, 2, 2]);
});

test("what only looks like the id is no copy, whatever the server takes for equal; the case of letters does not matter, as to Exchange", async () => {
  const { said } = await located(named("<a@x>"), () => all(["<a@x>", "<aa@x>", "<A@x>"]));
  expect(said).toEqual([2]);
});

test("an id that lives is not looked for, a dead one is, and one that failed otherwise is not", async () => {
  const names = named("<a@x>", "<b@x>", "<c@x>").map((name) => ({ ...name, itemId: "id" }));
  const before = [done({ messages: [messageOf("<a@x>")] }), failed(new Failure("not-found", "gone")), failed(new Failure("busy", "later"))];
  const { said, searches } = await located(names, all, before);
  expect(searches).toEqual([["<b@x>"]]);
  expect(said).toEqual([1, 1, "busy"]);
});

test("one name that cannot be read does not cost the others their answer", async () => {
  const { said, searches } = await located(named("<a@x>", "odd"), (ids) =>
    ids.includes("odd") ? new Failure("invalid-input", "cannot be read") : all(ids),
  );
  expect(searches).toEqual([["<a@x>", "odd"], ["<a@x>"], ["odd"]]);
  expect(said).toEqual([1, "invalid-input"]);
});

test("not found where a folder could not be looked into is could-not-look, and what was found elsewhere is told", async () => {
  const unlisted = [{ failure: new Failure("access-denied", "closed") }];
  const { said, outcomes } = await located(named("<a@x>", "<b@x>"), () => ({ messages: [messageOf("<a@x>")], unlisted }));
  expect(said).toEqual([1, "could-not-look"]);
  expect(outcomes[1]).toMatchObject({ failure: { message: expect.stringContaining("1 of the folders could not be looked into: closed") } });
});

test("a folder that is gone meanwhile does not say that the message is nowhere", async () => {
  const unlisted = [{ failure: new Failure("not-found", "gone") }];
  expect((await located(named("<a@x>"), () => ({ messages: [], unlisted }))).said).toEqual(["could-not-look"]);
});

test("a search that is cancelled ends all of it", async () => {
  await expect(located(named("<a@x>"), () => new Failure("cancelled", "stop"))).rejects.toMatchObject({ code: "cancelled" });
});

test("what is found nowhere says by which name it was looked for, and where", async () => {
  const names = [{ internetMessageId: "<a@x>" }, { itemId: "dead" }];
  const before: Outcome<Located>[] = [failed(new Failure("invalid-input", "nameless")), failed(new Failure("not-found", "unknown"))];
  const { outcomes, searches } = await located(names, () => ({ messages: [], unlisted: [] }), before);
  expect(searches).toEqual([["<a@x>"], []]);
  expect(outcomes).toEqual([
    done({ absentFrom: { ...places, by: "internet_message_id" } }),
    done({ absentFrom: { ...places, by: "item_id" } }),
  ]);
});

test("an id that the server does not know is not gone where a place could not be opened, nor where the mailbox could not", async () => {
  const unknown = [failed(new Failure("not-found", "unknown"))];
  const closed = [{ failure: new Failure("not-found", "closed") }];
  expect((await located([{ itemId: "dead" }], () => ({ messages: [], unlisted: closed }), unknown)).said).toEqual(["could-not-look"]);
  const noRoot = new Failure("not-found", "Default folder Root not found.");
  expect((await located([{ itemId: "dead" }], () => noRoot, unknown)).said).toEqual(["could-not-look"]);
  expect((await located(named("<a@x>"), () => noRoot)).said).toEqual(["could-not-look"]);
  expect((await located(named("<a@x>"), () => new Failure("busy", "later"))).said).toEqual(["busy"]);
});
