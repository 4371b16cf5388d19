import type { PortMethod } from "../exchange/port-methods.ts";
import { detailsOf, isHeld, type Permission, permissionsOf } from "../graph/permissions.ts";
import { type Checkup, connectionOf, type Granted, type Step } from "./checkup.ts";
import { mailboxOf, powerShellSafe } from "./connection-facts.ts";
import { askDiscovery } from "./ews/ask-mailbox.ts";
import { discoveryRoleCommands } from "./ews/explain-mailbox-failure.ts";
import { forApplication, forPerson, namesNoMailboxPermission } from "./graph/graph-permissions.ts";

/** A part of a sweep, with the Exchange methods that it needs, and the functions that do not work without it. */
interface Part {
  readonly uses: readonly PortMethod[];
  readonly lost: string;
}

const parts: readonly Part[] = [
  { uses: ["search", "mime", "move", "delete"], lost: "no sweep can find, delete and restore messages" },
  { uses: ["searchableMailboxes"], lost: "--mailboxes all" },
  { uses: ["groupMembers"], lost: "--group, and groups among the recipients that message trace names" },
  { uses: ["messageTrace"], lost: "--find trace (auto searches every mailbox instead)" },
  { uses: ["invited", "calendarEntries", "removeCalendarEntries", "addCalendarEntry"], lost: "--residue calendar" },
];

/** Checks the permissions that sweeps need over Microsoft Graph in addition to those of actions. A missing part is a warning: the others work. */
export const graphSweeps: Step = {
  name: "graph-sweeps",
  needs: ["graph"],
  async run(checkup) {
    const tried = "compared the permissions with what sweeps need";
    const { token } = checkup.learned;
    const isListedElsewhere = connectionOf(checkup).graph.mailboxList.from === "admin_api";
    const judged = parts
      .filter(({ uses }) => !(isListedElsewhere && uses.includes("searchableMailboxes")))
      .map(({ uses, lost }) => {
        const wanted = permissionsOf({ uses }).filter((one) => grantedTo(one, checkup) !== "yes");
        return { lost, wanted, isUnknown: wanted.every((one) => grantedTo(one, checkup) === "unknown") };
      });
    const open = judged.filter(({ wanted }) => wanted.length > 0);
    if (open.length === 0) return { status: "ok", tried, found: "all parts of sweeps have their permissions" };
    const text = (which: typeof open) => which.map(({ lost, wanted }) => `${lost}: ${wanted.join(", ")}`).join("; ");
    const missing = open.filter(({ isUnknown }) => !isUnknown);
    const unknown = open.filter(({ isUnknown }) => isUnknown);
    const found = [
      ...(missing.length === 0 ? [] : [`these do not work, for lack of a permission: ${text(missing)}`]),
      ...(unknown.length === 0 ? [] : [`whether these work cannot be seen in the token: ${text(unknown)}`]),
    ].join(". ");
    const wanted = [...new Set(open.flatMap((one) => one.wanted))];
    const mailbox = mailboxOf(checkup);
    const isPerson = token !== undefined && !token.appOnly;
    const commands = isPerson
      ? forPerson(wanted)
      : forApplication(wanted, token?.appId, mailbox === undefined ? undefined : powerShellSafe(mailbox));
    return {
      status: missing.length > 0 ? "warning" : "unknown",
      tried,
      found,
      next: [
        "Grant what you need; `mailcordon setup entra --sweeps` prints all of it, with what message trace needs besides.",
        ...commands,
      ],
    };
  },
};

/** Returns whether the application has a permission, as far as the token and the requests of earlier steps show. */
function grantedTo(permission: Permission, { learned: { token, granted } }: Checkup): Granted {
  const known = token === undefined ? [] : token.appOnly ? token.roles : token.scopes;
  if (isHeld(permission, known)) return "yes";
  const answer = granted?.get(permission);
  if (answer !== undefined) return answer;
  if (token === undefined) return "unknown";
  // Exchange may have granted it for some mailboxes, which no token shows.
  return token.appOnly && detailsOf(permission).role !== undefined && namesNoMailboxPermission(known) ? "unknown" : "no";
}

/** Checks what sweeps need over EWS: rights in a mailbox, and the list of mailboxes. */
export const sweeps: Step = {
  name: "sweeps",
  needs: ["mailbox"],
  async run(checkup) {
    const rights = checkup.learned.mailbox;
    const tried = "compared the account's rights in the mailbox and its roles with what sweeps need";
    const lost: string[] = [];
    const next: string[] = [];
    if (rights === undefined) lost.push("whether sweeps can change messages is not known: name a mailbox with --mailbox");
    else if (rights.ok && (rights.value.change === false || rights.value.delete === false))
      lost.push("no sweep can delete messages here: the step mailbox names the right that is missing");
    const listed = await askDiscovery(checkup);
    if (!listed.ok) {
      const isRole = listed.failure.code === "role-missing" || listed.failure.code === "access-denied";
      lost.push(`--mailboxes all does not work: ${listed.failure.message}`);
      for (const line of isRole ? discoveryRoleCommands(checkup) : [listed.failure.hint]) next.push(line);
    }
    const trace = "message trace is part of Microsoft Graph: over EWS use --find tracking-log";
    if (lost.length > 0)
      return { status: rights === undefined ? "unknown" : "warning", tried, found: `${lost.join("; ")}; ${trace}`, next };
    return { status: "ok", tried, found: `messages, calendar entries, Recoverable Items, groups and all mailboxes; ${trace}` };
  },
};
