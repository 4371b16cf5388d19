import type { Traced, TraceStatus } from "../../exchange/recipients.ts";
import { Failure, type FailureCode } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import { counted } from "../../text/noun-count.ts";
import type { FinderName, SweepSpec } from "../sweep-spec.ts";
import { isAddress } from "./address-file.ts";
import type { FindContext, FoundMailboxes, LeftOut } from "./found-mailboxes.ts";
import { throttledCallOptions } from "./throttling-wait.ts";
import { readTrackingLog } from "./tracking-log.ts";

type Recipients = Omit<FoundMailboxes, "isEvery">;

const transportOnly =
  "sees transport: mailcordon did not look for copies in mailboxes that it does not name, such as copies that people forwarded, moved or restored.";

/** Failures after which `auto` searches instead: message trace is not available. Any other failure ends the planning. */
const cannotTrace: ReadonlySet<FailureCode> = new Set<FailureCode>(["unsupported", "role-missing", "access-denied", "invalid-input"]);

/** Finds the recipients of the messages. Returns undefined if `auto` found none, so that the caller searches every mailbox. Throws Failure. */
export async function findRecipients(
  order: SweepSpec,
  find: Exclude<FinderName, "search">,
  asking: FindContext,
): Promise<Recipients | undefined> {
  if (find === "tracking-log") return inTrackingLog(order);
  const traced = await attempt(() => byTrace(order, asking));
  if (traced.ok) return find === "auto" && traced.value.addresses.length === 0 ? undefined : traced.value;
  if (find === "auto" && cannotTrace.has(traced.failure.code)) return undefined;
  throw traced.failure;
}

/** Messages with these states are in no mailbox. */
const notDelivered: Readonly<Partial<Record<TraceStatus, string>>> = {
  failed: "Exchange did not deliver the message to this recipient.",
  quarantined: "The message is in quarantine, not in the mailbox of this recipient.",
};

async function byTrace(order: SweepSpec, asking: FindContext): Promise<Recipients> {
  const { exchange } = asking;
  const { internetMessageIds, query = {} } = order;
  const { sender, subject } = query;
  if (sender !== undefined && !isAddress(sender))
    throw new Failure("invalid-input", "sender: message trace finds a sender by the whole address only.");
  if (internetMessageIds.length === 0 && sender === undefined && subject === undefined)
    throw new Failure("invalid-input", "Message trace needs internet_message_id, sender or subject.");
  const window = { receivedAfter: query.received_after, receivedBefore: query.received_before };
  const ids = internetMessageIds.length === 0 ? [undefined] : internetMessageIds;
  const rows: Traced[] = [];
  let traced = { from: "", to: "", windows: 0 };
  for (const internetMessageId of ids) {
    const found = await exchange.messageTrace({ internetMessageId, sender, subject, ...window }, throttledCallOptions(asking));
    for (const row of found.rows) rows.push(row);
    traced = { from: found.from, to: found.to, windows: traced.windows + found.windows };
  }
  const addresses = new Map<string, string>();
  const leftOut = new Map<string, LeftOut>();
  const groups = new Map<string, string>();
  for (const { recipient, status } of rows) {
    const key = recipient.toLowerCase();
    const why = notDelivered[status];
    if (status === "expanded") groups.set(key, recipient);
    else if (why !== undefined) leftOut.set(key, { mailbox: recipient, message: why });
    else addresses.set(key, recipient);
  }
  const named = addresses.size;
  for (const group of groups.values()) {
    const members = await attempt(() => exchange.groupMembers(group, throttledCallOptions(asking)));
    if (!members.ok) {
      if (members.failure.code === "cancelled") throw members.failure;
      // Message trace has a separate row for each member that the group had when the message arrived.
      leftOut.set(group.toLowerCase(), { mailbox: group, message: `Its present members are not known: ${members.failure.message}` });
      continue;
    }
    for (const mailbox of members.value.mailboxes) if (!addresses.has(mailbox.toLowerCase())) addresses.set(mailbox.toLowerCase(), mailbox);
    for (const one of [...members.value.outside, ...members.value.failed])
      leftOut.set(one.mailbox.toLowerCase(), { mailbox: one.mailbox || group, message: `It is in the group ${group}. ${one.message}` });
  }
  const opened = groups.size === 0 ? "" : ` ${counted(groups.size, "group among them was", "groups among them were")} opened.`;
  return {
    addresses: [...addresses.values()],
    unlisted: [],
    leftOut: [...leftOut].filter(([key]) => !addresses.has(key)).map(([, one]) => one),
    finders: [
      `Message trace from ${traced.from} to ${traced.to} (${counted(traced.windows, "window")}) names ${counted(named, "recipient")} whose mailbox may have the message.${opened}`,
    ],
    leftAlone: [`Message trace ${transportOnly}`, ...notTraced(query.received_after, traced.from)],
    facts: { traced: { ...traced, recipients: addresses.size } },
  };
}

function notTraced(after: string | undefined, from: string): readonly string[] {
  return after !== undefined && after >= from ? [] : [`Message trace does not remember what came before ${from}.`];
}

async function inTrackingLog({ internetMessageIds, query = {}, trackingLog = "" }: SweepSpec): Promise<Recipients> {
  const { sender, subject } = query;
  if (internetMessageIds.length === 0 && sender === undefined && subject === undefined)
    throw new Failure("invalid-input", "A message tracking log is searched by internet_message_id, sender or subject.");
  const log = await readTrackingLog(trackingLog, { internetMessageIds, sender, subject });
  const { recipients, rows, matched, sha256 } = log;
  const as = (all: readonly string[], message: string) => all.map((mailbox) => ({ mailbox, message }));
  return {
    addresses: recipients,
    unlisted: as(log.strange, "The message tracking log names this recipient by no SMTP address.").map((one) => ({
      ...one,
      code: "could-not-look" as const,
    })),
    leftOut: [
      ...as(log.sentOn, "The message tracking log says that the message was sent on to another server."),
      ...as(log.failed, "The message tracking log says that the message was not delivered to this recipient."),
      ...as(log.groups, "It is a group; the message tracking log names its members."),
    ],
    finders: [
      `The message tracking log (${counted(rows, "row")}, ${matched} about the messages) names ${counted(recipients.length, "recipient")}.`,
    ],
    leftAlone: [`A message tracking log ${transportOnly}`, "Recipients on servers whose log is not part of the file are not known."],
    facts: { tracking_log: { sha256, rows, matched, recipients: recipients.length } },
  };
}
