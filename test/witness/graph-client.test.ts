import {
  BatchRequestContent,
  BatchResponseContent,
  type Client,
  FileUpload,
  GraphError,
  LargeFileUploadTask,
  PageIterator,
  ResponseType,
} from "@microsoft/microsoft-graph-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { campaign } from "../../src/lab/seed/campaign.ts";
import type { LabMailbox } from "../../src/lab/store/mailbox.ts";
import { testCertificate } from "../lab/certificate.ts";
import { expectValidReplies, hasTypes, without } from "../lab/graph/microsoft-types.ts";
import { microsoftClient } from "./microsoft-client.ts";

const token = "witness-token";
const legal = "legal@example.com";
const soc = "soc@example.com";
const permissions = [
  "Mail.ReadWrite",
  "Mail.Send",
  "Contacts.ReadWrite",
  "MailboxSettings.ReadWrite",
  "User.Read.All",
  "MailboxItem.ImportExport.All",
];

interface Listed {
  readonly value: readonly Message[];
  readonly "@odata.nextLink"?: string;
  readonly "@odata.count"?: number;
}
interface Message {
  readonly id: string;
  readonly subject: string;
  readonly receivedDateTime: string;
  readonly isDraft?: boolean;
  readonly body?: { readonly contentType: string; readonly content: string };
  readonly internetMessageHeaders?: readonly { readonly name: string }[];
}

