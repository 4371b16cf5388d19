import { createHash } from "node:crypto";
import type { LabItem, LabMailbox } from "../../store/mailbox.ts";
import { el, textEl, type XmlElement } from "../../xml.ts";
import { wireTime } from "../items/extended-properties.ts";
import { previewOf } from "../items/item-facts.ts";
import { ItemError, type Operation, type RequestContext, responses } from "../operation.ts";
import { readQuery } from "../search/query-string.ts";
import { referenceId } from "../search/reference-id.ts";

/** The mailbox of a search scope, and the parts of it that are searched. */
interface Scope {
  readonly mailbox: LabMailbox;
  readonly searched: readonly LabMailbox[];
}

interface FailedScope {
  readonly named: string;
  readonly isArchive: boolean;
}

const missing = "No mailbox is specified for search operation. If specified in the request, then it could be due to permission issue.";

function scopeOf(element: XmlElement, { store }: RequestContext): Scope | FailedScope {
  const named = element.textAt("Mailbox") ?? "";
  const where = element.textAt("SearchScope");
  const user = store.organisation.users.find((one) => referenceId(one).toLowerCase() === named.toLowerCase());
  const mailbox = store.mailbox(user?.address ?? named);
  if (mailbox === undefined) return { named, isArchive: where === "ArchiveOnly" };
  const archive = store.archiveOf(mailbox);
  const archives = archive === undefined ? [] : [archive];
  return { mailbox, searched: where === "ArchiveOnly" ? archives : where === "PrimaryOnly" ? [mailbox] : [mailbox, ...archives] };
}

/** One found item with the mailbox that was named. */
interface Hit {
  readonly item: LabItem;
  readonly mailbox: LabMailbox;
}

const receivedAt = ({ item }: Hit): Date => item.receivedAt ?? item.createdAt;
/** Copies of one message have the same hash. */
const hashOf = ({ item }: Hit): string =>
  createHash("sha256")
    .update(`${item.internetMessageId ?? item.id} ${item.subject}`)
    .digest("hex")
    .slice(0, 32);
/** Sorts as the times do, and differs for each item: a client names it for the next page. */
const sortValue = (hit: Hit): string => `${receivedAt(hit).toISOString()}${hit.item.id}`;

function previewXml(hit: Hit): string {
  const { item, mailbox } = hit;
  const addresses = (name: string, all: LabItem["to"]): string => {
    const known = all.flatMap(({ address }) => (address === undefined || address === "" ? [] : [textEl("t:SmtpAddress", address)]));
    return known.length === 0 ? "" : el(name, {}, ...known);
  };
  const time = (name: string, at: Date | undefined): string => (at === undefined ? "" : textEl(name, wireTime(at)));
  return el(
    "t:SearchPreviewItem",
    {},
    el("t:Id", { Id: item.id, ChangeKey: item.changeKey }),
    el("t:Mailbox", {}, textEl("t:MailboxId", referenceId(mailbox.user)), textEl("t:PrimarySmtpAddress", mailbox.address)),
    el("t:ParentId", { Id: item.folder.id, ChangeKey: item.folder.changeKey }),
    textEl("t:ItemClass", item.itemClass),
    textEl("t:UniqueHash", hashOf(hit)),
    textEl("t:SortValue", sortValue(hit)),
    textEl("t:Sender", item.from?.name ?? item.from?.address),
    addresses("t:ToRecipients", item.to),
    addresses("t:CcRecipients", item.cc),
    addresses("t:BccRecipients", item.bcc),
    time("t:CreatedTime", item.createdAt),
    time("t:ReceivedTime", item.receivedAt),
    time("t:SentTime", item.sentAt),
    textEl("t:Subject", item.subject),
    textEl("t:Size", item.size),
    textEl("t:Preview", previewOf(item)),
    textEl("t:Importance", item.importance),
    textEl("t:Read", item.isRead),
    textEl("t:HasAttachment", item.hasAttachments),
  );
}

const echo = (query: XmlElement): string =>
  el(
    "t:MailboxQuery",
    {},
    textEl("t:Query", query.textAt("Query") ?? ""),
    el(
      "t:MailboxSearchScopes",
      {},
      ...(query.child("MailboxSearchScopes")?.children ?? []).map((scope) =>
        el(
          "t:MailboxSearchScope",
          {},
          textEl("t:Mailbox", scope.textAt("Mailbox") ?? ""),
          textEl("t:SearchScope", scope.textAt("SearchScope") ?? ""),
        ),
      ),
    ),
  );

