import { expect, test } from "vitest";
import { distinguished, labForEach, mailboxOf } from "../item-calls.ts";
import { ben, call, soc } from "../soap-client.ts";

const lab = labForEach();
const junk = "<t:ContainsSubjectStrings><t:String>invoice</t:String></t:ContainsSubjectStrings>";
const away = `<t:MoveToFolder>${distinguished("junkemail")}</t:MoveToFolder><t:StopProcessingRules>true</t:StopProcessingRules>`;
const rule = (name: string, { conditions = junk, actions = away, id = "", priority = 1 } = {}): string =>
  `<t:Rule>${id === "" ? "" : `<t:RuleId>${id}</t:RuleId>`}<t:DisplayName>${name}</t:DisplayName><t:Priority>${priority}</t:Priority><t:IsEnabled>true</t:IsEnabled><t:Conditions>${conditions}</t:Conditions>${actions === "" ? "" : `<t:Actions>${actions}</t:Actions>`}</t:Rule>`;
const create = (one: string): string => `<t:CreateRuleOperation>${one}</t:CreateRuleOperation>`;
const set = (one: string): string => `<t:SetRuleOperation>${one}</t:SetRuleOperation>`;
const remove = (id: string): string => `<t:DeleteRuleOperation><t:RuleId>${id}</t:RuleId></t:DeleteRuleOperation>`;
const update = (operations: string, mailbox = ""): string =>
  `<m:UpdateInboxRules>${mailbox === "" ? "" : `<m:MailboxSmtpAddress>${mailbox}</m:MailboxSmtpAddress>`}<m:RemoveOutlookRuleBlob>true</m:RemoveOutlookRuleBlob><m:Operations>${operations}</m:Operations></m:UpdateInboxRules>`;
const code = async (operation: string, user?: string) =>
  (await call(lab(), operation, user === undefined ? {} : { user })).xml().textAt("ResponseCode");
const listed = async () => (await call(lab(), "<m:GetInboxRules/>")).xml().child("InboxRules")?.children ?? [];
const names = async () => (await listed()).map((one) => one.textAt("DisplayName"));
const idOf = (name: string): string =>
  mailboxOf(lab())
    .rules.all()
    .find((one) => one.name === name)?.id ?? "";

test("a new rule is listed with its conditions and actions, in the order of priorities", async () => {
  expect(await code(update(create(rule("second", { priority: 2 })) + create(rule("first"))))).toBe("NoError");
  const [first, second] = await listed();
  expect([first?.textAt("DisplayName"), second?.textAt("DisplayName")]).toEqual(["first", "second"]);
  expect(first?.textAt("Conditions", "ContainsSubjectStrings", "String")).toBe("invoice");
  expect(first?.at("Actions", "MoveToFolder", "FolderId")?.attributes.get("Id")).toBe(mailboxOf(lab()).known("junkemail").id);
  expect(first?.textAt("Actions", "StopProcessingRules")).toBe("true");
});

test("every kind of condition and action comes back as it was written", async () => {
  const address = (name: string): string =>
    `<t:${name}><t:Address><t:Name>Eve</t:Name><t:EmailAddress>eve@example.org</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType></t:Address></t:${name}>`;
  const conditions = `<t:FlaggedForAction>FollowUp</t:FlaggedForAction>${address("FromAddresses")}<t:HasAttachments>true</t:HasAttachments><t:Importance>High</t:Importance><t:Sensitivity>Private</t:Sensitivity><t:WithinSizeRange><t:MinimumSize>1</t:MinimumSize><t:MaximumSize>9</t:MaximumSize></t:WithinSizeRange>`;
  const actions = `<t:AssignCategories><t:String>x</t:String></t:AssignCategories><t:Delete>true</t:Delete>${address("ForwardToRecipients")}<t:MarkImportance>Low</t:MarkImportance>`;
  expect(await code(update(create(rule("all", { conditions, actions }))))).toBe("NoError");
  const received = await call(lab(), "<m:GetInboxRules/>");
  expect(received.body).toContain(`<t:Conditions>${conditions}</t:Conditions>`);
  expect(received.body).toContain(`<t:Actions>${actions}</t:Actions>`);
});

test("a rule is replaced and deleted by its id", async () => {
  await call(lab(), update(create(rule("old")) + create(rule("gone", { priority: 2 }))));
  expect(await code(update(set(rule("new", { id: idOf("old") })) + remove(idOf("gone"))))).toBe("NoError");
  expect(await names()).toEqual(["new"]);
});

test.each([
  ["a rule without an action", () => create(rule("x", { actions: "" })), "Actions", "MissingAction"],
  ["a rule without a name", () => create(rule(" ")), "DisplayName", "EmptyValueFound"],
  ["a new rule with an id", () => create(rule("x", { id: "AQ==" })), "RuleId", "CreateWithRuleId"],
  ["a change of a rule that is not there", () => set(rule("x", { id: "AQ==" })), "RuleId", "RuleNotFound"],
  ["a deletion of a rule that is not there", () => remove("AQ=="), "RuleId", "RuleNotFound"],
  [
    "a folder that is not there",
    () => create(rule("x", { actions: `<t:CopyToFolder><t:FolderId Id="AQ=="/></t:CopyToFolder>` })),
    "Action:CopyToFolder",
    "FolderDoesNotExist",
  ],
  [
    "sizes the wrong way round",
    () =>
      create(
        rule("x", {
          conditions: "<t:WithinSizeRange><t:MinimumSize>9</t:MinimumSize><t:MaximumSize>1</t:MaximumSize></t:WithinSizeRange>",
        }),
      ),
    "Condition:WithinSizeRange",
    "InvalidSizeRange",
  ],
])("%s is refused with its field, and nothing of the request is done", async (_, operation, field, problem) => {
  const reply = (await call(lab(), update(create(rule("good")) + operation()))).xml();
  expect(reply.textAt("ResponseCode")).toBe("ErrorInboxRulesValidationError");
  const error = reply.at("RuleOperationErrors", "RuleOperationError");
  expect([error?.textAt("OperationIndex"), error?.textAt("ValidationErrors", "Error", "FieldURI")]).toEqual(["1", field]);
  expect(error?.textAt("ValidationErrors", "Error", "ErrorCode")).toBe(problem);
  expect(await names()).toEqual([]);
});

test("the lab says which parts of rules it does not offer", async () => {
  const conditions = "<t:ItemClasses><t:String>IPM.Note</t:String></t:ItemClasses>";
  const received = await call(lab(), update(create(rule("x", { conditions }))));
  expect(received.body).toContain("This lab does not offer ItemClasses in inbox rules.");
  expect(await names()).toEqual([]);
});

test("the rules of another mailbox need access to it", async () => {
  expect(await code(update(create(rule("x")), ben))).toBe("ErrorAccessDenied");
  expect(await code(`<m:GetInboxRules><m:MailboxSmtpAddress>${ben}</m:MailboxSmtpAddress></m:GetInboxRules>`)).toBe("ErrorAccessDenied");
  expect(await code(`<m:GetInboxRules><m:MailboxSmtpAddress>none@example.com</m:MailboxSmtpAddress></m:GetInboxRules>`, soc)).toBe(
    "ErrorNonExistentMailbox",
  );
});
