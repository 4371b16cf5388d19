import { Failure } from "../../failure.ts";
import { counted } from "../../text/noun-count.ts";
import type { SweepSpec } from "../sweep-spec.ts";
import { findRecipients } from "./find-recipients.ts";
import type { FindContext, FoundMailboxes, LeftOut, Unexamined } from "./found-mailboxes.ts";
import { throttledCallOptions } from "./throttling-wait.ts";

/** Finds the mailboxes of a request. Reads only lists and logs. Throws Failure. */
export async function findMailboxes(spec: SweepSpec, context: FindContext): Promise<FoundMailboxes> {
  const { find = "search" } = spec;
  const recipients = find === "search" ? undefined : await findRecipients(spec, find, context);
  const searched = find === "auto" && recipients === undefined ? ["Message trace was not possible, or names no recipient."] : [];
  const hasScope = spec.mailboxes !== undefined || spec.groups !== undefined;
  // Skip the list of every mailbox: it costs more, and has no recipient that is missing here.
  if (recipients !== undefined && !hasScope) return { ...recipients, isEvery: false };
  const scope = await scopeOf(spec, context);
  if (recipients === undefined) return { ...scope, finders: [...scope.finders, ...searched] };
  const inScope = new Set(scope.addresses.map((address) => address.toLowerCase()));
  const isIn = (address: string) => inScope.has(address.toLowerCase());
  const others = recipients.addresses.filter((address) => !isIn(address));
  return {
    addresses: recipients.addresses.filter(isIn),
    unlisted: [...recipients.unlisted, ...scope.unlisted],
    leftOut: eachOnce([
      ...recipients.leftOut,
      ...scope.leftOut,
      ...others.map((mailbox) => ({ mailbox, message: "It is a recipient, and is not among the mailboxes that the plan is for." })),
    ]),
    finders: [...scope.finders, ...recipients.finders],
    leftAlone: [...scope.leftAlone, ...recipients.leftAlone],
    facts: { ...scope.facts, ...recipients.facts },
    isEvery: false,
  };
}

/** Returns the first reason for each address; a member of a group may have no address. */
function eachOnce(leftOut: readonly LeftOut[]): readonly LeftOut[] {
  const byAddress = new Map<string, LeftOut>();
  for (const one of leftOut) {
    const key = one.mailbox === "" ? `:${one.message}` : one.mailbox.toLowerCase();
    if (!byAddress.has(key)) byAddress.set(key, one);
  }
  return [...byAddress.values()];
}

/** Returns the mailboxes and group members in the request, or every mailbox if it names none. */
async function scopeOf(spec: SweepSpec, context: FindContext): Promise<FoundMailboxes> {
  const { mailboxes, groups = [] } = spec;
  if (mailboxes === undefined && groups.length === 0) return listMailboxes(context);
  const named = mailboxes ?? [];
  const addresses = new Map(named.map((address) => [address.toLowerCase(), address]));
  const unlisted: Unexamined[] = [];
  const leftOut: LeftOut[] = [];
  for (const group of groups) {
    const members = await context.exchange.groupMembers(group, throttledCallOptions(context));
    for (const address of members.mailboxes) if (!addresses.has(address.toLowerCase())) addresses.set(address.toLowerCase(), address);
    for (const { mailbox, message } of members.outside) leftOut.push({ mailbox, message: `It is in the group ${group}. ${message}` });
    for (const { mailbox, message, failure } of members.failed)
      unlisted.push({ mailbox: mailbox || group, code: failure?.code ?? "could-not-look", message });
  }
  const count = addresses.size;
  return {
    addresses: [...addresses.values()],
    unlisted,
    leftOut: leftOut.filter(({ mailbox }) => !addresses.has(mailbox.toLowerCase())),
    finders: [
      ...(named.length === 0 ? [] : [`The order names ${counted(named.length, "mailbox")}.`]),
      ...(groups.length === 0
        ? []
        : [`The groups ${groups.join(", ")} were opened, and all groups inside them; together ${counted(count, "mailbox")}.`]),
    ],
    leftAlone: [],
    facts: groups.length === 0 ? {} : { groups: [...groups] },
    isEvery: false,
  };
}

/** Lists every mailbox of the connection. Those that the list reports as closed to the account are returned as unexamined. Throws Failure. */
async function listMailboxes(context: FindContext): Promise<FoundMailboxes> {
  const list = await context.exchange.searchableMailboxes({ expandGroups: false }, throttledCallOptions(context));
  const nameless = list.failed.find(({ mailbox }) => mailbox === "");
  if (nameless !== undefined)
    throw new Failure("could-not-look", `Not every mailbox could be listed, so there is no plan. ${nameless.message}`, {
      hint: "Name the mailboxes.",
      cause: nameless.failure,
    });
  const unopened = (list.unopened ?? []).filter(({ mailbox }) => mailbox !== "");
  const closed = unopened.filter(({ failure }) => failure !== undefined);
  const open = list.mailboxes.filter(({ isGroup, isExternal }) => isGroup !== true && isExternal !== true);
  const others = [...list.failed, ...unopened.filter(({ failure }) => failure === undefined)];
  const addresses = new Map([...open, ...others].map(({ mailbox }) => [mailbox.toLowerCase(), mailbox]));
  // Without this check, "nothing found" would look like a result.
  if (addresses.size === 0 && closed.length === 0)
    throw new Failure("could-not-look", "Exchange listed no mailbox, so there is no plan.", {
      hint: "Name the mailboxes.",
    });
  return {
    addresses: [...addresses.values()],
    unlisted: closed.map(({ mailbox, failure, message }) => ({ mailbox, code: failure?.code ?? "could-not-look", message })),
    leftOut: [],
    finders: [`Exchange listed ${counted(addresses.size, "mailbox")} (${list.source}).`],
    leftAlone: [],
    facts: {},
    isEvery: true,
  };
}