describe("Microsoft's Graph client drives the lab", () => {
  let lab: Lab;
  let client: Client;

  beforeAll(async () => {
    const { key, cert } = testCertificate;
    lab = await startLab({ tls: { key, cert }, graph: { tokens: { [token]: permissions } }, keepBodies: true });
    client = microsoftClient(lab, cert, async () => token);
  });
  afterAll(() => lab.close());

  const mailboxOf = (address: string): LabMailbox => {
    const found = lab.store.mailbox(address);
    if (found === undefined) throw new Error(`The lab has no ${address}.`);
    return found;
  };
  const messages = (address: string) => client.api(`/users/${address}/messages`);

  async function draft(subject: string): Promise<Message> {
    const recipient = { emailAddress: { address: legal } };
    return messages(soc).post({ subject, body: { contentType: "text", content: "Please read." }, toRecipients: [recipient] });
  }

  test("a filter that begins with the sorted property returns the newest first", async () => {
    const listed: Listed = await messages(legal)
      .filter(`receivedDateTime ge 2000-01-01T00:00:00Z and from/emailAddress/address eq '${campaign.sender}'`)
      .orderby("receivedDateTime desc")
      .select("subject,receivedDateTime")
      .top(50)
      .get();
    const times = listed.value.map(({ receivedDateTime }) => receivedDateTime);
    expect(times).toEqual(times.toSorted().reverse());
    expect(times.length).toBeGreaterThan(0);
    expect(new Set(listed.value.map(({ subject }) => subject))).toEqual(new Set([campaign.subject]));
  });

  test("a filter that does not lead the order is refused with the code that the client gives on", async () => {
    const refused = messages(legal).filter("isRead eq false").orderby("receivedDateTime desc").get();
    await expect(refused).rejects.toMatchObject({ statusCode: 400, code: "InefficientFilter" });
    await expect(messages(legal).search('"subject:a"').filter("isRead eq true").get()).rejects.toBeInstanceOf(GraphError);
  });

  test("its page iterator meets every message once", async () => {
    const first: Listed = await messages(legal).select("id").top(3).get();
    const ids: string[] = [];
    const iterator = new PageIterator(client, { ...first, value: [...first.value] }, ({ id }: Message) => {
      ids.push(id);
      return true;
    });
    await iterator.iterate();
    const { root } = mailboxOf(legal);
    const mail = [...mailboxOf(legal).items()].filter(
      ({ folder, itemClass }) => folder.isBelow(root) && /^IPM\.(Note|Schedule)/.test(itemClass),
    );
    expect(ids.toSorted()).toEqual(mail.map(({ id }) => id.replaceAll("/", "-").replaceAll("+", "_")).toSorted());
    expect(mail.length).toBeGreaterThan(5);
  });

  test("a search finds words of the subject, in quotes or not", async () => {
    const word = campaign.subject.split(" ")[0] ?? "";
    const found: Listed = await messages(legal).search(`"subject:${word}"`).select("subject").get();
    const phrase: Listed = await messages(legal).search(`"subject:\\"${campaign.subject}\\""`).select("subject").get();
    expect(found.value.map(({ subject }) => subject)).toContain(campaign.subject);
    expect(phrase.value.map(({ subject }) => subject)).toContain(campaign.subject);
  });

  test("a message is read with its text, its headers and its bytes", async () => {
    const { value }: Listed = await messages(legal)
      .filter(`subject eq '${campaign.subject.replaceAll("'", "''")}'`)
      .select("id")
      .get();
    const path = `/users/${legal}/messages/${value[0]?.id}`;
    const read: Message = await client
      .api(path)
      .header("Prefer", 'outlook.body-content-type="text"')
      .select("subject,body,internetMessageHeaders")
      .get();
    expect(read.body?.contentType).toBe("text");
    const bytes: ArrayBuffer = await client.api(`${path}/$value`).responseType(ResponseType.ARRAYBUFFER).get();
    const mime = Buffer.from(bytes).toString("latin1");
    expect(read.internetMessageHeaders?.length).toBeGreaterThan(3);
    for (const { name } of read.internetMessageHeaders ?? []) expect(mime).toContain(`${name}:`);
  });

  test("a draft is made, changed, given a small and a large file, sent, and received", async () => {
    const made = await draft("From the witness");
    const path = `/users/${soc}/messages/${made.id}`;
    expect(made.isDraft).toBe(true);
    await client.api(path).patch({ subject: "Changed by the witness" });
    await client.api(`${path}/attachments`).post({
      "@odata.type": "#microsoft.graph.fileAttachment",
      name: "small.txt",
      contentBytes: Buffer.from("small").toString("base64"),
    });
    const content = Buffer.alloc(4 * 1024 * 1024 + 7, "large ");
    const session = await LargeFileUploadTask.createUploadSession(client, `${path}/attachments/createUploadSession`, {
      AttachmentItem: { attachmentType: "file", name: "large.txt", size: content.length, contentType: "text/plain" },
    });
    const file = new FileUpload(content, "large.txt", content.length);
    await new LargeFileUploadTask(client, file, session, { rangeSize: 2 * 1024 * 1024 }).upload();
    await client.api(`${path}/send`).post({});
    const received = [...mailboxOf(legal).known("inbox").items.values()].find(({ subject }) => subject === "Changed by the witness");
    const large = received?.attachments.find(({ name }) => name === "large.txt");
    expect(received?.attachments.map(({ name }) => name)).toEqual(["small.txt", "large.txt"]);
    expect(content.equals(large?.content ?? Buffer.alloc(0))).toBe(true);
  });

  test("a message is moved, answered and deleted", async () => {
    const mailbox = mailboxOf(soc);
    const { id } = await draft("To be moved");
    const moved: Message = await client.api(`/users/${soc}/messages/${id}/move`).post({ destinationId: "junkemail" });
    expect([...mailbox.known("junkemail").items.values()].map(({ subject }) => subject)).toContain("To be moved");
    const answer: Message = await client.api(`/users/${soc}/messages/${moved.id}/createReply`).post({});
    expect(answer.subject).toMatch(/^RE: /i);
    await client.api(`/users/${soc}/messages/${moved.id}`).delete();
    expect([...mailbox.known("junkemail").items.values()].map(({ subject }) => subject)).not.toContain("To be moved");
    await expect(client.api(`/users/${soc}/messages/${moved.id}`).get()).rejects.toMatchObject({ code: "ErrorItemNotFound" });
  });

  test("a message is exported from one mailbox and imported into another, with nothing lost", async () => {
    const idOf = async (address: string): Promise<string> =>
      (await client.api(`/users/${address}/settings/exchange`).get()).primaryMailboxId;
    const listed: Listed = await client.api(`/users/${legal}/mailFolders/inbox/messages`).select("id,subject").top(1).get();
    const [message] = listed.value;
    const { value } = await client.api(`/admin/exchange/mailboxes/${await idOf(legal)}/exportItems`).post({ itemIds: [message?.id] });
    const { importUrl } = await client.api(`/admin/exchange/mailboxes/${await idOf(soc)}/createImportSession`).post({});
    const folder: { readonly id: string } = await client.api(`/users/${soc}/mailFolders/archive`).get();
    const imported: { readonly itemId: string } = await client
      .api(importUrl)
      .post({ FolderId: folder.id, Mode: "create", Data: value[0].data });
    const copy: Message = await client.api(`/users/${soc}/messages/${imported.itemId}`).get();
    expect([copy.subject, copy.isDraft]).toEqual([message?.subject, false]);
    expect(mailboxOf(soc).known("archive").items.size).toBe(1);
  });

  test("a batch of its making has an answer for each request", async () => {
    const step = (id: string, url: string) => ({ id, request: new Request(lab.graphUrl + url) });
    const content = new BatchRequestContent([
      step("1", `/users/${legal}/mailFolders/inbox`),
      step("2", `/users/${legal}/messages/nonsense`),
      step("3", `/users/${legal}/mailboxSettings`),
    ]);
    const body = await content.getContent();
    // The client takes the version for part of the path: it is made for addresses of the real host.
    const requests = (body.requests ?? []).map((one) => ({ ...one, url: (one.url ?? "").replace(/^.*\/v1\.0/, "") }));
    const answers = new BatchResponseContent(await client.api("/$batch").post({ requests }));
    expect(["1", "2", "3"].map((id) => answers.getResponseById(id)?.status)).toEqual([200, 400, 200]);
  });

  test("its retry handler waits as long as a throttled mailbox says, and then is answered", async () => {
    lab.addFault({ kind: "429", operation: "user-list-messages", backOffMs: 1000 });
    const before = lab.requests.length;
    await expect(messages(legal).top(1).get()).resolves.toHaveProperty("value");
    expect(lab.requests.slice(before).map(({ status }) => status)).toEqual([429, 200]);
  });

  test.skipIf(!hasTypes)(`every reply has the type that Microsoft's schema gives it${without}`, async () => {
    await expectValidReplies(lab);
    expect(lab.requests.filter(({ replyBody }) => replyBody !== undefined).length).toBeGreaterThan(10);
  });
});
