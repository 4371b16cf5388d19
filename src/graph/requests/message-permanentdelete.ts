import { noContent } from "../session/expected-reply.ts";
import { type Request, segment } from "../session/request-description.ts";
import type { Relocated } from "./message-move.ts";

/**
 * Deletes a message permanently, unless a hold keeps it. Only the worldwide cloud has this request. May be repeated, because a deleted message cannot
 * be deleted again.
 * @see https://learn.microsoft.com/en-us/graph/api/message-permanentdelete
 */
export const permanentDelete: Request<string, Relocated> = {
  name: "message-permanentdelete",
  safety: "idempotent",
  reply: noContent,
  gone: {},
  write: (id) => ({ method: "POST", path: `/messages/${segment(id)}/permanentDelete` }),
  read: () => ({}),
};

/** The reply of a cloud without permanentDelete. The request has no body, so only its path can be wrong. */
export const noSuchRequest = "BadRequest";
