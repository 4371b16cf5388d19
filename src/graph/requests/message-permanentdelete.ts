import { noContent } from "../session/expected-reply.ts";
import { type Request, segment } from "../session/request-description.ts";
import type { Relocated } from "./message-move.ts";

/**
 * Deletes a message for good, unless a hold keeps it. Only the worldwide cloud has it. Once it is gone it cannot go again, so it may be repeated.
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

/** What a cloud says that has no permanentDelete: the request has no body, so only its path can be wrong. */
export const noSuchRequest = "BadRequest";
