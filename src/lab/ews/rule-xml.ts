import type { LabRule, RuleContent, RulePart, RuleParts } from "../store/rules.ts";
import { ruleActions, ruleConditions } from "../store/rules.ts";
import type { Store } from "../store/store.ts";
import { el, textEl, type XmlElement } from "../xml.ts";
import { readMailbox } from "./items/address-xml.ts";
import { ItemError, type RequestContext } from "./operation.ts";
import { folderAt } from "./sign-in/access.ts";

/** Conditions in the order of the schema: the name in EWS, and in the store. */
const conditions: readonly (readonly [string, string])[] = [
  ["Categories", "categories"],
  ["ContainsBodyStrings", "bodyContains"],
  ["ContainsHeaderStrings", "headerContains"],
  ["ContainsRecipientStrings", "recipientContains"],
  ["ContainsSenderStrings", "senderContains"],
  ["ContainsSubjectOrBodyStrings", "bodyOrSubjectContains"],
  ["ContainsSubjectStrings", "subjectContains"],
  ["FlaggedForAction", "messageActionFlag"],
  ["FromAddresses", "fromAddresses"],
  ["HasAttachments", "hasAttachments"],
  ["Importance", "importance"],
  ["IsApprovalRequest", "isApprovalRequest"],
  ["IsAutomaticForward", "isAutomaticForward"],
  ["IsAutomaticReply", "isAutomaticReply"],
  ["IsEncrypted", "isEncrypted"],
  ["IsMeetingRequest", "isMeetingRequest"],
  ["IsMeetingResponse", "isMeetingResponse"],
  ["IsNDR", "isNonDeliveryReport"],
  ["IsPermissionControlled", "isPermissionControlled"],
  ["IsReadReceipt", "isReadReceipt"],
  ["IsSigned", "isSigned"],
  ["IsVoicemail", "isVoicemail"],
  ["NotSentToMe", "notSentToMe"],
  ["SentCcMe", "sentCcMe"],
  ["SentOnlyToMe", "sentOnlyToMe"],
  ["SentToAddresses", "sentToAddresses"],
  ["SentToMe", "sentToMe"],
  ["SentToOrCcMe", "sentToOrCcMe"],
  ["Sensitivity", "sensitivity"],
  ["WithinSizeRange", "withinSizeRange"],
];

const actions: readonly (readonly [string, string])[] = [
  ["AssignCategories", "assignCategories"],
  ["CopyToFolder", "copyToFolder"],
  ["Delete", "delete"],
  ["ForwardAsAttachmentToRecipients", "forwardAsAttachmentTo"],
  ["ForwardToRecipients", "forwardTo"],
  ["MarkImportance", "markImportance"],
  ["MarkAsRead", "markAsRead"],
  ["MoveToFolder", "moveToFolder"],
  ["PermanentDelete", "permanentDelete"],
  ["RedirectToRecipients", "redirectTo"],
  ["StopProcessingRules", "stopProcessingRules"],
];

/** A part of a rule that is wrong: it becomes a t:Error. */
export class RuleProblem extends Error {
  override readonly name = "RuleProblem";
  readonly field: string;
  readonly code: string;
  readonly value: string;

  constructor(field: string, code: string, message: string, value = "") {
    super(message);
    this.field = field;
    this.code = code;
    this.value = value;
  }
}

function partXml(element: string, part: RulePart, store: Store): string {
  switch (part.kind) {
    case "texts":
      return el(`t:${element}`, {}, ...part.texts.map((text) => textEl("t:String", text)));
    case "flag":
      return textEl(`t:${element}`, part.flag);
    case "word":
      return textEl(`t:${element}`, part.word);
    case "addresses": {
      const written = part.addresses.map((one) =>
        el(
          "t:Address",
          {},
          textEl("t:Name", one.name ?? one.address),
          one.address === undefined ? "" : textEl("t:EmailAddress", one.address),
          textEl("t:RoutingType", one.routingType ?? "SMTP"),
        ),
      );
      return el(`t:${element}`, {}, ...written);
    }
    case "folder": {
      const folder = store.folder(part.folder);
      return folder === undefined ? "" : el(`t:${element}`, {}, el("t:FolderId", { Id: folder.id, ChangeKey: folder.changeKey }));
    }
    case "size":
      return el(`t:${element}`, {}, textEl("t:MinimumSize", part.minimum), textEl("t:MaximumSize", part.maximum));
  }
}

