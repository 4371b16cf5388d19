import { afterEach, describe, expect, test } from "vitest";
import { getContacts } from "../../../src/actions/get-contacts.ts";
import { exitCodeOf } from "../../../src/catalogue/answer-envelope.ts";
import { backends, type LabHost, openLabHost } from "../lab-host.ts";
import { openSpoilingProxy, type Passing, type Spoilt } from "./spoiling-proxy.ts";

const mailbox = "ann@example.com";
const many = 30;
const bad = 11;

describe.each(backends)("over %s", (backend) => {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  async function stage(spoil: (passing: Passing, badId: string) => Spoilt | undefined) {
    const at: LabHost = await openLabHost({}, backend);
    open.push(at);
    at.lab.store.addUser({ address: mailbox, password: "x" });
    let badId = "";
    const box = at.mailbox(mailbox);
    for (let number = 0; number < many; number++) {
      const item = box.add(box.known("contacts"), {
        itemClass: "IPM.Contact",
        subject: `Person ${number}`,
        contact: { displayName: `Person ${number}`, emailAddresses: [], phoneNumbers: [], physicalAddresses: [] },
      });
      if (number === bad) badId = at.idOf(item);
    }
    const proxy = await openSpoilingProxy(at.lab, backend, (passing) => spoil(passing, badId));
    open.push(proxy);
    return await at.run(getContacts, { mailbox, limit: 100 }, { exchange: proxy.exchange });
  }

  const isList = ({ url, asked }: Passing) => (backend === "ews" ? asked.includes("<m:FindItem") : /\/contacts\?/.test(url));

  test("a contact that spoils the page it is on is reported, and all others are listed", async () => {
    const answer = await stage((passing, badId) =>
      isList(passing) && (passing.reply.includes(badId) || passing.reply.includes(`"Person ${bad}"`))
        ? { status: 500, body: "<html>An error</html>" }
        : undefined,
    );
    expect(answer).toMatchObject({ success: false, incomplete: true, unread: [{ error: { code: "broken-reply" } }] });
    expect(answer.contacts).toHaveLength(many - 1);
    expect(exitCodeOf(answer)).toBe(6);
  }, 60_000);

  test("pages that repeat end the list with the contacts read so far, and the answer reports it", async () => {
    let first: string | undefined;
    const answer = await stage((passing) => {
      if (!isList(passing)) return undefined;
      first ??=
        backend === "ews"
          ? passing.reply.replace('IncludesLastItemInRange="true"', 'IncludesLastItemInRange="false"')
          : JSON.stringify({ ...JSON.parse(passing.reply), "@odata.nextLink": `${passing.origin}${passing.url}&$skip=30` });
      return { status: 200, body: first };
    });
    expect(answer.contacts).toHaveLength(many);
    expect(answer).toMatchObject({ success: false, incomplete: true, unread: [{ error: { code: "broken-reply" } }] });
  }, 60_000);

  test("a server that lists nothing at all fails the call", async () => {
    const answer = await stage((passing) => (isList(passing) ? { status: 500, body: "<html>An error</html>" } : undefined));
    expect(answer).toMatchObject({ success: false, error: { code: "broken-reply" } });
  }, 60_000);
});
