import type { SearchableMailbox, SearchableMailboxes, SearchableMailboxQuery } from "../../exchange/exchange.ts";
import { mayBeFaultOfOneItem } from "../../exchange/search/list-around-failures.ts";
import { Failure, throwDefect } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { getUserPurpose } from "../requests/mailbox-settings.ts";
import { type DirectoryUser, listUsers } from "../requests/users.ts";
import { type AdminApiConnection, listByAdminApi } from "../session/admin-api.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { permissionMissing } from "./permission-missing.ts";

/**
 * Lists the mailboxes, from the Exchange Online Admin API where the application may use it, otherwise from the directory. Graph has no list of
 * searchable mailboxes, so `source` names the list that was used. Throws Failure.
 */
export async function searchableMailboxes(
  account: GraphMailbox,
  query: SearchableMailboxQuery,
  adminConnection: AdminApiConnection | undefined,
): Promise<SearchableMailboxes> {
  if (adminConnection === undefined) {
    return {
      ...(await listDirectory(account, query)),
      note: "The list is that of the directory: the Exchange Online Admin API was not used.",
    };
  }
  const listed = await attempt(() => listByAdminApi(adminConnection, query, account.call));
  if (listed.ok) return { source: "admin_api", mailboxes: listed.value, failed: [] };
  if (adminConnection.admin.isRequired || listed.failure.code === "cancelled") throw listed.failure;
  throwDefect(listed.failure);
  const { code, wireCode } = listed.failure;
  const note = `The Exchange Online Admin API was tried first and did not list them (${code}${wireCode === undefined ? "" : `, ${wireCode.slice(0, 80)}`}).`;
  return { ...(await listDirectory(account, query)), note };
}

/** Lists the users with an address whose mailbox responds. Needs User.ReadBasic.All and MailboxSettings.Read. Throws Failure. */
async function listDirectory(account: GraphMailbox, query: SearchableMailboxQuery): Promise<SearchableMailboxes> {
  const users = new Map<string, DirectoryUser>();
  const cut = await listInto(users, account, query.filter);
  const requested = [...users.values()];
  const mailboxes: SearchableMailbox[] = [];
  const failed: { mailbox: string; message: string; failure: Failure }[] = [];
  const unopened: typeof failed = [];
  let index = 0;
  for await (const outcome of account.each(
    getUserPurpose,
    requested.map(({ id }) => id),
  )) {
    const user = requested[index++];
    if (user?.mail === undefined) continue;
    if (outcome.ok) mailboxes.push({ mailbox: user.mail, referenceId: user.id, displayName: user.displayName, isGroup: false });
    // The mailbox is on premises, or there is no licence or no mailbox. Graph does not reach it, but mail may exist.
    else if (outcome.failure.code === "mailbox-not-found" || outcome.failure.code === "not-found") {
      if (!user.isGuest) unopened.push({ mailbox: user.mail, message: outcome.failure.message, failure: outcome.failure });
    } else {
      failed.push({ mailbox: user.mail, message: outcome.failure.message, failure: outcome.failure });
      if (failed.length === requested.length) throw permissionMissing(outcome.failure, "MailboxSettings.Read", "list mailboxes");
    }
  }
  // Without an address: the owner is not known.
  if (cut !== undefined) failed.push({ mailbox: "", message: `The list of users is incomplete: ${cut.message}`, failure: cut });
  return { source: "directory", mailboxes, failed, unopened };
}

/** A page has at most 999 users. The directory cannot continue from a number, so users after one that it cannot list stay unlisted. */
const pageSizes = [999, 100, 10];

/** Lists the users, in smaller pages after one that fails. Returns why the list ended early. Throws Failure. */
async function listInto(
  users: Map<string, DirectoryUser>,
  account: GraphMailbox,
  beginning: string | undefined,
): Promise<Failure | undefined> {
  let cut: Failure | undefined;
  for (const top of pageSizes) {
    try {
      for await (const { items } of account.pages(listUsers, { beginning, top })) {
        for (const user of items) if (user.mail !== undefined && user.id !== "") users.set(user.id, user);
      }
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof Failure) || !mayBeFaultOfOneItem(thrown))
        throw permissionMissing(thrown, "User.ReadBasic.All", "list mailboxes");
      cut = thrown;
    }
  }
  if (users.size === 0 && cut !== undefined) throw cut;
  return cut;
}
