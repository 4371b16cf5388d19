import type { Attachment } from "../../exchange/attachment.ts";
import { gapFailure, mayBeFaultOfOneItem } from "../../exchange/search/list-around-failures.ts";
import { Failure } from "../../failure.ts";
import { attempt, failed, type Outcome } from "../../outcome.ts";
import { getAttachmentKind } from "../requests/attachment-get.ts";
import { listAttachmentIds, listAttachmentNames, listAttachments } from "../requests/message-list-attachments.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import type { Page } from "../session/paging.ts";
import { type JsonObject, textIn } from "../session/read-json.ts";
import type { Request } from "../session/request-description.ts";
import { attachmentOf, attachmentsOf } from "./attachment-ids.ts";

type ListRequest = Request<string, Page<JsonObject>>;

/**
 * Lists the attachments of a message again after listing them failed: first as before if other messages shared the request, then their ids, and each
 * attachment alone. One that cannot be read keeps its id, what else is known of it, and the reason (`unreadable`). Returns `failure` when the ids
 * cannot be listed either. Throws only when cancelled.
 */
export async function attachmentsAround(
  mailbox: GraphMailbox,
  messageId: string,
  failure: Failure,
  isShared: boolean,
): Promise<Outcome<readonly Attachment[]>> {
  if (!mayBeFaultOfOneItem(failure)) return failed(failure);
  if (isShared) {
    const alone = await uncancelled(async () => attachmentsOf(await all(mailbox, listAttachments, messageId), messageId));
    if (alone.ok || !mayBeFaultOfOneItem(alone.failure)) return alone;
  }
  const ids = await uncancelled(async () => (await all(mailbox, listAttachmentIds, messageId)).flatMap((one) => textIn(one, "id") || []));
  if (!ids.ok) return failed(failure);
  return await uncancelled(() => readEach(mailbox, messageId, ids.value));
}

async function readEach(mailbox: GraphMailbox, messageId: string, ids: readonly string[]): Promise<readonly Attachment[]> {
  const read: (Attachment | Failure)[] = [];
  const places = ids.map((attachmentId) => ({ messageId, attachmentId }));
  // One request each: a reply that breaks off takes its whole batch with it.
  for await (const outcome of mailbox.each(getAttachmentKind, places, { batchSize: 1 })) {
    const attachment = outcome.ok ? attachmentOf(outcome.value, messageId) : undefined;
    if (attachment !== undefined) read.push(attachment);
    else read.push(outcome.ok ? new Failure("broken-reply", "The reply names no attachment.") : unreadable(outcome.failure));
  }
  const names = new Map<string, Attachment>();
  if (read.some((one) => one instanceof Failure)) {
    const listed = await uncancelled(() => all(mailbox, listAttachmentNames, messageId));
    for (const one of listed.ok ? attachmentsOf(listed.value, messageId) : []) names.set(one.id, one);
  }
  return read.map((one, at): Attachment => {
    if (!(one instanceof Failure)) return one;
    const id = `${messageId}.${ids[at] ?? ""}`;
    return { ...(names.get(id) ?? { id, kind: "file" }), unreadable: gapFailure({ at, failure: one }, "attachment", id) };
  });
}

/** Returns the failure of one attachment. Throws Failure for what concerns more than one. */
function unreadable(failure: Failure): Failure {
  if (mayBeFaultOfOneItem(failure)) return failure;
  if (failure.code !== "not-found") throw failure;
  // The list has it, so it must not be reported as absent.
  const { message, wireCode, requestId } = failure;
  return new Failure("unreadable", message, { wireCode, requestId, cause: failure });
}

async function all(mailbox: GraphMailbox, request: ListRequest, messageId: string): Promise<readonly JsonObject[]> {
  const listed: JsonObject[] = [];
  for await (const { items } of mailbox.pages(request, messageId)) for (const one of items) listed.push(one);
  return listed;
}

async function uncancelled<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  const outcome = await attempt(work);
  if (!outcome.ok && outcome.failure.code === "cancelled") throw outcome.failure;
  return outcome;
}
