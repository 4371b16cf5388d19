import type { FaultPlan } from "../../faults.ts";
import { objectIdOf } from "../../sign-in/issue-token.ts";
import type { Store } from "../../store/store.ts";
import type { DispatchResult } from "../dispatch.ts";
import { badRequest, GraphError, itemNotFound } from "../errors.ts";
import type { GraphReply, GraphRequest } from "../operation.ts";
import { answerByOwnToken } from "../sign-in/own-token.ts";
import { attachmentAddress } from "./upload-address.ts";
import { receivedBytes, type Upload, type Uploads } from "./upload-sessions.ts";

/** Everything that uploading pieces needs from the lab. */
export interface UploadServer {
  readonly store: Store;
  readonly faults: FaultPlan;
  readonly uploads: Uploads;
}

/** The name that faults call it by. */
export const uploadName = "attachment-upload";

/**
 * Accepts a piece of a large attachment, a request for the progress, or the end. The address itself grants the right; a request with a token is refused.
 * @see https://learn.microsoft.com/en-us/graph/outlook-large-attachments
 */
export function answerUpload(server: UploadServer, request: GraphRequest): DispatchResult {
  const upload = server.uploads.find(request.url.searchParams.get("authtoken") ?? "", server.store.now());
  return answerByOwnToken(server, uploadName, upload?.mailbox, () => {
    if (request.headers.has("authorization")) throw new GraphError(401, "InvalidAuthenticationToken", "The address has its own token.");
    if (upload === undefined) throw new GraphError(404, "ErrorItemNotFound", "The upload session does not exist or has expired.");
    return handle(server, upload, request);
  });
}

function handle({ uploads }: UploadServer, upload: Upload, request: GraphRequest): GraphReply {
  switch (request.method) {
    case "GET":
      return progress(upload);
    case "DELETE":
      uploads.end(upload);
      return { status: 204 };
    case "PUT":
      acceptPiece(upload, request);
      if (receivedBytes(upload) < upload.size) return progress(upload);
      uploads.end(upload);
      return complete(upload, request.url);
  }
  throw new GraphError(405, "ErrorInvalidRequest", "Specified HTTP method is not allowed for the request target.");
}

/** Capital letters and the missing dash are the service's. */
function progress(upload: Upload): GraphReply {
  const next = receivedBytes(upload);
  return {
    status: 200,
    body: { ExpirationDateTime: upload.expiresAt.toISOString(), nextExpectedRanges: [next === 0 ? "0-" : String(next)] },
  };
}

/** Throws GraphError for a piece that does not follow the received ones. */
function acceptPiece(upload: Upload, { headers, body }: GraphRequest): void {
  const range = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/i.exec(headers.get("content-range") ?? "");
  const [start, end, total] = (range ?? []).slice(1).map(Number);
  if (start === undefined || end === undefined)
    throw badRequest("The Content-Range header is missing or malformed.", "ErrorInvalidRequest");
  if (total !== upload.size || end >= total || end - start + 1 !== body.length)
    throw badRequest("The Content-Range header does not agree with the content or with the size of the file.", "ErrorInvalidRequest");
  if (start !== receivedBytes(upload)) throw new GraphError(416, "InvalidRange", "The range does not begin where the last one ended.");
  upload.pieces.push(body);
}

function complete(upload: Upload, url: URL): GraphReply {
  const { mailbox } = upload;
  const item = mailbox.itemByIdentity(upload.message);
  if (item === undefined) throw itemNotFound();
  const added = mailbox.addAttachment(item, { ...upload.attachment, content: Buffer.concat(upload.pieces) });
  return { status: 201, headers: { Location: url.origin + attachmentAddress(objectIdOf(mailbox.user), item.id, added.id) } };
}
