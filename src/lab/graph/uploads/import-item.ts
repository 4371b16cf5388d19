// src/lab/graph/uploads/: Upload sessions and imports of mailbox items in the lab.

import { readItemStream } from "../../ews/items/item-stream.ts";
import { ItemError } from "../../ews/operation.ts";
import type { FaultPlan } from "../../faults.ts";
import type { LabItem, LabMailbox } from "../../store/mailbox.ts";
import type { Store } from "../../store/store.ts";
import { bytesOf } from "../base64.ts";
import type { DispatchResult } from "../dispatch.ts";
import { badRequest, GraphError, itemNotFound } from "../errors.ts";
import { findItem, restId } from "../ids.ts";
import { textIn } from "../items/message-from-json.ts";
import { type JsonObject, memberOf } from "../json.ts";
import { type GraphRequest, jsonOf } from "../operation.ts";
import { folderWithId } from "../sign-in/access.ts";
import { answerByOwnToken } from "../sign-in/own-token.ts";
import type { ImportSessions } from "./import-sessions.ts";

/** Everything that importing items needs from the lab. */
export interface ImportServer {
  readonly store: Store;
  readonly faults: FaultPlan;
  readonly imports: ImportSessions;
}

/** The name that faults call it by. */
export const importName = "mailbox-import-item";

/**
 * Imports an exported item into a folder. The address itself grants the right; a request with a token is refused. @see
 * https://learn.microsoft.com/en-us/graph/import-exchange-mailbox-item
 */
export function answerImport(server: ImportServer, request: GraphRequest): DispatchResult {
  const session = server.imports.find(request.url.searchParams.get("authtoken") ?? "", server.store.now());
  return answerByOwnToken(server, importName, session?.mailbox, () => {
    if (request.method !== "POST") throw new GraphError(405, "ErrorInvalidRequest", "Specified HTTP method is not allowed.");
    if (request.headers.has("authorization")) throw badRequest("The address has its own token.", "ErrorInvalidRequest");
    if (session === undefined) throw new GraphError(401, "InvalidAuthenticationToken", "The token of the import session has expired.");
    return { status: 200, body: imported(session.mailbox, jsonOf(request)) };
  });
}

function imported(mailbox: LabMailbox, body: JsonObject): JsonObject {
  const strange = Object.keys(body).find((name) => !["FolderId", "Mode", "Data", "ItemId", "ChangeKey"].includes(name));
  if (strange !== undefined) throw badRequest(`The parameter '${strange}' is not a valid parameter of an import.`, "RequestBodyRead");
  const text = (name: string) => textIn(memberOf(body, name) ?? null, name);
  const folder = folderWithId(text("FolderId"), mailbox);
  const mode = text("Mode").toLowerCase();
  if (mode !== "create" && mode !== "update") throw badRequest("Mode is create or update.", "ErrorInvalidRequest");
  const named = memberOf(body, "ItemId") !== undefined || memberOf(body, "ChangeKey") !== undefined;
  if (named !== (mode === "update")) throw badRequest("ItemId and ChangeKey belong to update.", "ErrorInvalidRequest");
  const content = contentOf(Buffer.from(bytesOf(text("Data"), "ErrorInvalidRequest")));
  let item: LabItem | undefined;
  if (mode === "update") {
    item = findItem(mailbox, text("ItemId"));
    if (item === undefined || item.folder !== folder || item.changeKey !== text("ChangeKey")) throw itemNotFound();
    mailbox.replace(item, content);
  } else item = mailbox.add(folder, content);
  const context = "https://outlook.office365.com/api/gv1.0/$metadata#microsoft.graph.importMailboxItemResponse";
  return { "@odata.context": context, itemId: restId(item.id), changeKey: item.changeKey };
}

function contentOf(data: Buffer) {
  try {
    return readItemStream(data);
  } catch (error) {
    if (error instanceof ItemError) throw badRequest(error.message, error.code);
    throw error;
  }
}
