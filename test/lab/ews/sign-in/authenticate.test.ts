import { afterAll, beforeAll, expect, test } from "vitest";
import type { Lab } from "../../../../src/lab/lab.ts";
import { anna, ben, call, expectValidReplies, faultCode, outcomes, soc, startSmallLab } from "../soap-client.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await startSmallLab({ tokens: { "token-of-anna": anna } });
  lab.store.addUser({
    address: "helper@example.com",
    password: "helper-secret",
    roles: ["ApplicationImpersonation"],
    impersonationScope: [anna],
  });
  lab.store.addUser({ address: "shared@example.com", fullAccess: [anna] });
});
afterAll(async () => {
  await expectValidReplies(lab);
  await lab.close();
});

const inboxOf = (mailbox = ""): string =>
  `<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds><t:DistinguishedFolderId Id="inbox">${
    mailbox === "" ? "" : `<t:Mailbox><t:EmailAddress>${mailbox}</t:EmailAddress></t:Mailbox>`
  }</t:DistinguishedFolderId></m:FolderIds></m:GetFolder>`;
const impersonating = (kind: string, value: string): string =>
  `<t:ExchangeImpersonation><t:ConnectingSID><t:${kind}>${value}</t:${kind}></t:ConnectingSID></t:ExchangeImpersonation>`;

test.each([
  ["the address", anna],
  ["the address in capitals", "ANNA@EXAMPLE.COM"],
  ["an alias", "a.example@example.com"],
  ["DOMAIN\\user", "EXAMPLE\\anna"],
])("Basic authentication takes %s", async (_, user) => {
  expect((await call(lab, inboxOf(), { user, password: "anna-secret" })).status).toBe(200);
});

test.each([
  ["a wrong password", { password: "wrong" }],
  ["an empty password", { password: "" }],
  ["an unknown user", { user: "nobody@example.com", password: "anna-secret" }],
  ["no credentials", { headers: { Authorization: "" } }],
  ["a scheme that the lab does not have", { headers: { Authorization: "Negotiate TlRMTVNTUAAB" } }],
  ["an unknown token", { headers: { Authorization: "Bearer token-of-nobody" } }],
  ["a token that is the name of a property of every object", { headers: { Authorization: "Bearer constructor" } }],
])("%s gets 401 with a challenge and no body", async (_, sent) => {
  const received = await call(lab, inboxOf(), sent);
  expect(received).toMatchObject({ status: 401, body: "" });
  expect(received.headers["www-authenticate"]).toMatch(/^Basic realm="[^"]+"/);
});

test("a bearer token identifies its user", async () => {
  await call(lab, inboxOf(), { headers: { Authorization: "Bearer token-of-anna" } });
  expect(lab.requests.at(-1)).toMatchObject({ status: 200, caller: anna, acting: anna });
});

test.each([
  ["PrimarySmtpAddress", anna],
  ["SmtpAddress", "a.example@example.com"],
  ["PrincipalName", anna],
])("an account with the role may impersonate by %s", async (kind, value) => {
  const received = await call(lab, inboxOf(), { user: soc, header: impersonating(kind, value) });
  expect(outcomes(received)).toEqual(["Success NoError"]);
  expect(lab.requests.at(-1)).toMatchObject({ caller: soc, acting: anna });
  const id = received.xml().at("ResponseMessages", "GetFolderResponseMessage", "Folders", "Folder", "FolderId")?.attributes.get("Id");
  expect(id).toBe(lab.store.mailbox(anna)?.known("inbox").id);
});

test("impersonation by SID is accepted", async () => {
  const sid = lab.store.mailbox(ben)?.user.sid ?? "";
  await call(lab, inboxOf(), { user: soc, header: impersonating("SID", sid) });
  expect(lab.requests.at(-1)?.acting).toBe(ben);
});

test("without the role impersonation is a fault", async () => {
  const received = await call(lab, inboxOf(), { user: ben, header: impersonating("PrimarySmtpAddress", anna) });
  expect([received.status, faultCode(received)]).toEqual([500, "ErrorImpersonateUserDenied"]);
});

test("the role covers its scope and no more", async () => {
  const helper = { user: "helper@example.com", password: "helper-secret" };
  expect((await call(lab, inboxOf(), { ...helper, header: impersonating("PrimarySmtpAddress", anna) })).status).toBe(200);
  expect(faultCode(await call(lab, inboxOf(), { ...helper, header: impersonating("PrimarySmtpAddress", ben) }))).toBe(
    "ErrorImpersonateUserDenied",
  );
});

test("an alias is no primary address", async () => {
  const header = impersonating("PrimarySmtpAddress", "a.example@example.com");
  expect(faultCode(await call(lab, inboxOf(), { user: soc, header }))).toBe("ErrorNonExistentMailbox");
});

test("impersonating an unknown address is a fault that repeats the address, escaped", async () => {
  const received = await call(lab, inboxOf(), { user: soc, header: impersonating("PrimarySmtpAddress", "no&lt;b&gt;@example.com") });
  expect(faultCode(received)).toBe("ErrorNonExistentMailbox");
  expect(received.xml().textAt("detail", "MessageXml", "Value")).toBe("no<b>@example.com");
});

test("a delegate with full access reaches the other mailbox, and other accounts get the code of a missing one", async () => {
  expect(outcomes(await call(lab, inboxOf("shared@example.com")))).toEqual(["Success NoError"]);
  expect(outcomes(await call(lab, inboxOf("shared@example.com"), { user: ben }))).toEqual(["Error ErrorItemNotFound"]);
  expect(outcomes(await call(lab, inboxOf("nobody@example.com")))).toEqual(["Error ErrorNonExistentMailbox"]);
});

test("the role alone opens nothing without the header", async () => {
  expect(outcomes(await call(lab, inboxOf(anna), { user: soc }))).toEqual(["Error ErrorItemNotFound"]);
});

test("an id does not open a mailbox either", async () => {
  const id = lab.store.mailbox(anna)?.known("inbox").id ?? "";
  const byId = inboxOf().replace(/<t:Distinguished.*<\/t:DistinguishedFolderId>/, `<t:FolderId Id="${id}"/>`);
  expect(outcomes(await call(lab, byId))).toEqual(["Success NoError"]);
  expect(outcomes(await call(lab, byId, { user: ben }))).toEqual(["Error ErrorItemNotFound"]);
});

test("the log of requests holds no secret", async () => {
  await call(lab, inboxOf(), { headers: { Authorization: "Bearer token-of-anna", Cookie: "session=token-of-cookie" } });
  await call(lab, inboxOf(), { user: anna, password: "a-wrong-secret" });
  const log = JSON.stringify(lab.requests);
  for (const secret of ["token-of-", "secret", Buffer.from("anna@example.com:anna-").toString("base64").slice(0, 20)])
    expect(log).not.toContain(secret);
});
