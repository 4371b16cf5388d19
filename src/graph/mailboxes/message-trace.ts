import type { MessageTrace, Traced, TraceQuery } from "../../exchange/recipients.ts";
import { Failure } from "../../failure.ts";
import { listMessageTraces } from "../requests/message-traces.ts";
import type { GraphMailbox } from "../session/mailbox.ts";
import { permissionMissing } from "./permission-missing.ts";

// All in milliseconds. https://learn.microsoft.com/en-us/graph/api/messagetracingroot-list-messagetraces
const second = 1000;
const day = 86_400 * second;
const longestWindow = 10 * day;
const furthestBack = 90 * day;
/** The oldest window must still be allowed when its request arrives, after the others. */
const margin = 600_000;

/** Traces messages in as many windows as the time needs, the newest first. Throws Failure. */
export async function messageTrace(account: GraphMailbox, query: TraceQuery, now = Date.now()): Promise<MessageTrace> {
  // Whole seconds, as the service takes them. Windows meet in the same second, so a message in it is in both rather than in none.
  const newest = Math.floor(now / second) * second;
  const oldest = newest - furthestBack + margin;
  const to = query.receivedBefore === undefined ? newest : Math.min(newest, Math.ceil(Date.parse(query.receivedBefore) / second) * second);
  const from = query.receivedAfter === undefined ? oldest : Math.max(oldest, Math.floor(Date.parse(query.receivedAfter) / second) * second);
  if (Number.isNaN(from) || Number.isNaN(to)) throw new Failure("invalid-input", "A time of the message trace is not a time.");
  if (from >= to)
    throw new Failure("invalid-input", "Message trace remembers 90 days, and the time that is asked for is not within them.", {
      hint: "Search every mailbox instead.",
    });
  const { internetMessageId, sender, subject } = query;
  const rows: Traced[] = [];
  let windows = 0;
  try {
    for (let end = to; end > from; end -= longestWindow) {
      windows += 1;
      const begin = Math.max(from, end - longestWindow);
      const window = {
        internetMessageId: inBrackets(internetMessageId),
        sender,
        subject,
        from: timeOf(begin),
        to: timeOf(end),
      };
      for await (const { items } of account.pages(listMessageTraces, window))
        for (const row of items) {
          if (row.recipient === "") throw new Failure("broken-reply", "Message trace returned a row without a recipient.");
          rows.push(row);
        }
      account.call.progress?.(`message trace: ${rows.length} recipients since ${window.from}`);
    }
  } catch (thrown) {
    throw cloudWithout(permissionMissing(thrown, "ExchangeMessageTrace.Read.All", "trace messages"));
  }
  return { rows, from: new Date(from).toISOString(), to: new Date(to).toISOString(), windows };
}

function timeOf(at: number): string {
  return new Date(at).toISOString().replace(".000Z", "Z");
}

/** The service compares the header's whole value. */
function inBrackets(id: string | undefined): string | undefined {
  return id === undefined ? undefined : `<${id.trim().replace(/^<|>$/g, "")}>`;
}

/** A national cloud does not know the path. */
function cloudWithout(thrown: unknown): unknown {
  if (!(thrown instanceof Failure) || !thrown.message.includes("Resource not found for the segment")) return thrown;
  return new Failure("unsupported", "This cloud has no message trace: Microsoft offers it in the worldwide cloud only.", {
    wireCode: thrown.wireCode,
    requestId: thrown.requestId,
    hint: "Search every mailbox instead.",
    cause: thrown,
  });
}
