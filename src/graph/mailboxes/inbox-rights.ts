// src/graph/mailboxes/: What Graph says of a mailbox as a whole: automatic replies, rights, and which mailboxes there are.

import type { Rights } from "../../exchange/exchange.ts";
import { getFolder } from "../requests/mail-folders.ts";
import type { GraphMailbox } from "../session/mailbox.ts";

/** Graph tells no effective rights: that the Inbox can be read is all that is known. Throws Failure. */
export async function rights(mailbox: GraphMailbox): Promise<Rights> {
  await mailbox.ask(getFolder, { distinguished: "inbox" });
  return { read: true };
}
