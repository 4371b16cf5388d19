import type { SearchableMailbox, SearchableMailboxes, SearchableMailboxQuery } from "../../exchange/exchange.ts";
import { mayBeFaultOfOneItem } from "../../exchange/search/list-around-failures.ts";
import { Failure, throwDefect } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { getUserPurpose } from "../requests/mailbox-settings.ts";
import { type DirectoryUser, listUsers } from "../requests/users.ts";
import { type AdminApiConnection, listByAdminApi } from "../session/admin-api.ts";
import type { GraphMailbox } from "../session/mailbox.ts";

/**
 * Which mailboxes there are: of the Exchange Online Admin API where it is open to the application, else of the directory. Graph has no list of what
 * may be searched, so `source` says which it is. Throws Failure.
 */
export async function searchableMailboxes(
  account: GraphMailbox,
  query: SearchableMailboxQuery,
  adminConnection: AdminApiConnection | undefined,
): Promise<SearchableMailboxes> {
  if (adminConnection === undefined) {
    return {
      ...(await listDirectory(account, query)),
      note: "The list is that of the directory: the Exchange Online Admin API was not asked.",
    };
  }
  const listed = await attempt(() => listByAdminApi(adminConnection, query, account.call));
  if (listed.ok) return { source: "admin_api", mailboxes: listed.value, failed: [] };
  if (adminConnection.admin.isRequired || listed.failure.code === "cancelled") throw listed.failure;
  throwDefect(listed.failure);
  const { code, wireCode } = listed.failure;
  const note = `The Exchange Online Admin API was asked first and did not list them (${code}${wireCode === undefined ? "" : `, ${wireCode.slice(0, 80)}`}).`;
  return { ...(await listDirectory(account, query)), note };
}

/** The users with an address whose mailbox answers. Needs User.ReadBasic.All and MailboxSettings.Read. Throws Failure. */
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
    // On premises, without a licence or without a mailbox at all: Graph does not reach it, and the mail may be there.
    else if (outcome.failure.code === "mailbox-not-found" || outcome.failure.code === "not-found") {
      if (!user.isGuest) unopened.push({ mailbox: user.mail, message: outcome.failure.message, failure: outcome.failure });
    } else {
      failed.push({ mailbox: user.mail, message: outcome.failure.message, failure: outcome.failure });
      if (failed.length === requested.length) throw permissionMissing(outcome.failure, "MailboxSettings.Read");
    }
  }
  // Without an address: nobody knows whose it would be.
  if (cut !== undefined) failed.push({ mailbox: "", message: `The list of users ends before its end: ${cut.message}`, failure: cut });
  return { source: "directory", mailboxes, failed, unopened };
}

/** 999 is the most that one page holds. The directory takes no number to go on from, so what is behind a user that it cannot list stays unlisted. */
const pageSizes = [999, 100, 10];

/** Lists the users: by smaller pages up to one that spoils its page. Gives why the list ended before its end. Throws Failure. */
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
      if (!(thrown instanceof Failure) || !mayBeFaultOfOneItem(thrown)) throw permissionMissing(thrown, "User.ReadBasic.All");
      cut = thrown;
    }
  }
  if (users.size === 0 && cut !== undefined) throw cut;
  return cut;
}

function permissionMissing(thrown: unknown, permission: string): unknown {
  if (!(thrown instanceof Failure) || (thrown.code !== "access-denied" && thrown.code !== "role-missing")) return thrown;
  return new Failure("role-missing", `The application may not list mailboxes: it lacks the permission ${permission} at Microsoft Graph.`, {
    wireCode: thrown.wireCode,
    requestId: thrown.requestId,
    hint: `An administrator can grant it: API permissions, Microsoft Graph, application permission ${permission}, then admin consent.`,
    cause: thrown,
  });
}
