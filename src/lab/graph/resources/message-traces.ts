import type { TraceRow } from "../../store/message-trace.ts";
import { badRequest } from "../errors.ts";
import { type Filter, parseFilter } from "../odata/filter-syntax.ts";
import { optionsOf } from "../odata/options.ts";
import type { Call, Operation } from "../operation.ts";
import { listReply } from "../reply.ts";
import type { Row } from "../row.ts";

const day = 86_400_000;
/** Without a time in the filter. */
const byDefault = 2 * day;
const longestWindow = 10 * day;
const furthestBack = 90 * day;

/** Lists the records of mail transport about messages. @see https://learn.microsoft.com/en-us/graph/api/messagetracingroot-list-messagetraces */
export const listMessageTraces: Operation = {
  name: "messagetracingroot-list-messagetraces",
  method: "GET",
  paths: ["/admin/exchange/tracing/messageTraces"],
  permissions: ["ExchangeMessageTrace.Read.All"],
  of: "gateway",
  handle(call) {
    if (call.habits.messageTrace === false) throw badRequest("Resource not found for the segment 'tracing'.");
    call.countTrace();
    const options = optionsOf(call.request.url);
    const strange = [...options.keys()].find((name) => name !== "$filter" && name !== "$top" && name !== "$skiptoken");
    if (strange !== undefined) throw badRequest(`The query parameter '${strange}' is not supported.`);
    const filter = options.get("$filter");
    const { from, to } = windowOf(filter === undefined ? undefined : parseFilter(filter), call);
    const rows = call.store.traces.filter(({ receivedAt }) => receivedAt >= from && receivedAt <= to).map(rowOf);
    return listReply(call, rows, "exchangeMessageTrace", "admin/exchange/tracing/messageTraces");
  },
};

function rowOf(trace: TraceRow): Row {
  const { fromIp, toIp, receivedAt, ...rest } = trace;
  const receivedDateTime = receivedAt.toISOString().replace(/\.\d+Z$/, "Z");
  return { properties: { ...rest, fromIP: fromIp, toIP: toIp, receivedDateTime }, exact: { receivedDateTime: receivedAt } };
}

/** Returns the conditions of a filter, which must all hold. Accepts each property once, a time with both bounds, and nothing else. Throws GraphError. */
function windowOf(filter: Filter | undefined, { store }: Call): { readonly from: Date; readonly to: Date } {
  const now = store.now();
  const seen = new Set<string>();
  const bounds = new Map<"ge" | "le", Date>();
  const once = (name: string) => {
    if (seen.has(name)) throw badRequest(`The property '${name}' can have only one value in the filter.`);
    seen.add(name);
  };
  const read = (part: Filter): void => {
    if (part.kind === "and") {
      read(part.left);
      read(part.right);
    } else if (part.kind === "call" && part.operand.path.join("/").toLowerCase() === "subject") once("subject");
    else if (part.kind === "compare") {
      const name = part.operand.path.join("/");
      if (name.toLowerCase() !== "receiveddatetime") {
        if (part.by !== "eq") throw badRequest(`The operator '${part.by}' is not supported for the property '${name}'.`);
        once(name.toLowerCase());
      } else if (part.value instanceof Date && (part.by === "ge" || part.by === "le")) {
        once(`${name.toLowerCase()} ${part.by}`);
        bounds.set(part.by, part.value);
      } else throw badRequest("The property 'receivedDateTime' needs a time with ge and one with le.");
    } else throw badRequest("The filter is not supported: conditions can only be joined by 'and'.");
  };
  if (filter !== undefined) read(filter);
  const [from, to] = [bounds.get("ge"), bounds.get("le")];
  if (from === undefined && to === undefined) return { from: new Date(now.getTime() - byDefault), to: now };
  if (from === undefined || to === undefined) throw badRequest("A filter on 'receivedDateTime' must have both bounds.");
  if (to > now) throw badRequest("The end of the time range must not be later than the current date.");
  if (from > to) throw badRequest("The start of the time range must not be later than its end.");
  if (to.getTime() - from.getTime() > longestWindow) throw badRequest("The time range must not exceed 10 days.");
  if (now.getTime() - from.getTime() > furthestBack) throw badRequest("The start of the time range must not be older than 90 days.");
  return { from, to };
}
