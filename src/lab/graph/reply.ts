import type { ReplyFormat } from "./items/message-json.ts";
import type { JsonObject } from "./json.ts";
import { applyQuery, shapeOf } from "./odata/query.ts";
import { type Call, type GraphReply, preferencesOf } from "./operation.ts";
import type { Resource, Row } from "./row.ts";

const metadata = "https://graph.microsoft.com/v1.0/$metadata#";

/** How this call wants its reply written. */
export function replyFormatOf(call: Call): ReplyFormat {
  const preferences = preferencesOf(call.request);
  const wanted = preferences.get("outlook.body-content-type")?.toLowerCase();
  const bodyType = wanted === "text" || wanted === "html" ? wanted : undefined;
  return { ids: call.ids, bodyType, isUnsafe: preferences.has("outlook.allow-unsafe-html") };
}

/** Returns only the number of a collection: `/$count`. Its query is that of the list; its reply is text. */
function countReply(call: Call, rows: readonly Row[], resource: Resource): GraphReply {
  const url = new URL(call.request.url);
  url.searchParams.set("$count", "true");
  const { count = 0 } = applyQuery(rows, url, resource, { contains: call.habits.containsFilter, now: call.store.now() });
  return { status: 200, headers: { "Content-Type": "text/plain" }, body: Buffer.from(String(count)) };
}

/** Returns a collection after the query of the URL. `context`: its OData name. */
export function listReply(call: Call, rows: readonly Row[], resource: Resource, context: string): GraphReply {
  if (call.request.url.pathname.endsWith("/$count")) return countReply(call, rows, resource);
  const eventual = call.request.headers.get("consistencylevel")?.toLowerCase() === "eventual";
  const { value, count, nextLink } = applyQuery(rows, call.request.url, resource, {
    eventual,
    contains: call.habits.containsFilter,
    now: call.store.now(),
  });
  return {
    status: 200,
    body: {
      "@odata.context": metadata + context,
      ...(count === undefined ? {} : { "@odata.count": count }),
      ...(nextLink === undefined ? {} : { "@odata.nextLink": nextLink }),
      value,
    },
  };
}

/** Returns one object; with status 201 it is new, and the reply has its location. */
export function itemReply(call: Call, row: Row, resource: Resource, context: string, status: 200 | 201 = 200): GraphReply {
  const { request } = call;
  const url = status === 200 ? request.url : new URL(request.url.pathname, request.url.origin);
  const body = shapeOf(row, url, resource);
  const location =
    status === 201 && typeof body.id === "string" ? { Location: `${entityUrl(call, context)}('${encodeURIComponent(body.id)}')` } : {};
  return { status, headers: location, body: { "@odata.context": `${metadata}${context}/$entity`, ...body } };
}

function entityUrl({ request }: Call, context: string): string {
  return `${request.url.origin}/v1.0/${context}`;
}

/** Returns a value that is not an entity. */
export function valueReply(value: JsonObject, context: string): GraphReply {
  return { status: 200, body: { "@odata.context": metadata + context, ...value } };
}

export const noContent: GraphReply = { status: 204 };
export const accepted: GraphReply = { status: 202 };

/** How OData names a collection of this user's. */
export function contextOf(call: Call, path: string): string {
  return `users('${encodeURIComponent(call.parameter("user"))}')/${path}`;
}
