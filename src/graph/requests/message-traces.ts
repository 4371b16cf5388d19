import { type Traced, traceStatuses } from "../../exchange/recipients.ts";
import { found } from "../session/expected-reply.ts";
import { type Page, pageOf } from "../session/paging.ts";
import { textIn } from "../session/read-json.ts";
import type { Request } from "../session/request-description.ts";

export interface TraceWindow {
  /** With angle brackets, as the header has it. */
  readonly internetMessageId?: string | undefined;
  readonly sender?: string | undefined;
  readonly subject?: string | undefined;
  /** ISO 8601 in UTC, whole seconds. At most ten days lie between the two. */
  readonly from: string;
  readonly to: string;
}

/** Rows per page; the largest that Microsoft allows. */
const pageSize = "5000";

/**
 * Lists what transport noted of messages within one window. Each property can have only one value.
 * @see https://learn.microsoft.com/en-us/graph/api/messagetracingroot-list-messagetraces
 */
export const listMessageTraces: Request<TraceWindow, Page<Traced>> = {
  name: "messagetracingroot-list-messagetraces",
  safety: "read",
  reply: found("value"),
  write: (window) => ({
    method: "GET",
    path: "/admin/exchange/tracing/messageTraces",
    ofOrganisation: true,
    ids: "rest",
    query: { $filter: filterOf(window), $top: pageSize },
  }),
  read: (reply) =>
    pageOf(reply, (row) => ({
      recipient: textIn(row, "recipientAddress") ?? "",
      status: traceStatuses.find((one) => one.toLowerCase() === textIn(row, "status")?.toLowerCase()) ?? "unknown",
      internetMessageId: textIn(row, "messageId"),
    })),
};

function filterOf({ internetMessageId, sender, subject, from, to }: TraceWindow): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  return [
    `receivedDateTime ge ${from} and receivedDateTime le ${to}`,
    ...(internetMessageId === undefined ? [] : [`messageId eq ${quoted(internetMessageId)}`]),
    ...(sender === undefined ? [] : [`senderAddress eq ${quoted(sender)}`]),
    ...(subject === undefined ? [] : [`contains(subject, ${quoted(subject)})`]),
  ].join(" and ");
}