const sizeOf = (hits: readonly Hit[]): number => hits.reduce((sum, { item }) => sum + item.size, 0);

function resultXml(
  context: RequestContext,
  hits: readonly Hit[],
  page: readonly Hit[],
  failed: readonly FailedScope[],
  scopes: readonly Scope[],
): string {
  const { request } = context;
  const isPreview = request.textAt("ResultType") === "PreviewOnly";
  const failures = failed.map(({ named, isArchive }) =>
    el(
      "t:FailedMailbox",
      {},
      textEl("t:Mailbox", named),
      textEl("t:ErrorCode", 0),
      textEl("t:ErrorMessage", missing),
      textEl("t:IsArchive", isArchive),
    ),
  );
  const statistics = [...new Set(scopes.map(({ mailbox }) => mailbox))].map((mailbox) => {
    const own = hits.filter((hit) => hit.mailbox === mailbox);
    return el(
      "t:MailboxStat",
      {},
      textEl("t:MailboxId", referenceId(mailbox.user)),
      textEl("t:DisplayName", mailbox.user.displayName),
      textEl("t:ItemCount", own.length),
      textEl("t:Size", sizeOf(own)),
    );
  });
  return el(
    "m:SearchMailboxesResult",
    {},
    el("t:SearchQueries", {}, ...(request.child("SearchQueries")?.children ?? []).map(echo)),
    textEl("t:ResultType", request.textAt("ResultType") ?? ""),
    textEl("t:ItemCount", hits.length),
    textEl("t:Size", sizeOf(hits)),
    textEl("t:PageItemCount", isPreview ? page.length : 0),
    textEl("t:PageItemSize", isPreview ? sizeOf(page) : 0),
    isPreview ? el("t:Items", {}, ...page.map(previewXml)) : "",
    failures.length === 0 ? "" : el("t:FailedMailboxes", {}, ...failures),
    el("t:MailboxStats", {}, ...statistics),
  );
}

/** The default and the most of one page: https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/pagesize */
const defaultPage = 100;
const largestPage = 500;

/** Newest first; a page begins after the item that the client names by its SortValue. */
function pageOf(hits: readonly Hit[], request: XmlElement): readonly Hit[] {
  const size = Math.min(Math.max(Number(request.textAt("PageSize") ?? defaultPage), 1), largestPage);
  const after = request.textAt("PageItemReference");
  if (request.textAt("PageDirection") === "Previous" || request.child("SortBy") !== undefined)
    throw new ItemError("ErrorInvalidRequest", "This lab does not offer SortBy and the direction Previous in SearchMailboxes.");
  const rest = after === undefined || after === "" ? hits : hits.filter((hit) => sortValue(hit) < after);
  return rest.slice(0, size);
}

/** @see https://learn.microsoft.com/en-us/exchange/client-developer/web-service-reference/searchmailboxes-operation */
export const searchMailboxes: Operation = {
  name: "SearchMailboxes",
  handle(context) {
    const { request, acting, store } = context;
    let empty = "";
    const search = (): string => {
      if (!acting.roles.includes("Discovery Management"))
        throw new ItemError("ErrorAccessDenied", "Access is denied. The account has no role that allows discovery searches.");
      const hits = new Map<string, Hit>();
      const failed: FailedScope[] = [];
      const scopes: Scope[] = [];
      for (const query of request.child("SearchQueries")?.children ?? []) {
        const text = query.textAt("Query") ?? "";
        const accepts = text.trim() === "" ? () => true : readQuery(text, store.now());
        for (const element of query.child("MailboxSearchScopes")?.children ?? []) {
          const scope = scopeOf(element, context);
          if (!("mailbox" in scope)) {
            failed.push(scope);
            continue;
          }
          scopes.push(scope);
          for (const one of scope.searched)
            for (const item of one.items()) if (accepts(item)) hits.set(item.id, { item, mailbox: scope.mailbox });
        }
      }
      const isUnique = /^(true|1)$/.test(request.textAt("Deduplication") ?? "");
      const sorted = [...hits.values()].sort((one, other) => (sortValue(one) < sortValue(other) ? 1 : -1));
      const kept = isUnique ? [...new Map(sorted.map((hit) => [hashOf(hit), hit])).values()] : sorted;
      const result = resultXml(context, kept, pageOf(kept, request), failed, scopes);
      if (scopes.length > 0) return result;
      empty = result;
      throw new ItemError("ErrorInvalidOperation", missing);
    };
    return responses("SearchMailboxes", [search], context, {
      get empty() {
        return empty;
      },
    });
  },
};
