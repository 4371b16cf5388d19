import type { Change } from "../../store/changes.ts";
import type { LabFolder } from "../../store/mailbox.ts";
import { badRequest, GraphError } from "../errors.ts";
import { immutableIdOf, restId } from "../ids.ts";
import { folderRow, isMailFolder } from "../items/folder-json.ts";
import { type JsonObject, memberOf, parseObject } from "../json.ts";
import { optionsOf } from "../odata/options.ts";
import { applyShape, readShape } from "../odata/shape.ts";
import { type Call, type GraphReply, type Operation, preferencesOf } from "../operation.ts";
import { contextOf } from "../reply.ts";
import { folderNamed } from "../sign-in/access.ts";
import { isMessageItem, reading, rowFor } from "./messages.ts";

const kinds = { create: "created", update: "updated", read: "updated", delete: "deleted" } as const;

/** Where a round of changes continues. The first request's options are in its tokens, as in the service. */
interface DeltaState {
  readonly of: string;
  readonly from: number;
  readonly select: string | undefined;
  readonly changeType: string | undefined;
}

function writeState({ of, from, select = null, changeType = null }: { [K in keyof DeltaState]: DeltaState[K] | null }): string {
  return Buffer.from(JSON.stringify({ of, from, select, changeType })).toString("base64url");
}

/** Reads a token, or the options of a first request. Throws GraphError 410 for a token that this collection has not given. */
function stateOf(call: Call, of: string, newest: number): DeltaState {
  const { searchParams } = call.request.url;
  const token = searchParams.get("$deltatoken") ?? searchParams.get("$skiptoken");
  if (token === null) {
    // The tokens of deltas have names of their own; the other options are those of lists.
    const url = new URL(call.request.url);
    const options = optionsOf(url);
    const strange = ["$filter", "$orderby", "$expand", "$search", "$skip", "$count", "$top"].find((name) =>
      [...options.keys()].some((key) => key === name),
    );
    if (strange !== undefined) throw badRequest(`This lab does not offer ${strange} in delta.`, "ErrorInvalidUrlQuery");
    const changeType = searchParams.get("changeType") ?? undefined;
    if (changeType !== undefined && !/^(created|updated|deleted)$/.test(changeType))
      throw badRequest("changeType is created, updated or deleted.", "ErrorInvalidUrlQuery");
    return { of, from: 0, select: options.get("$select"), changeType };
  }
  // The present state, without the items that are there now.
  if (token === "latest" && searchParams.has("$deltatoken"))
    return { of, from: newest, select: searchParams.get("$select") ?? undefined, changeType: undefined };
  const read = parseObject(Buffer.from(token, "base64url").toString("utf8")) ?? {};
  const from = memberOf(read, "from");
  const [select, changeType] = ["select", "changeType"].map((name) => memberOf(read, name));
  if (memberOf(read, "of") !== of || typeof from !== "number" || !Number.isInteger(from) || from < 0 || from > newest)
    throw new GraphError(410, "SyncStateNotFound", "The sync state generation is not found; continue with a full synchronisation.");
  return {
    of,
    from,
    select: typeof select === "string" ? select : undefined,
    changeType: typeof changeType === "string" ? changeType : undefined,
  };
}

/** The most changes of one page, unless `Prefer: odata.maxpagesize` asks for fewer. */
const pageSize = 100;

function pageOf(
  call: Call,
  log: { readonly position: number; since: LabFolder["changes"]["since"] },
  of: string,
  context: string,
  json: (change: Change, state: DeltaState) => JsonObject | undefined,
): GraphReply {
  const state = stateOf(call, of, log.position);
  const wanted = Number(preferencesOf(call.request).get("odata.maxpagesize") ?? pageSize);
  const size = Number.isInteger(wanted) && wanted > 0 ? Math.min(wanted, pageSize) : pageSize;
  const page = log.since(state.from, size);
  const value = page.changes
    .filter(({ kind }) => state.changeType === undefined || kinds[kind] === state.changeType)
    .flatMap((change) => json(change, state) ?? []);
  const url = new URL(call.request.url.pathname, call.request.url.origin);
  url.searchParams.set(page.isLast ? "$deltatoken" : "$skiptoken", writeState({ ...state, from: page.position }));
  const link = page.isLast ? { "@odata.deltaLink": url.href } : { "@odata.nextLink": url.href };
  return { status: 200, body: { "@odata.context": `https://graph.microsoft.com/v1.0/$metadata#${context}`, ...link, value } };
}

const removed = (type: string, id: string, reason: string): JsonObject => ({
  "@odata.type": `#microsoft.graph.${type}`,
  id,
  "@removed": { reason },
});

/** The changes of messages in one folder since a token. @see https://learn.microsoft.com/en-us/graph/api/message-delta */
export const messageDelta: Operation = {
  name: "message-delta",
  method: "GET",
  paths: ["/users/{user}/mailFolders/{folder}/messages/delta"],
  permissions: reading,
  of: "exchange",
  handle(call) {
    const name = call.parameter("folder");
    const folder = folderNamed(name, call);
    return pageOf(
      call,
      folder.changes,
      folder.id,
      contextOf(call, `mailFolders('${encodeURIComponent(name)}')/messages`),
      (change, state) => {
        const item = folder.items.get(change.id);
        if (item !== undefined && !isMessageItem(item)) return undefined;
        if (item !== undefined) return applyShape(rowFor(item, call), readShape(state.select, undefined, "message"), "message");
        const immutable = call.ids === "immutable" && change.identity !== undefined ? immutableIdOf(change.identity) : undefined;
        return removed("message", immutable ?? restId(change.id), "deleted");
      },
    );
  },
};

/** The changes of the mail folders of a mailbox since a token. @see https://learn.microsoft.com/en-us/graph/api/mailfolder-delta */
export const mailFolderDelta: Operation = {
  name: "mailfolder-delta",
  method: "GET",
  paths: ["/users/{user}/mailFolders/delta"],
  permissions: reading,
  of: "exchange",
  handle(call) {
    const { hierarchy, root } = call.mailbox;
    return pageOf(call, hierarchy, root.id, contextOf(call, "mailFolders"), (change, state) => {
      const folder = call.mailbox.folder(change.id);
      if (folder === undefined) return removed("mailFolder", restId(change.id), "deleted");
      const isListed = isMailFolder(folder) && folder.isBelow(root) && !folder.isHidden;
      return isListed ? applyShape(folderRow(folder), readShape(state.select, undefined, "mailFolder"), "mailFolder") : undefined;
    });
  },
};
