import type { LabFolder, LabItem } from "../../store/mailbox.ts";
import { accessDenied, badRequest, GraphError } from "../errors.ts";
import { isImmutable } from "../ids.ts";
import { readMessage } from "../items/message-from-json.ts";
import { type JsonObject, parameterOf } from "../json.ts";
import { type Call, jsonOf, type Operation } from "../operation.ts";
import { contextOf, itemReply, noContent } from "../reply.ts";
import { folderNamed, isPurged, itemNamed, messageAt } from "../sign-in/access.ts";
import { isGranted } from "../sign-in/sign-in.ts";
import { messagePaths, rowFor } from "./messages.ts";

const writing = ["Mail.ReadWrite"];
const advanced = ["Mail-Advanced.ReadWrite.All", "Mail-Advanced.ReadWrite"];

/** Whether this caller is kept from changing this of a message that was received. */
export function isGuarded(item: LabItem, what: "properties" | "attachments", call: Call): boolean {
  return call.habits.guards?.includes(what) === true && !item.isDraft && !isGranted(call.caller, advanced);
}

/** Throws Graph's refusal of a parameter that an action does not have. */
export function checkParameters(body: JsonObject, action: string, names: readonly string[]): void {
  const strange = Object.keys(body).find((key) => !names.some((name) => name.toLowerCase() === key.toLowerCase()));
  if (strange === undefined) return;
  const text = `The parameter '${strange}' in the request payload is not a valid parameter for the operation '${action}'.`;
  throw badRequest(text, "RequestBodyRead");
}

const failed = (): GraphError => new GraphError(400, "ErrorMoveCopyFailed", "The move or copy operation failed.");

function destination(call: Call, action: string): LabFolder {
  const body = jsonOf(call.request);
  checkParameters(body, action, ["DestinationId"]);
  const id = parameterOf(body, "DestinationId");
  if (typeof id !== "string" || id === "") throw badRequest("The destination is missing.", "ErrorInvalidParameter");
  const folder = folderNamed(id, call);
  if (folder.distinguishedName === "searchfolders") throw failed();
  if (folder.distinguishedName === "recoverableitemsdeletions" && call.habits.movesToRecoverable === false) throw failed();
  return folder;
}

function moveOrCopy(action: "copy" | "move"): Operation {
  return {
    name: `message-${action}`,
    method: "POST",
    paths: messagePaths(`/${action}`),
    permissions: writing,
    of: "exchange",
    handle(call) {
      const item = messageAt(call);
      const made = call.mailbox[action](item, destination(call, action));
      return itemReply(call, rowFor(made, call), "message", contextOf(call, "messages"), 201);
    },
  };
}

/** @see https://learn.microsoft.com/en-us/graph/api/message-copy */
export const copyMessage = moveOrCopy("copy");

/** @see https://learn.microsoft.com/en-us/graph/api/message-move */
export const moveMessage = moveOrCopy("move");

/** Throws GraphError 412 if the caller names another state of the message than it has now (RFC 9110, section 13.1.1). */
function checkMatch({ changeKey }: LabItem, { request }: Call): void {
  const wanted = request.headers.get("if-match")?.trim() ?? "*";
  if (wanted === "*" || wanted.split(",").some((one) => one.trim() === `W/"${changeKey}"`)) return;
  const text = "The change key passed in the request does not match the current change key for the item.";
  throw new GraphError(412, "ErrorIrresolvableConflict", text);
}

/** Returns the folder to which a plain DELETE moves a message of this folder. */
function deletionTargetOf(item: LabItem, call: Call): LabFolder {
  const wanted = call.habits.deletesTo ?? "deleteditems";
  return call.mailbox.known(item.folder.distinguishedName === "deleteditems" ? "recoverableitemsdeletions" : wanted);
}

/**
 * Microsoft does not promise a destination: see `GraphHabits`. A message in the Recoverable Items cannot be deleted again, and an immutable id still finds
 * it there. @see https://learn.microsoft.com/en-us/graph/api/message-delete
 */
export const deleteMessage: Operation = {
  name: "message-delete",
  method: "DELETE",
  paths: messagePaths(),
  permissions: writing,
  of: "exchange",
  handle(call) {
    const id = call.parameter("message");
    const purged = itemNamed(id, call);
    const item = isPurged(purged) && isImmutable(id) ? purged : messageAt(call);
    if (isPurged(item) || item.folder.distinguishedName === "recoverableitemsdeletions")
      throw new GraphError(403, "ErrorCannotDeleteObject", "Object cannot be deleted.");
    checkMatch(item, call);
    call.mailbox.move(item, deletionTargetOf(item, call));
    return noContent;
  },
};

/** @see https://learn.microsoft.com/en-us/graph/api/message-permanentdelete */
export const permanentDelete: Operation = {
  name: "message-permanentdelete",
  method: "POST",
  paths: messagePaths("/permanentDelete"),
  permissions: writing,
  of: "exchange",
  handle(call) {
    if (call.habits.permanentDelete === false) throw badRequest("Resource not found for the segment 'permanentDelete'.");
    checkParameters(jsonOf(call.request), "permanentDelete", []);
    call.mailbox.move(messageAt(call), call.mailbox.known("recoverableitemspurges"));
    return noContent;
  },
};

/** Properties of a received message that may be changed; the others may be changed in drafts only. */
const alwaysWritable: ReadonlySet<string> = new Set(["isRead", "categories", "flag", "importance", "extended"]);

/** @see https://learn.microsoft.com/en-us/graph/api/message-update */
export const updateMessage: Operation = {
  name: "message-update",
  method: "PATCH",
  paths: messagePaths(),
  permissions: writing,
  of: "exchange",
  handle(call) {
    const item = messageAt(call);
    checkMatch(item, call);
    const { attachments, ...change } = readMessage(jsonOf(call.request));
    if (attachments !== undefined) throw badRequest("Attachments are changed one by one.", "ErrorInvalidPropertySet");
    const isSensitive = Object.keys(change).some((name) => !alwaysWritable.has(name));
    if (isSensitive && isGuarded(item, "properties", call)) throw accessDenied();
    const extended = change.extended === undefined ? {} : { extended: new Map([...item.extended, ...change.extended]) };
    call.mailbox.update(item, { ...change, ...extended });
    return itemReply(call, rowFor(item, call), "message", contextOf(call, "messages"));
  },
};