function partsXml(name: string, table: typeof conditions, parts: RuleParts, store: Store): string {
  const written = table.map(([element, key]) => {
    const part = parts.get(key);
    return part === undefined ? "" : partXml(element, part, store);
  });
  return parts.size === 0 ? "" : el(name, {}, ...written);
}

export function ruleXml(rule: LabRule, store: Store): string {
  return el(
    "t:Rule",
    {},
    textEl("t:RuleId", rule.id),
    textEl("t:DisplayName", rule.name),
    textEl("t:Priority", rule.sequence),
    textEl("t:IsEnabled", rule.isEnabled),
    partsXml("t:Conditions", conditions, rule.conditions, store),
    partsXml("t:Exceptions", conditions, rule.exceptions, store),
    partsXml("t:Actions", actions, rule.actions, store),
  );
}

function folderIn(element: XmlElement, field: string, context: RequestContext): string {
  try {
    const [id] = element.children;
    if (id !== undefined) return folderAt(id, context).id;
  } catch (error) {
    if (!(error instanceof ItemError)) throw error;
  }
  throw new RuleProblem(field, "FolderDoesNotExist", "The folder does not exist.");
}

function readPart(element: XmlElement, kind: RulePart["kind"], field: string, context: RequestContext): RulePart {
  switch (kind) {
    case "texts": {
      const texts = element.children.map(({ text }) => text);
      if (texts.length === 0 || texts.includes("")) throw new RuleProblem(field, "EmptyValueFound", "The value is empty.");
      return { kind, texts };
    }
    case "flag":
      return { kind, flag: /^(true|1)$/.test(element.text.trim()) };
    case "word":
      return { kind, word: element.text.trim() };
    case "addresses":
      return { kind, addresses: element.children.map((one) => readMailbox(one, context.store)) };
    case "folder":
      return { kind, folder: folderIn(element, field, context) };
    case "size": {
      const [minimum, maximum] = ["MinimumSize", "MaximumSize"].map((name) => {
        const text = element.textAt(name);
        return text === undefined ? undefined : Number(text);
      });
      if (minimum !== undefined && maximum !== undefined && minimum > maximum)
        throw new RuleProblem(field, "InvalidSizeRange", "The smallest size is above the largest.");
      return { kind, minimum, maximum };
    }
  }
}

function readParts(element: XmlElement | undefined, prefix: string, context: RequestContext): RuleParts {
  const [table, kinds] = prefix === "Action" ? [actions, ruleActions] : [conditions, ruleConditions];
  return new Map(
    (element?.children ?? []).map((child): [string, RulePart] => {
      const key = table.find(([name]) => name === child.name)?.[1];
      const kind = kinds.get(key ?? "");
      if (key === undefined || kind === undefined)
        throw new ItemError("ErrorInvalidRequest", `This lab does not offer ${child.name} in inbox rules.`);
      return [key, readPart(child, kind, `${prefix}:${child.name}`, context)];
    }),
  );
}

/** Reads t:Rule. Throws RuleProblem, or ItemError for a part that the lab does not have. */
export function readRule(element: XmlElement, context: RequestContext): RuleContent {
  const name = element.textAt("DisplayName") ?? "";
  if (name.trim() === "") throw new RuleProblem("DisplayName", "EmptyValueFound", "The name is empty.");
  const sequence = Number(element.textAt("Priority"));
  if (sequence < 1) throw new RuleProblem("Priority", "InvalidValue", "The priority begins at 1.", String(sequence));
  const read = readParts(element.child("Actions"), "Action", context);
  if (read.size === 0) throw new RuleProblem("Actions", "MissingAction", "A rule needs at least one action.");
  return {
    name,
    sequence,
    isEnabled: /^(true|1)$/.test(element.textAt("IsEnabled") ?? ""),
    conditions: readParts(element.child("Conditions"), "Condition", context),
    exceptions: readParts(element.child("Exceptions"), "Exception", context),
    actions: read,
  };
}
