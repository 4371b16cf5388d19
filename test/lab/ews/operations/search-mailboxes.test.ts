import { expect, test } from "vitest";
import { delivered, folderOf, labForEach, mailboxOf, messages } from "../item-calls.ts";
import { anna, ben, call, outcomes, soc } from "../soap-client.ts";

const lab = labForEach();
const query = (text: string, mailboxes: readonly string[], scope = "All"): string =>
  `<t:MailboxQuery><t:Query>${text}</t:Query><t:MailboxSearchScopes>${mailboxes.map((one) => `<t:MailboxSearchScope><t:Mailbox>${one}</t:Mailbox><t:SearchScope>${scope}</t:SearchScope></t:MailboxSearchScope>`).join("")}</t:MailboxSearchScopes></t:MailboxQuery>`;
const search = (queries: string, more = "", type = "PreviewOnly"): string =>
  `<m:SearchMailboxes><m:SearchQueries>${queries}</m:SearchQueries><m:ResultType>${type}</m:ResultType>${more}</m:SearchMailboxes>`;
const asked = (operation: string, user = soc) => call(lab(), operation, { user });

async function found(operation: string) {
  const result = messages(await asked(operation))[0]?.child("SearchMailboxesResult");
  const items = result?.child("Items")?.children ?? [];
  return { result, items, subjects: items.map((one) => one.textAt("Subject")) };
}

test("the items of several mailboxes are found by a query, newest first, deleted ones included", async () => {
  delivered(lab(), "Subject: invoice one\n\nt");
  const second = delivered(lab(), "Subject: invoice two\n\nt", ben);
  mailboxOf(lab(), ben).move(second, folderOf(lab(), "recoverableitemspurges", ben));
  delivered(lab(), "Subject: lunch\n\nt");
  const { result, items, subjects } = await found(search(query("subject:invoice", [anna, ben])));
  expect([subjects, result?.textAt("ItemCount")]).toEqual([["invoice two", "invoice one"], "2"]);
  expect(items.map((one) => one.textAt("Mailbox", "PrimarySmtpAddress"))).toEqual([ben, anna]);
});

test("mailboxes are named as GetSearchableMailboxes names them", async () => {
  delivered(lab(), "Subject: invoice\n\nt");
  const listed = await asked(`<m:GetSearchableMailboxes><m:SearchFilter>anna</m:SearchFilter></m:GetSearchableMailboxes>`);
  const id = listed.xml().child("SearchableMailboxes")?.children[0]?.textAt("ReferenceId") ?? "";
  expect((await found(search(query("", [id])))).subjects).toEqual(["invoice"]);
});

test("statistics count and weigh the items of each mailbox, and show none", async () => {
  delivered(lab(), "Subject: invoice\n\nt");
  const { result, items } = await found(search(query("invoice", [anna, ben]), "", "StatisticsOnly"));
  const statistics = result?.child("MailboxStats")?.children.map((one) => [one.textAt("DisplayName"), one.textAt("ItemCount")]);
  expect([items, statistics]).toEqual([
    [],
    [
      ["Anna Example", "1"],
      ["Ben Sample", "0"],
    ],
  ]);
});

test("pages follow one another by the sort value of the last item", async () => {
  for (const subject of ["one", "two", "three"]) delivered(lab(), `Subject: ${subject}\n\nt`);
  const first = await found(search(query("", [anna]), "<m:PageSize>2</m:PageSize>"));
  const last = first.items.at(-1)?.textAt("SortValue") ?? "";
  const next = `<m:PageSize>2</m:PageSize><m:PageItemReference>${last}</m:PageItemReference><m:PageDirection>Next</m:PageDirection>`;
  expect([first.subjects, (await found(search(query("", [anna]), next))).subjects]).toEqual([["three", "two"], ["one"]]);
});

test("copies of one message count once with Deduplication", async () => {
  const item = delivered(lab(), "Subject: invoice\nMessage-ID: <1@example.org>\n\nt");
  mailboxOf(lab()).copy(item, folderOf(lab(), "archive"));
  const count = async (more: string) => (await found(search(query("invoice", [anna]), more))).items.length;
  expect([await count(""), await count("<m:Deduplication>true</m:Deduplication>")]).toEqual([2, 1]);
});

test("a mailbox that is not there is named beside the results, and alone it is an error", async () => {
  delivered(lab(), "Subject: invoice\n\nt");
  const { result, items } = await found(search(query("", [anna, "none@example.com"])));
  expect([items.length, result?.textAt("FailedMailboxes", "FailedMailbox", "Mailbox")]).toEqual([1, "none@example.com"]);
  const alone = await asked(search(query("", ["none@example.com"])));
  expect(outcomes(alone)).toEqual(["Error ErrorInvalidOperation"]);
  expect(messages(alone)[0]?.at("SearchMailboxesResult", "FailedMailboxes", "FailedMailbox")).toBeDefined();
});

test("without the role it is refused", async () => {
  expect(outcomes(await asked(search(query("", [anna])), anna))).toEqual(["Error ErrorAccessDenied"]);
});
