import { fromAttribute, many, mapped, optional, record, text } from "../../wire/xml/read-xml.ts";
import { element } from "../../wire/xml/write-xml.ts";
import { m, t } from "../namespaces.ts";
import { type Operation, outcomeOf, responses } from "../operation.ts";
import { status } from "../session/response-status.ts";

/** A member right in a group. */
export interface DirectMember {
  readonly name?: string | undefined;
  readonly address?: string | undefined;
  readonly routingType?: string | undefined;
  /** `Mailbox`, `PublicDL`, `Contact`, `OneOff` and others. */
  readonly mailboxType?: string | undefined;
}

/** Members of one group. Groups inside it are members, and are not opened. */
export interface DirectMembers {
  readonly members: readonly DirectMember[];
  /** False where Exchange left members out. */
  readonly isWhole: boolean;
}

const member = record({
  name: optional(t("Name"), text),
  address: optional(t("EmailAddress"), text),
  routingType: optional(t("RoutingType"), text),
  mailboxType: optional(t("MailboxType"), text),
});

const expansion = mapped(
  record({ members: many(t("Mailbox"), member), last: fromAttribute("IncludesLastItemInRange"), total: fromAttribute("TotalItemsInView") }),
  ({ members, last = "true", total }): DirectMembers => {
    const isShort = /^\s*\d{1,9}\s*$/.test(total ?? "") && Number(total) > members.length;
    return { members, isWhole: !isShort && !/^\s*(false|0)\s*$/.test(last) };
  },
);

/**
 * Lists the members of one distribution group of the directory, by its address.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/expanddl-operation
 */
export const expandDl: Operation<string, DirectMembers> = {
  name: "ExpandDL",
  safety: "read",
  instead: "Name the mailboxes: a list of addresses in mailboxes.",
  write: (address) => element("m:ExpandDL", undefined, element("m:Mailbox", undefined, element("t:EmailAddress", undefined, address))),
  read: responses(
    "ExpandDL",
    mapped(record({ ...status, expansion: optional(m("DLExpansion"), expansion) }), (message) =>
      outcomeOf<typeof message, DirectMembers>(({ expansion: found }) => found)(message),
    ),
  ),
};
