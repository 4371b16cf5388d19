import { createHash } from "node:crypto";
import { mimeOfNew } from "../mime/mime-of-item.ts";
import type { NewItem } from "./item.ts";

/** The outcome of a message for one recipient, in Microsoft Graph's words. */
export type TraceStatus = "gettingStatus" | "pending" | "failed" | "delivered" | "expanded" | "quarantined" | "filteredAsSpam";

/** The record of mail transport about one message and one recipient. */
export interface TraceRow {
  /** The same for all recipients of a message. */
  readonly id: string;
  readonly messageId: string;
  readonly senderAddress: string;
  readonly recipientAddress: string;
  readonly subject: string;
  /** In bytes. */
  readonly size: number;
  readonly receivedAt: Date;
  readonly fromIp: string;
  readonly toIp: string;
  readonly status: TraceStatus;
}

/** Returns a function that makes the rows of one message. `number`: unique among messages. */
export function tracing(
  number: number,
  item: NewItem,
  { from, at, size }: { readonly from: string; readonly at: Date; readonly size?: number | undefined },
): (recipientAddress: string, status: TraceStatus, toIp?: string) => TraceRow {
  const hex = createHash("sha256").update(`trace ${number}`).digest("hex");
  const of = {
    id: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5"),
    messageId: item.internetMessageId ?? "",
    senderAddress: from,
    subject: item.subject ?? "",
    size: size ?? mimeOfNew(item).length,
    receivedAt: at,
    fromIp: "198.51.100.77",
  };
  return (recipientAddress, status, toIp = "") => ({ ...of, recipientAddress, toIp, status });
}
