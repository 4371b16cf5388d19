import type { OutOfOffice } from "../../exchange/out-of-office.ts";
import { getAutomaticReplies } from "../requests/mailbox-settings.ts";
import type { GraphMailbox } from "../session/mailbox.ts";

/** Reads automatic replies. Needs MailboxSettings.Read. Throws Failure. */
export function outOfOffice(mailbox: GraphMailbox): Promise<OutOfOffice> {
  return mailbox.ask(getAutomaticReplies, undefined);
}
