import type { LabRule } from "../../store/rules.ts";
import { badRequest, itemNotFound } from "../errors.ts";
import { readRule, ruleRow } from "../items/rule-json.ts";
import { type Call, jsonOf, type Operation } from "../operation.ts";
import { contextOf, itemReply, listReply, noContent } from "../reply.ts";
import { folderNamed } from "../sign-in/access.ts";

const reading = ["MailboxSettings.Read", "MailboxSettings.ReadWrite"];
const writing = ["MailboxSettings.ReadWrite"];
const path = "/users/{user}/mailFolders/{folder}/messageRules";

/** Throws GraphError: only the Inbox has rules. */
function checkInbox(call: Call): void {
  if (folderNamed(call.parameter("folder"), call).distinguishedName !== "inbox")
    throw badRequest("Rules are supported for the Inbox only.", "ErrorInvalidRequest");
}

function ruleAt(call: Call): LabRule {
  checkInbox(call);
  const rule = call.mailbox.rules.find(call.parameter("rule"));
  if (rule === undefined) throw itemNotFound();
  return rule;
}

const context = (call: Call): string => contextOf(call, "mailFolders('inbox')/messageRules");
const folderOf = (call: Call) => (id: string) => folderNamed(id, call).id;

/** @see https://learn.microsoft.com/en-us/graph/api/mailfolder-list-messagerules */
export const listMessageRules: Operation = {
  name: "mailfolder-list-messagerules",
  method: "GET",
  paths: [path],
  permissions: reading,
  of: "exchange",
  handle(call) {
    checkInbox(call);
    return listReply(call, call.mailbox.rules.all().map(ruleRow), "messageRule", context(call));
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/messagerule-get */
export const getMessageRule: Operation = {
  name: "messagerule-get",
  method: "GET",
  paths: [`${path}/{rule}`],
  permissions: reading,
  of: "exchange",
  handle: (call) => itemReply(call, ruleRow(ruleAt(call)), "messageRule", context(call)),
};

/** @see https://learn.microsoft.com/en-us/graph/api/mailfolder-post-messagerules */
export const createMessageRule: Operation = {
  name: "mailfolder-post-messagerules",
  method: "POST",
  paths: [path],
  permissions: writing,
  of: "exchange",
  handle(call) {
    checkInbox(call);
    const made = call.mailbox.rules.add(readRule(jsonOf(call.request), undefined, folderOf(call)));
    return itemReply(call, ruleRow(made), "messageRule", context(call), 201);
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/messagerule-update */
export const updateMessageRule: Operation = {
  name: "messagerule-update",
  method: "PATCH",
  paths: [`${path}/{rule}`],
  permissions: writing,
  of: "exchange",
  handle(call) {
    const rule = ruleAt(call);
    const changed = call.mailbox.rules.replace(rule, readRule(jsonOf(call.request), rule, folderOf(call)));
    return itemReply(call, ruleRow(changed), "messageRule", context(call));
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/messagerule-delete */
export const deleteMessageRule: Operation = {
  name: "messagerule-delete",
  method: "DELETE",
  paths: [`${path}/{rule}`],
  permissions: writing,
  of: "exchange",
  handle(call) {
    call.mailbox.rules.remove(ruleAt(call));
    return noContent;
  },
};
