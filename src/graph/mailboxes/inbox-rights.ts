import type { Rights } from "../../exchange/exchange.ts";
import { getFolder } from "../requests/mail-folders.ts";
import type { GraphMailbox } from "../session/mailbox.ts";

/** Checks that the Inbox can be read, because Graph reports no effective rights. Throws Failure. */
export async function rights(mailbox: GraphMailbox): Promise<Rights> {
  await mailbox.ask(getFolder, { distinguished: "inbox" });
  return { read: true };
}
