import { afterEach, describe, expect, test } from "vitest";
import { deleteEmail } from "../../../src/actions/delete-email.ts";
import { getContacts } from "../../../src/actions/get-contacts.ts";
import { searchEmailsExtended } from "../../../src/actions/search-emails-extended.ts";
import { exitCodeOf } from "../../../src/catalogue/answer-envelope.ts";
import { socAddress } from "../../../src/lab/seed/seed.ts";
import { labPassword } from "../../../src/lab/store/store.ts";
import { backends, type LabHost, openLabHost } from "../lab-host.ts";
import { openSpoilingProxy, type Passing, type Spoilt } from "./spoiling-proxy.ts";

const mailbox = "ann@example.com";
/** A list of folders in which this name stands is spoilt. */
const mark = "Spoils its page";
const folders = 12;

type Row = Readonly<Record<string, unknown>>;
const subjects = (answer: Row) => (answer.items as { subject: string }[]).map(({ subject }) => subject).sort();

describe.each(backends)("over %s", (backend) => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  /** Twelve folders below the Inbox, each with a message and the sixth corrupt; one is below the corrupt one. */
  async function stage(spoil: (passing: Passing) => Spoilt | undefined) {
    const at: LabHost = await openLabHost({ seed: false }, backend);
    open.push(at);
    at.lab.store.addUser({ address: mailbox, password: "x" });
    at.lab.store.addUser({ address: socAddress, password: labPassword, roles: ["ApplicationImpersonation"] });
    for (let number = 0; number < folders; number++)
      at.put(mailbox, { subject: `Message ${number}`, internetMessageId: `<m${number}@example.net>` }, `inbox/${nameOf(number)}`);
    at.put(mailbox, { subject: "Message below" }, `inbox/${mark}/Below`);
    const proxy = await openSpoilingProxy(at.lab, backend, spoil);
    open.push(proxy);
    return { at, exchange: proxy.exchange };
  }

  const nameOf = (number: number) => (number === 5 ? mark : `Folder ${number}`);
  const isList = ({ url, asked }: Passing) =>
    backend === "ews" ? asked.includes("<m:FindFolder") : /(mailFolders|childFolders)\?/i.test(url);
  const withMark: (passing: Passing) => Spoilt | undefined = (passing) =>
    (isList(passing) || /\$batch/.test(passing.url)) && passing.reply.includes(mark)
      ? backend === "ews"
        ? { status: 200, body: passing.reply.slice(0, passing.reply.indexOf(mark)) }
        : /\$batch/.test(passing.url)
          ? { status: 200, body: batchWithout(passing.reply) }
          : { status: 500, body: JSON.stringify({ error: { code: "ErrorItemCorrupt", message: "Corrupt." } }) }
      : undefined;

  /** Each reply of a batch that names the folder becomes an error. */
  function batchWithout(reply: string): string {
    const { responses } = JSON.parse(reply) as { responses: { id: string }[] };
    return JSON.stringify({
      responses: responses.map((one) =>
        JSON.stringify(one).includes(mark)
          ? {
              id: one.id,
              status: 500,
              headers: { "Content-Type": "application/json" },
              body: { error: { code: "ErrorItemCorrupt", message: "Corrupt." } },
            }
          : one,
      ),
    });
  }

  test("a folder that spoils the list of folders is named, and every folder is searched", async () => {
    const { at, exchange } = await stage(withMark);
    const answer = await at.run(searchEmailsExtended, { mailbox, subject: "Message", limit: 100 }, { exchange });
    expect(answer).toMatchObject({ success: false, incomplete: true, per_mailbox: [{ status: "partly" }] });
    const { unsearched } = (answer.per_mailbox as { unsearched: { error: { message: string } }[] }[])[0] ?? { unsearched: [] };
    expect(unsearched).toHaveLength(1);
    const folder = at.mailbox(mailbox).known("inbox").child(mark);
    expect(unsearched[0]?.error.message).toContain(`The server cannot list the folder number `);
    if (backend === "ews") expect(unsearched[0]?.error.message).toContain(folder?.id);
    expect(unsearched[0]?.error.message).toContain("(id ");
    expect(subjects(answer)).toEqual([...Array.from({ length: folders }, (_, number) => `Message ${number}`), "Message below"].sort());
    expect(exitCodeOf(answer)).toBe(6);
  }, 60_000);

  test("a path below an incomplete list of folders is not reported as missing", async () => {
    const { at, exchange } = await stage(withMark);
    const answer = await at.run(searchEmailsExtended, { mailbox, folder: `Inbox/${mark}` }, { exchange });
    expect(answer).toMatchObject({ success: false, error: { code: "could-not-look" } });
    const other = await at.run(searchEmailsExtended, { mailbox, folder: "Inbox/Folder 7" }, { exchange });
    expect(subjects(other)).toEqual(["Message 7"]);
    expect(other).toMatchObject({ incomplete: true });
  }, 60_000);

  test("a message is not reported as gone if a folder could not be listed", async () => {
    const { at, exchange } = await stage(withMark);
    const internet_message_id = ["<nowhere@example.net>"];
    const answer = await at.run(deleteEmail, { mailbox, internet_message_id, keep_evidence: false }, { exchange });
    expect(answer).toMatchObject({ success: false, results: [{ status: "failed", error: { code: "could-not-look" } }] });
  }, 60_000);

  test("a list of folders that repeats ends the search of the mailbox as partly searched", async () => {
    let first: string | undefined;
    const { at, exchange } = await stage((passing) => {
      const isTop = isList(passing) && (backend === "ews" || /\/mailFolders\?/.test(passing.url));
      if (!isTop) return undefined;
      // The list continues, and its second page begins where the first ended.
      if (backend === "ews")
        return { status: 200, body: passing.reply.replaceAll('IncludesLastItemInRange="true"', 'IncludesLastItemInRange="false"') };
      first ??= JSON.stringify({ ...JSON.parse(passing.reply), "@odata.nextLink": `${passing.origin}${passing.url}&$skip=30` });
      return { status: 200, body: first };
    });
    const answer = await at.run(searchEmailsExtended, { mailbox, subject: "Message", limit: 100 }, { exchange });
    expect(answer).toMatchObject({ success: false, incomplete: true, per_mailbox: [{ status: "partly" }] });
    expect(subjects(answer)).toHaveLength(folders + 1);
  }, 60_000);

  test("a server that lists no folder at all is a failure of the call", async () => {
    const { at, exchange } = await stage((passing) => (isList(passing) ? { status: 500, body: "<html>An error</html>" } : undefined));
    const answer = await at.run(searchEmailsExtended, { mailbox, subject: "Message" }, { exchange });
    expect(answer).toMatchObject({ success: false, error: { code: "broken-reply" } });
  }, 60_000);

  test.each([false, true])(
    "a list without any folder does not mean an empty mailbox, with include_recoverable: %j",
    async (include_recoverable) => {
      const { at, exchange } = await stage((passing) => {
        if (!isList(passing)) return undefined;
        const empty = passing.reply.replace(/<t:Folders>.*<\/t:Folders>/s, "<t:Folders/>");
        return { status: 200, body: backend === "ews" ? empty : JSON.stringify({ ...JSON.parse(passing.reply), value: [] }) };
      });
      const answer = await at.run(searchEmailsExtended, { mailbox, subject: "Message", include_recoverable }, { exchange });
      expect(answer).toMatchObject({
        success: false,
        error: { code: "could-not-look", message: expect.stringContaining("shows no folder") },
      });
    },
    60_000,
  );

  test("a folder of contacts that spoils the list of folders is reported beside the contacts of the others", async () => {
    const { at, exchange } = await stage((passing) =>
      (backend === "ews" ? passing.asked.includes("<m:FindFolder") : /contactFolders|childFolders/i.test(passing.url)) &&
      passing.reply.includes("Spoiling people")
        ? backend === "ews"
          ? { status: 200, body: passing.reply.slice(0, passing.reply.indexOf("Spoiling people")) }
          : { status: 500, body: "<html>An error</html>" }
        : undefined,
    );
    const box = at.mailbox(mailbox);
    const person = (displayName: string) => ({
      itemClass: "IPM.Contact",
      subject: displayName,
      contact: { displayName, emailAddresses: [], phoneNumbers: [], physicalAddresses: [] },
    });
    for (const name of ["Suppliers", "Spoiling people", "Guests"])
      box.add(box.createFolder(box.known("contacts"), name, "IPF.Contact"), person(`Person of ${name}`));
    const answer = await at.run(getContacts, { mailbox, recursive: true }, { exchange });
    expect(answer).toMatchObject({ success: false, incomplete: true });
    const names = (answer.contacts as { display_name: string }[]).map(({ display_name }) => display_name);
    expect(names).toEqual(expect.arrayContaining(["Person of Suppliers", "Person of Guests"]));
  }, 60_000);
});
