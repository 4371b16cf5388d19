import type { LabAddress } from "../../store/address.ts";
import type { NewItem } from "../../store/item.ts";
import type { LabItem } from "../../store/mailbox.ts";
import { badRequest, GraphError } from "../errors.ts";
import type { Call } from "../operation.ts";

/** RFC 5321 4.1.2 as far as a lab needs it: something, an at sign, something, no blanks or brackets. */
const address = /^[^\s<>()[\]@,;:"]+@[^\s<>()[\]@,;:"]+$/;

function checkRecipients(item: NewItem): void {
  const all: readonly LabAddress[] = [...(item.to ?? []), ...(item.cc ?? []), ...(item.bcc ?? [])];
  if (all.length === 0) {
    const text = "At least one recipient isn't valid., A message can't be sent until it contains at least one recipient.";
    throw badRequest(text, "ErrorInvalidRecipients");
  }
  if (all.some((one) => !address.test(one.address ?? "")))
    throw badRequest("At least one recipient isn't valid.", "ErrorInvalidRecipients");
}

/** Delivers a message from the mailbox of the call. Returns it as sent. Throws GraphError. */
function submit(item: NewItem, call: Call): NewItem {
  const { mailbox, store } = call;
  checkRecipients(item);
  const from = item.from?.address === undefined ? { name: mailbox.user.displayName, address: mailbox.address } : item.from;
  if (!store.maySendAs(mailbox.user, from.address ?? "")) {
    const text =
      "The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account.";
    throw new GraphError(403, "ErrorSendAsDenied", text);
  }
  return store.submit({ ...item, from, sender: item.sender ?? from }, mailbox).sent;
}

/** Sends a message that was never a draft. */
export function sendNew(item: NewItem, call: Call, saves: boolean): void {
  const sent = submit(item, call);
  if (saves) call.mailbox.add(call.mailbox.known("sentitems"), sent);
}

/** Sends a draft: it is the copy in Sent Items from then on, under the id that does not change. */
export function sendDraft(draft: LabItem, call: Call): void {
  const { mailbox } = call;
  if (!draft.isDraft) throw badRequest("An item of this type cannot be sent.", "ErrorInvalidItemForOperationSendItem");
  const sent = submit(draft, call);
  mailbox.replace(draft, sent);
  mailbox.move(draft, mailbox.known("sentitems"));
}
