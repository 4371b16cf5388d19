import type { GroupMembers, UnknownMember } from "../../exchange/recipients.ts";
import { Failure } from "../../failure.ts";
import { attempt } from "../../outcome.ts";
import type { DirectMember, DirectMembers } from "../operations/expand-dl.ts";

/** Kinds of members that are groups of the directory. Exchange does not open a group inside a group by itself. */
const groupTypes: ReadonlySet<string> = new Set(["PublicDL", "GroupMailbox"]);
/** Kinds of members that have a mailbox of the organisation. */
const mailboxTypes: ReadonlySet<string> = new Set(["Mailbox", "User"]);

/**
 * Opens a group and every group inside it, each once, so groups that hold each other end. `list` returns the direct members of one group. Throws the
 * Failure of the named group; another group that fails is named in the result.
 */
export async function expandGroup(
  address: string,
  list: (group: string) => Promise<DirectMembers>,
  progress: ((text: string) => void) | undefined,
): Promise<GroupMembers> {
  const mailboxes = new Map<string, string>();
  const outside = new Map<string, UnknownMember>();
  const failed = new Map<string, UnknownMember>();
  const opened = new Set([address.toLowerCase()]);
  const waiting = [address];
  for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
    const here = group;
    const listed = await attempt(() => list(here));
    if (!listed.ok) {
      const { failure } = listed;
      if (here === address || failure.code === "cancelled") throw asGroupFailure(here, failure);
      failed.set(here.toLowerCase(), { mailbox: here, message: `The members of this group are not known: ${failure.message}`, failure });
      continue;
    }
    if (!listed.value.isWhole)
      failed.set(here.toLowerCase(), { mailbox: here, message: "Exchange listed only part of the members of this group." });
    for (const member of listed.value.members) {
      const { mailbox: name, problem } = addressOf(member);
      const key = name.toLowerCase();
      const type = member.mailboxType ?? "";
      if (problem !== undefined) failed.set(key, { mailbox: name, message: problem });
      else if (groupTypes.has(type)) {
        if (type === "GroupMailbox") outside.set(key, { mailbox: name, message: "The mailbox of the Microsoft 365 group itself." });
        if (opened.has(key)) continue;
        opened.add(key);
        waiting.push(name);
      } else if (mailboxTypes.has(type)) mailboxes.set(key, name);
      else outside.set(key, { mailbox: name, message: whatItIs(type) });
    }
    progress?.(`${opened.size - waiting.length} groups opened, ${mailboxes.size} mailboxes found`);
  }
  return { mailboxes: [...mailboxes.values()], outside: [...outside.values()], failed: [...failed.values()] };
}

/** The SMTP address of a member. Exchange may know a member by another address only, by which no mailbox can be opened. */
function addressOf({ name = "", address = "", routingType = "SMTP" }: DirectMember): {
  readonly mailbox: string;
  readonly problem?: string;
} {
  if (address !== "" && routingType.toUpperCase() === "SMTP") return { mailbox: address };
  return { mailbox: name || address || "a member without a name", problem: "Exchange gives no SMTP address for this member of the group." };
}

function whatItIs(type: string): string {
  switch (type) {
    case "Contact":
    case "OneOff":
      return "It is an address outside the organisation.";
    case "PublicFolder":
      return "It is a public folder.";
    case "PrivateDL":
      return "It is a personal distribution list of its owner.";
    default:
      return `Exchange does not say what it is${type === "" ? "" : ` (${type})`}.`;
  }
}

const groupHint =
  "Check the address. Exchange does not list members of groups that are hidden from address lists. Otherwise name the mailboxes.";

function asGroupFailure(address: string, failure: Failure): Failure {
  const { wireCode, requestId } = failure;
  if (wireCode === "ErrorNameResolutionNoResults")
    return new Failure("not-found", `Exchange knows no group with the address ${address}.`, {
      hint: groupHint,
      wireCode,
      requestId,
      cause: failure,
    });
  if (wireCode === "ErrorNameResolutionMultipleResults")
    return new Failure("invalid-input", `Exchange knows several groups for ${address}.`, {
      hint: "Give the primary SMTP address.",
      wireCode,
      requestId,
    });
  return failure;
}
