import { open } from "../../connection/open-connection.ts";
import type { Outcome } from "../../outcome.ts";
import type { Connection } from "../../settings/load-settings.ts";
import type { Secret } from "../../settings/secrets.ts";
import { type Checkup, connectionOf, type Step } from "../checkup.ts";
import { mailboxOf, maxWaitSeconds, noMailboxNamed, powerShellSafe, urlOf } from "../connection-facts.ts";
import { partlyNeeds, requiredRightsOf } from "../required-rights.ts";
import { askDiscovery, askInbox } from "./ask-mailbox.ts";
import { isNotFromEws, whyNoEws } from "./explain-ews-failure.ts";
import { discoveryRoleCommands, judgeRights, whyNoMailbox } from "./explain-mailbox-failure.ts";

/** Sends one request to Exchange: it only reads, and tries the password once. */
export const ews: Step = {
  name: "ews",
  needs: ["proxy", "tcp", "tls", "token"],
  async run(checkup) {
    const connection = connectionOf(checkup);
    // The server on premises does not know a mailbox that is online.
    const mailbox = isInTheCloud(checkup) ? undefined : mailboxOf(checkup);
    const url = urlOf(checkup);
    const settings = await checkup.load();
    const auth = withFreshToken(connection.auth, checkup.learned.fresh);
    const { exchange } = await open(
      { ...settings, connection: { ...connection, auth, throttling: { ...connection.throttling, maxWait: maxWaitSeconds } } },
      {
        observe: checkup.observe,
        serverVersion: (version) => {
          checkup.learned.version = version;
        },
      },
    );
    checkup.learned.exchange = exchange;
    const tried =
      mailbox === undefined ? `asked ${url.href} which mailboxes the account may search` : `asked ${url.href} for the Inbox of ${mailbox}`;
    const inbox = mailbox === undefined ? undefined : await askInbox(checkup, mailbox);
    if (inbox !== undefined) checkup.learned.mailbox = inbox;
    const answer = inbox ?? (await askDiscovery(checkup));
    if (answer.ok || !isNotFromEws(answer.failure)) return { status: "ok", tried, found: describeSender(answer) };
    return { tried, ...(await whyNoEws(answer.failure, checkup, mailbox === undefined ? undefined : powerShellSafe(mailbox))) };
  },
};

/** Makes later requests use the token that was checked. */
function withFreshToken(auth: Connection["auth"], fresh: Secret | undefined): Connection["auth"] {
  if (fresh === undefined) return auth;
  return auth.kind === "auto" ? { ...auth, token: fresh, oauth: undefined } : { kind: "bearer", token: fresh };
}

function describeSender(answer: Outcome<unknown>): string {
  return answer.ok
    ? "Exchange Web Services answered"
    : `Exchange Web Services answered, with ${answer.failure.wireCode ?? answer.failure.code}`;
}

/** Checks whether the account may list and search mailboxes. */
export const discovery: Step = {
  name: "discovery",
  needs: ["ews"],
  async run(checkup) {
    const wanting = checkup.actions.filter((action) =>
      [requiredRightsOf(action), ...partlyNeeds(action).map(({ needs }) => needs)].some((one) => one.discovery),
    );
    if (wanting.length === 0)
      return { status: "skipped", tried: "checked which actions need Discovery Management", found: "none of the checked actions needs it" };
    const tried = "asked which mailboxes the account may search (GetSearchableMailboxes)";
    const answer = await askDiscovery(checkup);
    if (answer.ok) return { status: "ok", tried, found: "the account is in Discovery Management" };
    const { code, message } = answer.failure;
    const next = code === "role-missing" || code === "access-denied" ? discoveryRoleCommands(checkup) : [answer.failure.hint];
    return { status: "failed", code, tried, found: message, next };
  },
};

/** Returns whether, in a hybrid organisation, Microsoft Graph holds the mailbox. */
function isInTheCloud({ route }: Checkup): boolean {
  return route?.backEnd === "graph";
}

/** Checks whether the account can open the mailbox, and as whom. */
export const mailbox: Step = {
  name: "mailbox",
  needs: ["ews"],
  async run(checkup) {
    const connection = connectionOf(checkup);
    const address = mailboxOf(checkup);
    if (address === undefined) return noMailboxNamed;
    if (isInTheCloud(checkup))
      return { status: "skipped", tried: "checked where the mailbox is", found: `${address} is reached over Microsoft Graph` };
    const tried = `opened the Inbox of ${address} ${connection.access === "impersonation" ? "as its owner (impersonation)" : "as a delegate"}`;
    const answer = checkup.learned.mailbox ?? (await askInbox(checkup, address));
    if (answer.ok) return { tried, ...judgeRights(answer.value, checkup, powerShellSafe(address)) };
    return { tried, ...whyNoMailbox(answer.failure, checkup, powerShellSafe(address)) };
  },
};

/** Checks the version that the server reported. */
export const serverVersion: Step = {
  name: "server-version",
  needs: ["ews"],
  async run(checkup) {
    const tried = "read the version in the reply";
    // A fault, as for a missing mailbox, reports no version. The reply to a request about no mailbox does, granted or not.
    if (checkup.learned.version === undefined) await askDiscovery(checkup);
    const { version } = checkup.learned;
    if (version === undefined) return { status: "unknown", tried, found: "the server did not report its version" };
    const major = Number(version.major);
    const minor = Number(version.minor);
    const build = Number(version.build);
    const number = `${version.major ?? "?"}.${version.minor ?? "?"}.${version.build ?? "?"}`;
    const name = productOf(major, minor, build);
    // 15.0.847 is Exchange 2013 SP1, the version of our requests' schema
    // (https://learn.microsoft.com/en-us/exchange/new-features/build-numbers-and-release-dates).
    if (major < 15 || (major === 15 && minor === 0 && build < 847)) {
      return {
        status: "failed",
        code: "unsupported",
        tried,
        found: `${name} (${number})`,
        next: ["Upgrade to Exchange Server 2013 SP1 or newer."],
      };
    }
    return { status: "ok", tried, found: `${name} (${number}${version.version === undefined ? "" : `, schema ${version.version}`})` };
  },
};

/** @see https://learn.microsoft.com/en-us/exchange/new-features/build-numbers-and-release-dates */
function productOf(major: number, minor: number, build: number): string {
  if (major !== 15) return major < 15 ? "Exchange Server 2010 or older" : "a newer Exchange";
  if (minor === 0) return "Exchange Server 2013";
  if (minor === 1) return "Exchange Server 2016";
  if (minor === 2) return build >= 2562 ? "Exchange Server SE" : "Exchange Server 2019";
  return "Exchange Online";
}
