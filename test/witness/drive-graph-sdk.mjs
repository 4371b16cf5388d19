// Drives the lab's Graph with Microsoft's kiota SDK and @azure/identity, each step a check.
// usage: drive-graph-sdk.mjs --list | URL TENANT CLIENT SECRET MAILBOX    prints the names, or {name: null, or what was wrong}, as JSON
import assert from "node:assert/strict";
import { ClientSecretCredential, DeviceCodeCredential } from "@azure/identity";
import { AzureIdentityAuthenticationProvider } from "@microsoft/kiota-authentication-azure";
import { createGraphServiceClient, GraphRequestAdapter } from "@microsoft/msgraph-sdk";
import "@microsoft/msgraph-sdk-users";

const [first, tenant, clientId, secret, mailbox] = process.argv.slice(2);

function clientWith(credential, scopes) {
  const adapter = new GraphRequestAdapter(
    new AzureIdentityAuthenticationProvider(credential, scopes, undefined, new Set([new URL(first).hostname, new URL(first).host])),
  );
  adapter.baseUrl = `${first}/v1.0`;
  return createGraphServiceClient(adapter);
}

const options = { authorityHost: first, disableInstanceDiscovery: true };
const application = () =>
  clientWith(new ClientSecretCredential(tenant, clientId, secret, options), ["https://graph.microsoft.com/.default"]);
let client;
const user = () => client.users.byUserId(mailbox);
const recipient = { emailAddress: { address: mailbox } };

async function draft(subject) {
  return user().messages.post({ subject, body: { contentType: "text", content: "told" }, toRecipients: [recipient] });
}

const checks = {
  "an application signs in with its secret and reads the users": async () => {
    client = application();
    const { value } = await client.users.get();
    assert.ok(value.some(({ mail }) => mail === mailbox));
  },
  "a wrong secret is refused by the identity library": async () => {
    const wrong = clientWith(new ClientSecretCredential(tenant, clientId, "wrong", options), ["https://graph.microsoft.com/.default"]);
    await assert.rejects(() => wrong.users.get(), /7000215|invalid_client/i);
  },
  "messages are listed in pages, filtered and sorted": async () => {
    const page = await user().messages.get({
      queryParameters: { top: 2, orderby: ["receivedDateTime desc"], select: ["subject", "receivedDateTime"] },
    });
    assert.equal(page.value.length, 2);
    assert.ok(page.odataNextLink);
    assert.ok(page.value[0].receivedDateTime >= page.value[1].receivedDateTime);
    const next = await user().messages.withUrl(page.odataNextLink).get();
    assert.equal(next.value.length, 2);
    const unread = await user().messages.get({ queryParameters: { filter: "isRead eq false", top: 5 } });
    assert.ok(unread.value.every(({ isRead }) => isRead === false));
  },
  "a draft is made, changed, sent and arrives": async () => {
    const made = await draft("kiota: sent");
    const message = user().messages.byMessageId(made.id);
    const changed = await message.patch({ subject: "kiota: changed" });
    assert.equal(changed.subject, "kiota: changed");
    await message.send.post();
    const { value } = await user()
      .mailFolders.byMailFolderId("inbox")
      .messages.get({ queryParameters: { filter: "subject eq 'kiota: changed'" } });
    assert.equal(value.length, 1);
  },
  "a message is moved, copied and deleted": async () => {
    const made = await draft("kiota: moved");
    const moved = await user().messages.byMessageId(made.id).move.post({ destinationId: "archive" });
    const copied = await user().messages.byMessageId(moved.id).copy.post({ destinationId: "drafts" });
    await user().messages.byMessageId(moved.id).delete();
    const left = await user().messages.byMessageId(copied.id).get();
    assert.equal(left.subject, "kiota: moved");
  },
  // This version of the SDK writes an attachment without its content, so it only reads them.
  "attachments are read with their bytes": async () => {
    const { value } = await user().messages.get({ queryParameters: { filter: "hasAttachments eq true", top: 1 } });
    const attachments = await user().messages.byMessageId(value[0].id).attachments.get();
    const file = attachments.value.find(({ odataType }) => odataType === "#microsoft.graph.fileAttachment");
    assert.ok(file.contentBytes.byteLength > 0);
  },
  "folders are made, renamed, counted and deleted": async () => {
    const made = await user().mailFolders.post({ displayName: "kiota" });
    const folder = user().mailFolders.byMailFolderId(made.id);
    assert.equal((await folder.patch({ displayName: "kiota 2" })).displayName, "kiota 2");
    assert.ok((await user().mailFolders.count.get()) > 0);
    await folder.delete();
  },
  "changes are followed by delta": async () => {
    const delta = user().mailFolders.byMailFolderId("drafts").messages.delta;
    let page = await delta.get({ queryParameters: { select: ["subject"] } });
    while (page.odataNextLink) page = await delta.withUrl(page.odataNextLink).get();
    const made = await draft("kiota: changed later");
    const later = await delta.withUrl(page.odataDeltaLink).get();
    assert.deepEqual(
      later.value.map(({ id }) => id),
      [made.id],
    );
  },
  "inbox rules and automatic replies are written and read": async () => {
    const rules = user().mailFolders.byMailFolderId("inbox").messageRules;
    const made = await rules.post({
      displayName: "kiota",
      sequence: 1,
      isEnabled: true,
      conditions: { subjectContains: ["x"] },
      actions: { markAsRead: true },
    });
    assert.deepEqual((await rules.byMessageRuleId(made.id).get()).conditions.subjectContains, ["x"]);
    const settings = await user().mailboxSettings.patch({
      automaticRepliesSetting: { status: "alwaysEnabled", internalReplyMessage: "away" },
    });
    assert.equal(settings.automaticRepliesSetting.internalReplyMessage, "away");
  },
  "a refusal has its status and its code": async () => {
    await assert.rejects(
      () => user().messages.byMessageId("AAMk").get(),
      (error) => error.responseStatusCode === 400 && /Id is malformed/.test(error.message),
    );
  },
  "a person signs in with a device code and opens their own mail": async () => {
    const credential = new DeviceCodeCredential({
      tenantId: tenant,
      clientId,
      ...options,
      userPromptCallback: ({ userCode }) => {
        fetch(`${first}/device`, { method: "POST", body: new URLSearchParams({ code: userCode, account: mailbox }) });
      },
    });
    const person = clientWith(credential, ["https://graph.microsoft.com/Mail.Read"]);
    assert.equal((await person.me.get()).mail, mailbox);
    assert.ok((await person.me.messages.get()).value.length > 0);
  },
};

if (first === "--list") process.stdout.write(JSON.stringify(Object.keys(checks)));
else {
  const seen = {};
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
      seen[name] = null;
    } catch (error) {
      seen[name] = `${error.name}: ${error.message} ${JSON.stringify(error).slice(0, 300)}`.slice(0, 700);
    }
  }
  process.stdout.write(JSON.stringify(seen));
}
