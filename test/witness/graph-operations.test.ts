import { request as httpsRequest } from "node:https";
import { ConfidentialClientApplication, type INetworkModule, type NetworkRequestOptions } from "@azure/msal-node";
import { type Client, LargeFileUploadTask, ResponseType } from "@microsoft/microsoft-graph-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { operations } from "../../src/lab/graph/operations.ts";
import { type Lab, startLab } from "../../src/lab/lab.ts";
import { invitationMime } from "../../src/lab/seed/invitation.ts";
import type { LabMailbox } from "../../src/lab/store/mailbox.ts";
import { testCertificate } from "../lab/certificate.ts";
import { expectValidReplies, hasTypes, without } from "../lab/graph/microsoft-types.ts";
import { clientId, secret, tenantId, tenantWith } from "../wire/sign-in/tenant.ts";
import { microsoftClient } from "./microsoft-client.ts";

const ann = "ann@example.com";
const ben = "ben@example.com";
const { key, cert } = testCertificate;

/** Microsoft's identity library reaches the lab by node:https, which takes a certificate of one's own. */
const network: INetworkModule = {
  sendGetRequestAsync: (url, options) => ask("GET", url, options),
  sendPostRequestAsync: (url, options) => ask("POST", url, options),
};

function ask<T>(
  method: string,
  url: string,
  { headers = {}, body }: NetworkRequestOptions = {},
): Promise<{ headers: Record<string, string>; body: T; status: number }> {
  return new Promise((resolve, reject) => {
    const type = body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" };
    const sent = httpsRequest(url, { method, headers: { ...type, ...headers }, ca: cert }, (received) => {
      const chunks: Buffer[] = [];
      received.on("data", (chunk: Buffer) => chunks.push(chunk));
      received.on("error", reject);
      received.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: received.statusCode ?? 0, headers: { date: received.headers.date ?? "" }, body: JSON.parse(text) });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A token as Microsoft's identity library gets it from the lab's token endpoint. */
async function tokenOf(lab: Lab): Promise<string> {
  const application = new ConfidentialClientApplication({
    auth: {
      clientId,
      clientSecret: secret,
      authority: `${lab.url}/${tenantId}`,
      knownAuthorities: [new URL(lab.url).host],
    },
    system: { networkClient: network },
  });
  const result = await application.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
  if (result === null) throw new Error("There is no token.");
  return result.accessToken;
}

interface Item {
  readonly id: string;
  readonly subject?: string;
  readonly value?: unknown;
  readonly [name: string]: unknown;
}
interface Listed {
  readonly value: readonly Item[];
}

const roles = [
  "Mail.ReadWrite",
  "Mail.Send",
  "Contacts.ReadWrite",
  "MailboxSettings.ReadWrite",
  "User.Read.All",
  "MailboxItem.ImportExport.All",
  "Calendars.ReadWrite",
  "Group.ReadBasic.All",
  "ExchangeMessageTrace.Read.All",
];

describe("with a token that Microsoft's identity library fetched, its Graph client does everything that the lab's Graph has", () => {
  let lab: Lab;
  let client: Client;
  beforeAll(async () => {
    lab = await startLab({ seed: false, tls: { key, cert }, tenant: tenantWith({ roles: { graph: roles } }), keepBodies: true });
    lab.store.addUser({ address: ann, displayName: "Ann Example" });
    lab.store.addUser({ address: ben, displayName: "Ben Sample" });
    lab.store.addGroup({ address: "team@example.com", displayName: "Team", members: [ann, ben] });
    const token = await tokenOf(lab);
    client = microsoftClient(lab, cert, async () => token);
  });
  afterAll(() => lab.close());

  const mailboxOf = (address: string): LabMailbox => {
    const found = lab.store.mailbox(address);
    if (found === undefined) throw new Error(`The lab has no ${address}.`);
    return found;
  };
  const of = (path: string, address = ann) => client.api(`/users/${address}${path}`);
  const to = (...addresses: string[]) => addresses.map((address) => ({ emailAddress: { address } }));
  const subjectsIn = (address: string, folder: string) =>
    [...mailboxOf(address).known(folder).items.values()].map(({ subject }) => subject);
  let number = 0;
  /** Delivers a message to ann. */
  const deliver = async (subject: string, cc = ""): Promise<string> => {
    number += 1;
    const head = `From: Ben <${ben}>\r\nTo: ${ann}\r\n${cc === "" ? "" : `Cc: ${cc}\r\n`}Subject: ${subject}\r\nMessage-ID: <w${number}@example.com>\r\n`;
    lab.store.deliver(Buffer.from(`${head}\r\nRead this.\r\n`), { from: ben, to: [ann] });
    const { value }: Listed = await of("/messages").filter(`internetMessageId eq '<w${number}@example.com>'`).select("id").get();
    return value[0]?.id ?? "";
  };

  test("users and folders", async () => {
    const listed: Listed = await client.api("/users").select("id,mail").get();
    expect(listed.value.map(({ mail }) => mail)).toEqual([ann, ben]);
    expect(await of("").get()).toMatchObject({ mail: ann });
    const top: Item = await of("/mailFolders").post({ displayName: "Cases" });
    const below: Item = await of(`/mailFolders/${top.id}/childFolders`).post({ displayName: "4711" });
    const folders: Listed = await of("/mailFolders").top(50).get();
    expect(folders.value.map(({ displayName }) => displayName)).toContain("Cases");
    const children: Listed = await of(`/mailFolders/${top.id}/childFolders`).get();
    expect(children.value.map(({ id }) => id)).toEqual([below.id]);
    expect(await of(`/mailFolders/${below.id}`).get()).toMatchObject({ displayName: "4711", parentFolderId: top.id });
  });

  test("messages are listed, copied, moved, changed and deleted in both ways", async () => {
    const id = await deliver("Witnessed");
    const inbox: Listed = await of("/mailFolders/inbox/messages").select("subject").get();
    expect(inbox.value.map(({ subject }) => subject)).toContain("Witnessed");
    const copy: Item = await of(`/messages/${id}/copy`).post({ destinationId: "drafts" });
    expect(subjectsIn(ann, "drafts")).toEqual(["Witnessed"]);
    await of(`/messages/${copy.id}`).patch({ isRead: true, categories: ["Blue"] });
    expect(await of(`/messages/${copy.id}`).get()).toMatchObject({ isRead: true, categories: ["Blue"] });
    await of(`/messages/${copy.id}/permanentDelete`).post({});
    expect(subjectsIn(ann, "drafts")).toEqual([]);
    expect(subjectsIn(ann, "recoverableitemspurges")).toEqual(["Witnessed"]);
    const moved: Item = await of(`/messages/${id}/move`).post({ destinationId: "junkemail" });
    const bytes: ArrayBuffer = await of(`/messages/${moved.id}/$value`).responseType(ResponseType.ARRAYBUFFER).get();
    expect(Buffer.from(bytes).toString()).toContain("Subject: Witnessed\r\n");
    await of(`/messages/${moved.id}`).delete();
    expect(subjectsIn(ann, "deleteditems")).toEqual(["Witnessed"]);
  });

  test("replies and forwards, as drafts and immediately, and complete messages", async () => {
    const id = await deliver("Question", "eve@example.org");
    const drafts: Item[] = [];
    for (const action of ["createReply", "createReplyAll"]) drafts.push(await of(`/messages/${id}/${action}`).post({}));
    drafts.push(await of(`/messages/${id}/createForward`).post({ toRecipients: to(ben) }));
    expect(drafts.map(({ subject, ccRecipients }) => [subject, Array.isArray(ccRecipients) ? ccRecipients.length : undefined])).toEqual([
      ["RE: Question", 0],
      ["RE: Question", 1],
      ["FW: Question", 0],
    ]);
    await of(`/messages/${drafts[2]?.id}/send`).post({});
    for (const action of ["reply", "replyAll"]) await of(`/messages/${id}/${action}`).post({ comment: "Yes." });
    await of(`/messages/${id}/forward`).post({ comment: "Look.", toRecipients: to(ben) });
    await of("/sendMail").post({ message: { subject: "Whole", body: { contentType: "text", content: "x" }, toRecipients: to(ben) } });
    expect(subjectsIn(ben, "inbox").sort()).toEqual(["FW: Question", "FW: Question", "RE: Question", "RE: Question", "Whole"]);
    const made: Item = await of("/messages").post({ subject: "Made" });
    const beside: Item = await of("/mailFolders/inbox/messages").post({ subject: "Made in a folder" });
    expect([made.isDraft, beside.isDraft]).toEqual([true, true]);
  });

  test("attachments are added, listed, read and deleted", async () => {
    const { id }: Item = await of("/messages").post({ subject: "With files" });
    const file = { "@odata.type": "#microsoft.graph.fileAttachment", name: "a.txt", contentBytes: "c21hbGw=" };
    const added: Item = await of(`/messages/${id}/attachments`).post(file);
    const session = await LargeFileUploadTask.createUploadSession(client, `/users/${ann}/messages/${id}/attachments/createUploadSession`, {
      AttachmentItem: { attachmentType: "file", name: "b.txt", size: 4_000_000 },
    });
    expect(session.url).toMatch(/^https:/);
    const listed: Listed = await of(`/messages/${id}/attachments`).get();
    expect(listed.value.map(({ name }) => name)).toEqual(["a.txt"]);
    const path = `/messages/${id}/attachments/${added.id}`;
    expect(await of(path).get()).toMatchObject({ name: "a.txt", contentBytes: "c21hbGw=" });
    const bytes: ArrayBuffer = await of(`${path}/$value`).responseType(ResponseType.ARRAYBUFFER).get();
    expect(Buffer.from(bytes).toString()).toBe("small");
    await of(path).delete();
    await expect(of(path).get()).rejects.toMatchObject({ statusCode: 404, code: "ErrorItemNotFound" });
  });

  test("contacts and their folders", async () => {
    const mailbox = mailboxOf(ann);
    const folder = mailbox.createFolder(mailbox.known("contacts"), "Leads", "IPF.Contact");
    mailbox.createFolder(folder, "Cold", "IPF.Contact");
    for (const where of [mailbox.known("contacts"), folder]) {
      const contact = { displayName: `In ${where.name}`, emailAddresses: [], phoneNumbers: [], physicalAddresses: [] };
      mailbox.add(where, { itemClass: "IPM.Contact", subject: contact.displayName, contact });
    }
    const listed: Listed = await of("/contacts").get();
    expect(listed.value.map(({ displayName }) => displayName)).toEqual(["In Contacts"]);
    expect(await of(`/contacts/${listed.value[0]?.id}`).get()).toMatchObject({ displayName: "In Contacts" });
    const folders: Listed = await of("/contactFolders").get();
    const leads = folders.value.find(({ displayName }) => displayName === "Leads")?.id ?? "";
    expect(await of(`/contactFolders/${leads}`).get()).toMatchObject({ displayName: "Leads" });
    const inside: Listed = await of(`/contactFolders/${leads}/contacts`).get();
    expect(inside.value.map(({ displayName }) => displayName)).toEqual(["In Leads"]);
    const below: Listed = await of(`/contactFolders/${leads}/childFolders`).get();
    expect(below.value.map(({ displayName }) => displayName)).toEqual(["Cold"]);
  });

  test("settings of the mailbox, ids in other forms, and a batch", async () => {
    await of("/mailboxSettings").patch({ automaticRepliesSetting: { status: "alwaysEnabled", internalReplyMessage: "away" } });
    expect(await of("/mailboxSettings").get()).toMatchObject({ automaticRepliesSetting: { status: "alwaysEnabled" } });
    expect(await of("/mailboxSettings/userPurpose").get()).toMatchObject({ value: "user" });
    const id = await deliver("To be translated");
    const asked = { inputIds: [id], sourceIdType: "restId", targetIdType: "restImmutableEntryId" };
    const translated: Listed = await of("/translateExchangeIds").post(asked);
    expect(translated.value).toMatchObject([{ sourceId: id }]);
    const requests = [{ id: "1", method: "GET", url: `/users/${ann}/messages/${id}` }];
    expect(await client.api("/$batch").post({ requests })).toMatchObject({ responses: [{ id: "1", status: 200 }] });
  });

  test("an item is exported, and a session to import it is opened", async () => {
    const id = await deliver("To be carried");
    const { primaryMailboxId }: Item = await of("/settings/exchange").get();
    const mailbox = client.api(`/admin/exchange/mailboxes/${primaryMailboxId}/exportItems`);
    const exported: Listed = await mailbox.post({ itemIds: [id] });
    expect(exported.value).toMatchObject([{ itemId: id, data: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) }]);
    const session: Item = await client.api(`/admin/exchange/mailboxes/${primaryMailboxId}/createImportSession`).post({});
    expect(session.importUrl).toMatch(/^https:/);
  });

  test("groups have members, and the trace of a message has its recipients", async () => {
    const { value: groups }: Listed = await client.api("/groups").select("id,mail").get();
    expect(groups.map(({ mail }) => mail)).toEqual(["team@example.com"]);
    const members: Listed = await client.api(`/groups/${groups[0]?.id}/transitiveMembers`).get();
    expect(members.value.map(({ mail }) => mail)).toEqual([ann, ben]);
    await deliver("Traced");
    const traces: Listed = await client.api("/admin/exchange/tracing/messageTraces").filter(`recipientAddress eq '${ann}'`).get();
    expect(traces.value.map(({ subject }) => subject)).toContain("Traced");
  });

  test("events are entered, read, declined and deleted", async () => {
    const at = (hour: number) => ({ dateTime: `2027-01-05T${hour}:00:00`, timeZone: "UTC" });
    const made: Item = await of("/events").post({ subject: "Own", start: at(10), end: at(11) });
    expect(await of(`/events/${made.id}`).get()).toMatchObject({ subject: "Own" });
    await of(`/events/${made.id}`).delete();
    lab.store.deliver(invitationMime([ann], new Date()), { from: "payroll@example.net", to: [ann] });
    const { value: events }: Listed = await of("/events").get();
    expect(events.map(({ subject }) => subject)).toEqual(["Payroll review: confirm your account"]);
    await of(`/events/${events[0]?.id}/decline`).post({ sendResponse: false });
    const left: Listed = await of("/events").get();
    expect(left.value).toEqual([]);
  });

  test("folders are renamed, copied, moved and deleted in both ways", async () => {
    const made: Item = await of("/mailFolders").post({ displayName: "Old" });
    expect(await of(`/mailFolders/${made.id}`).patch({ displayName: "New" })).toMatchObject({ displayName: "New" });
    const copy: Item = await of(`/mailFolders/${made.id}/copy`).post({ destinationId: "archive" });
    await of(`/mailFolders/${made.id}/move`).post({ destinationId: "drafts" });
    expect([mailboxOf(ann).folderAt(["Archive", "New"]), mailboxOf(ann).folderAt(["Drafts", "New"])]).not.toContain(undefined);
    await of(`/mailFolders/${copy.id}/permanentDelete`).post({});
    await of(`/mailFolders/${made.id}`).delete();
    expect([mailboxOf(ann).folderAt(["Archive", "New"]), mailboxOf(ann).folderAt(["Drafts", "New"])]).toEqual([undefined, undefined]);
  });

  test("changes of messages and folders are followed by their links", async () => {
    const first: Item = await of("/mailFolders/inbox/messages/delta?$deltatoken=latest").select("subject").get();
    await deliver("Changed");
    const second: Listed = await client.api(String(first["@odata.deltaLink"])).get();
    expect(second.value.map(({ subject }) => subject)).toEqual(["Changed"]);
    const folders: Listed = await of("/mailFolders/delta").get();
    expect(folders.value.map(({ displayName }) => displayName)).toContain("Inbox");
  });

  test("inbox rules are made, read, changed and deleted", async () => {
    const rules = "/mailFolders/inbox/messageRules";
    const made: Item = await of(rules).post({ displayName: "Rule", conditions: { subjectContains: ["x"] }, actions: { markAsRead: true } });
    await of(`${rules}/${made.id}`).patch({ isEnabled: false });
    expect(await of(`${rules}/${made.id}`).get()).toMatchObject({ displayName: "Rule", isEnabled: false });
    const listed: Listed = await of(rules).get();
    expect(listed.value.map(({ id }) => id)).toEqual([made.id]);
    await of(`${rules}/${made.id}`).delete();
    expect(mailboxOf(ann).rules.all()).toEqual([]);
  });

  test("there are no subscriptions, and none can be made", async () => {
    expect(await client.api("/subscriptions").get()).toMatchObject({ value: [] });
    const wanted = { changeType: "created", notificationUrl: "https://soc.example.com/", resource: `/users/${ann}/messages` };
    const made = client.api("/subscriptions").post({ ...wanted, expirationDateTime: "2027-01-01T00:00:00Z" });
    await expect(made).rejects.toMatchObject({ statusCode: 400, code: "ValidationError" });
  });

  test("a role that its token does not have is refused", async () => {
    const other = await startLab({ seed: false, tls: { key, cert }, tenant: tenantWith({ roles: { graph: ["Mail.Read"] } }) });
    try {
      other.store.addUser({ address: ann });
      const token = await tokenOf(other);
      const reader = microsoftClient(other, cert, async () => token);
      await expect(reader.api(`/users/${ann}/messages`).get()).resolves.toHaveProperty("value");
      await expect(reader.api(`/users/${ann}/messages`).post({})).rejects.toMatchObject({ statusCode: 403, code: "ErrorAccessDenied" });
      await expect(reader.api("/users").get()).rejects.toMatchObject({ statusCode: 403, code: "Authorization_RequestDenied" });
    } finally {
      await other.close();
    }
  });

  test("no operation of the lab's Graph was left out", () => {
    const driven = new Set(lab.requests.flatMap(({ operation, status, inner = [] }) => (status < 300 ? [operation, ...inner] : [])));
    // The one that the lab always refuses.
    expect(operations.map(({ name }) => name).filter((name) => !driven.has(name))).toEqual(["subscription-post-subscriptions"]);
  });

  test.skipIf(!hasTypes)(`every reply has the type that Microsoft's schema gives it${without}`, () => expectValidReplies(lab));
});
