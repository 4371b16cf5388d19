// src/doctor/ews/: Checks Exchange Web Services: the server, the sign-in, the mailbox, and why one of them fails.

import type { Call, Exchange, Rights } from "../../exchange/exchange.ts";
import { attempt, type Outcome } from "../../outcome.ts";
import type { Checkup, Learnt } from "../checkup.ts";

function openExchange({ exchange }: Learnt): Exchange {
  if (exchange === undefined) throw new Error("a step asked Exchange before it was opened");
  return exchange;
}

/** Returns the account's rights in the Inbox. */
export function askInbox({ learned, signal }: Checkup, mailbox: string): Promise<Outcome<Rights>> {
  return attempt(async () => openExchange(learned).mailbox(mailbox, callOf(signal)).rights());
}

/** Returns which mailboxes the account may search; asks only once. */
export async function askDiscovery(checkup: Checkup): Promise<Outcome<unknown>> {
  checkup.learned.discovery ??= await attempt(async () =>
    openExchange(checkup.learned).searchableMailboxes({ expandGroups: false }, callOf(checkup.signal)),
  );
  return checkup.learned.discovery;
}

function callOf(signal: AbortSignal | undefined): Call {
  return signal === undefined ? {} : { signal };
}
