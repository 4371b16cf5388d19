import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyEmail } from "../../src/actions/copy-email.ts";
import { deleteEmail } from "../../src/actions/delete-email.ts";
import { openEws } from "../../src/ews/ews.ts";
import { mailboxGuidOf } from "../../src/ews/home.ts";
import { labPassword } from "../../src/lab/store.ts";
import { type LabHost, openLabHost } from "../actions/lab-host.ts";

let at: LabHost;
const boss = "boss@example.com";
const [ann, ben] = ["ann.home@example.com", "ben.home@example.com"];
let exchange: ReturnType<typeof openEws>;
beforeAll(async () => {
  at = await openLabHost();
  at.lab.store.addUser({ address: boss });
  for (const address of [ann, ben]) at.lab.store.addUser({ address, fullAccess: [boss] });
  exchange = openEws({
    url: at.lab.ewsUrl,
    authorize: async () => ({ authorization: `Basic ${Buffer.from(`${boss}:${labPassword}`).toString("base64")}` }),
    access: "delegate",
  });
});
afterAll(async () => {
  await exchange.close();
  await at.close();
});

test("a delegate of two mailboxes who names one and gives an id of the other deletes nothing", async () => {
  const [own, foreign] = [at.put(ann, { subject: "own" }), at.put(ben, { subject: "foreign" })];
  const answer = await at.run(deleteEmail, { mailbox: ann, item_id: [foreign.id, own.id] }, { exchange });
  expect(answer.results).toMatchObject([
    { item_id: foreign.id, status: "failed", error: { code: "invalid-input", message: expect.stringContaining(ann) } },
    { item_id: own.id, status: "done" },
  ]);
  expect(at.mailbox(ben).item(foreign.id)?.folder.distinguishedName).toBe("inbox");
});

test("a Message-ID beside an id of another mailbox finds the copy in the mailbox that is named", async () => {
  const id = "<both@example.net>";
  const [own, foreign] = [at.put(ann, { internetMessageId: id }), at.put(ben, { internetMessageId: id })];
  const answer = await at.run(
    copyEmail,
    { mailbox: ann, item_id: foreign.id, internet_message_id: id, destination_folder: "archive" },
    { exchange },
  );
  expect(answer.results).toMatchObject([{ item_id: own.id, status: "done" }]);
  expect(at.mailbox(ben).known("archive").items.size).toBe(0);
});

test("nothing is touched when it cannot be learned whose an id is", async () => {
  const item = at.put(ann);
  at.lab.addFault({ kind: "401", operation: "GetFolder", times: 9 });
  const answer = await at.run(deleteEmail, { mailbox: ann, item_id: item.id }, { exchange });
  at.lab.clearFaults();
  expect(answer.results).toMatchObject([{ status: "failed", error: { code: "unauthenticated" } }]);
  expect(at.mailbox(ann).item(item.id)?.folder.distinguishedName).toBe("inbox");
});

test.each([
  ["AAMkADhhNjgxMWMwLWFjMjAtNGMxYi1iMmVkLTYxN2ZjZjg0NjYxMwAuAAAA", "8a6811c0-ac20-4c1b-b2ed-617fcf846613"],
  // Packed: the two fours of the GUID are followed by how many more there are.
  ["AQMkADRiZGNhMWIxLWIwOGMtNDQAZjktODk3OS0zZWIxODJjNmI4NWYALgAAA", "4bdca1b1-b08c-44f9-8979-3eb182c6b85f"],
  ["", undefined],
  ["a", undefined],
  ["AAMk", undefined],
  ["AAMkFtnmUZQY2FuFP93qPtAAAADU5vcFtY2FuFP93qPtAAAADad3AAA=", undefined],
  ["AQEAAAAAAAEMAQAAAAA=", undefined],
])("%s is an id of the mailbox %s", (id, guid) => {
  expect(mailboxGuidOf(id)).toBe(guid);
});

test("no text makes it throw", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String(),
        fc.base64String().map((rest) => `AQMk${rest}`),
      ),
      (id) => {
        const guid = mailboxGuidOf(id);
        expect(guid === undefined || guid.length === 36).toBe(true);
      },
    ),
  );
});
