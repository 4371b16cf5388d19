import type { LabAddress } from "./address.ts";

/** The value of one condition or action. `folder`: id of a folder of the same mailbox. Sizes are in kilobytes. */
export type RulePart =
  | { readonly kind: "texts"; readonly texts: readonly string[] }
  | { readonly kind: "flag"; readonly flag: boolean }
  | { readonly kind: "word"; readonly word: string }
  | { readonly kind: "addresses"; readonly addresses: readonly LabAddress[] }
  | { readonly kind: "folder"; readonly folder: string }
  | { readonly kind: "size"; readonly minimum: number | undefined; readonly maximum: number | undefined };

/** Conditions or actions by the names of Microsoft Graph. */
export type RuleParts = ReadonlyMap<string, RulePart>;

/** The content of an inbox rule. */
export interface RuleContent {
  readonly name: string;
  /** Rules run in this order. */
  readonly sequence: number;
  readonly isEnabled: boolean;
  readonly conditions: RuleParts;
  readonly exceptions: RuleParts;
  readonly actions: RuleParts;
}

/** A rule of a mailbox. The lab keeps rules, and does not run them. */
export interface LabRule extends RuleContent {
  /** Base64, as Exchange's. */
  readonly id: string;
}

/** The inbox rules of one mailbox. */
export class InboxRules {
  readonly #rules = new Map<string, LabRule>();
  #last = 0;

  /** All of them, in the order in which they run. */
  all(): readonly LabRule[] {
    return [...this.#rules.values()].sort((one, other) => one.sequence - other.sequence);
  }

  find(id: string): LabRule | undefined {
    return this.#rules.get(id);
  }

  add(content: RuleContent): LabRule {
    this.#last += 1;
    const id = Buffer.alloc(8);
    id.writeUInt32BE(0x01000000, 0);
    id.writeUInt32BE(this.#last, 4);
    return this.#put({ ...content, id: id.toString("base64") });
  }

  replace({ id }: LabRule, content: RuleContent): LabRule {
    return this.#put({ ...content, id });
  }

  remove({ id }: LabRule): void {
    this.#rules.delete(id);
  }

  #put(rule: LabRule): LabRule {
    this.#rules.set(rule.id, rule);
    return rule;
  }
}

type Kind = RulePart["kind"];

const all = (kind: Kind, names: string): readonly (readonly [string, Kind])[] => names.split(" ").map((name) => [name, kind]);

/** The conditions and their kinds. @see https://learn.microsoft.com/en-us/graph/api/resources/messagerulepredicates */
export const ruleConditions: ReadonlyMap<string, Kind> = new Map([
  ...all("texts", "bodyContains bodyOrSubjectContains categories headerContains recipientContains senderContains subjectContains"),
  ...all("flag", "hasAttachments isApprovalRequest isAutomaticForward isAutomaticReply isEncrypted isMeetingRequest isMeetingResponse"),
  ...all("flag", "isNonDeliveryReport isPermissionControlled isReadReceipt isSigned isVoicemail notSentToMe sentCcMe sentOnlyToMe"),
  ...all("flag", "sentToMe sentToOrCcMe"),
  ...all("word", "importance messageActionFlag sensitivity"),
  ...all("addresses", "fromAddresses sentToAddresses"),
  ...all("size", "withinSizeRange"),
]);

/** The actions and their kinds. @see https://learn.microsoft.com/en-us/graph/api/resources/messageruleactions */
export const ruleActions: ReadonlyMap<string, Kind> = new Map([
  ...all("texts", "assignCategories"),
  ...all("flag", "delete markAsRead permanentDelete stopProcessingRules"),
  ...all("word", "markImportance"),
  ...all("addresses", "forwardAsAttachmentTo forwardTo redirectTo"),
  ...all("folder", "copyToFolder moveToFolder"),
]);
