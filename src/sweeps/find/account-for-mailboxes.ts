// src/sweeps/find/: Finds the mailboxes and messages of a sweep: lists, groups, message trace, the message tracking log, searches.

import { Failure } from "../../failure.ts";
import type { MailboxPlan } from "../plan-mailbox.ts";
import type { FoundMailboxes, Unexamined } from "./found-mailboxes.ts";

/** The mailboxes of a request: each was examined completely, or is named with the reason why not. */
export interface AccountedMailboxes {
  readonly examined: readonly string[];
  /** Number of different mailboxes that `unexamined` names, including those that no list could show. */
  readonly unexamined: number;
}

/**
 * Accounts for every mailbox. `looks`: the result of each search; undefined if there was none. A mailbox is examined only if it was searched and nothing in
 * it stayed unsearched. Throws Failure `internal` for a mailbox that is neither examined nor named.
 */
export function accountFor(
  asked: readonly string[],
  looks: readonly (MailboxPlan | undefined)[],
  unexamined: readonly Pick<Unexamined, "mailbox">[],
): AccountedMailboxes {
  const named = new Set(unexamined.map(({ mailbox }) => mailbox.toLowerCase()));
  const isNamed = (address: string) => named.has(address.toLowerCase());
  const examined = asked.filter((address, at) => looks[at] !== undefined && !isNamed(address));
  const lost = asked.filter((address, at) => looks[at] === undefined && !isNamed(address));
  const known = asked.filter(isNamed);
  const [first] = lost;
  if (first !== undefined || examined.length + known.length !== asked.length)
    throw new Failure(
      "internal",
      `The plan accounts for ${examined.length + known.length} of ${asked.length} mailboxes (${first ?? "one of them"} is missing), so there is no plan.`,
    );
  return { examined, unexamined: named.size };
}

/** Throws Failure `could-not-look` if there is no mailbox to search: "nothing found" would look like a result. */
export function demandMailboxes({
  addresses,
  unlisted,
  leftOut,
  finders,
}: Pick<FoundMailboxes, "addresses" | "unlisted" | "leftOut" | "finders">): void {
  if (addresses.length > 0 || unlisted.length > 0) return;
  const [left] = leftOut;
  const others = left === undefined ? "" : ` ${leftOut.length} left out, such as ${left.mailbox}: ${left.message}`;
  throw new Failure("could-not-look", `There is no mailbox to look into, so there is no plan. ${finders.join(" ")}${others}`.trim(), {
    hint: "Name mailboxes, or search all of them: --mailboxes all --find search.",
  });
}
