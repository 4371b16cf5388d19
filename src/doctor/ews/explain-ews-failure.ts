import { retirement } from "../../ews/session/online-failures.ts";
import type { Failure } from "../../failure.ts";
import { allowEws, allowEwsFor } from "../../setup/exchange-online-commands.ts";
import { showVirtualDirectory } from "../../setup/on-premises-commands.ts";
import { type Checkup, connectionOf, type Finding } from "../checkup.ts";
import { isOnline, urlOf } from "../connection-facts.ts";
import { askInbox } from "./ask-mailbox.ts";

type Explanation = Omit<Finding, "tried">;

/** True when the failure is not an answer of EWS itself, or one that says nothing of the mailbox that was asked for. */
export function isNotFromEws({ code, wireCode }: Failure): boolean {
  return (
    wireCode?.startsWith("Error") !== true || code === "unauthenticated" || code === "busy" || code === "unsupported" || code === "timeout"
  );
}

/** Why EWS did not answer, and what to do. */
export async function whyNoEws(failure: Failure, checkup: Checkup, mailbox: string | undefined): Promise<Explanation> {
  const { code, wireCode } = failure;
  const why = (found: string, next: readonly string[]): Explanation => ({
    status: "failed",
    code,
    found: `${found}${logReference(failure, checkup)}`,
    next,
  });
  const online = isOnline(checkup);
  if (online && checkup.now() >= retirement && (wireCode === "HTTP 404" || wireCode === "HTTP 410" || wireCode === "HTTP 403")) {
    return why("Exchange Online has no EWS any more (it ended on 2027-04-01)", [
      "Nothing brings it back. Microsoft Graph is the way to these mailboxes; EWS stays for mailboxes on premises. What is missing for it:",
      ...planCommand(checkup),
    ]);
  }
  switch (wireCode) {
    case "HTTP 401":
    case "HTTP 440":
      return why(failure.message, signInAgain(failure, checkup));
    case "HTTP 403":
      return why(...(await explainForbidden(checkup, mailbox, online)));
    case "HTTP 404":
    case "HTTP 410":
      return why("There is no EWS at this URL", suggestAutodiscover(checkup));
    default:
      if (code === "broken-reply" && urlOf(checkup).protocol === "http:") return why(failure.message, suggestTls(checkup));
      return why(failure.message, code === "busy" ? busy(failure, online) : [failure.hint]);
  }
}

/** What the server says for those who read its logs. */
function logReference({ requestId }: Failure, { events }: Checkup): string {
  const reply = events.flatMap(({ event }) => (event.kind === "reply" ? [event] : [])).at(-1);
  const serverHeaders = ["x-ms-diagnostics", "x-feserver", "x-beserver"].flatMap((name) => {
    const value = reply?.headers.get(name);
    return value === undefined ? [] : [`${name}: ${value.slice(0, 300)}`];
  });
  const all = [...(requestId === undefined ? [] : [`request-id: ${requestId}`]), ...serverHeaders];
  return all.length === 0 ? "" : ` (${all.join("; ")})`;
}

function signInAgain(failure: Failure, checkup: Checkup): readonly string[] {
  const { auth, name } = connectionOf(checkup);
  const offers = checkup.events
    .flatMap(({ event }) => (event.kind === "reply" ? (event.headers.get("www-authenticate") ?? "") : ""))
    .join(" ");
  // Nobody's password was wrong: the step sign-in says what to do.
  if (auth.kind === "auto" && failure.message.includes("at_least")) return [failure.hint];
  // The token came, and allows too little.
  if (failure.code === "role-missing") return [failure.hint];
  if (auth.kind === "oauth" || (auth.kind === "auto" && auth.account === undefined && auth.oauth !== undefined))
    return [failure.hint, "The step token shows what is in it, and the step clock whether this machine's clock is right."];
  if (auth.kind === "bearer") {
    return [
      "Exchange does not take this token: see the step token for its audience and its end, and x-ms-diagnostics above when it is there.",
      `Get a new one and put it where connections.${name}.auth.bearer.token says.`,
    ];
  }
  if (auth.kind === "basic" && offers !== "" && !/\bBasic\b/i.test(offers)) {
    return [
      `The server does not offer Basic. Let the connection take the strongest way that it offers, instead of auth.basic:`,
      `auth: { auto: { username: ${JSON.stringify(auth.username)}, password: env:MAILCORDON_PASSWORD } }`,
      "Or have an administrator look which ways are switched on:",
      showVirtualDirectory,
    ];
  }
  return [
    failure.hint,
    `Check connections.${name}.auth: the password, and the name as EXAMPLE\\name or name@example.com. It was tried once, so that the account is not locked.`,
    "An administrator can look whether the account is locked, expired or disabled, and which ways to sign in are switched on:",
    "Get-ADUser -Identity '<account>' -Properties LockedOut,PasswordExpired,Enabled | Format-List LockedOut,PasswordExpired,Enabled",
    showVirtualDirectory,
  ];
}

/** A 403 without SOAP has five causes, and the reply names none: the second mailbox and the place tell some of them apart. */
async function explainForbidden(checkup: Checkup, mailbox: string | undefined, online: boolean): Promise<[string, readonly string[]]> {
  const { mailbox: own } = connectionOf(checkup);
  if (mailbox !== undefined && own !== undefined && own.toLowerCase() !== mailbox.toLowerCase()) {
    const other = await askInbox(checkup, own);
    if (other.ok || !isNotFromEws(other.failure)) {
      return [
        `EWS is forbidden for ${mailbox}, though not for ${own}: its licence has no EWS (Kiosk, F1, F3), EWS is switched off for it, or Exchange Online switches it off for a while`,
        ["Look at the mailbox, and try again later:", ...allowEwsFor(mailbox)],
      ];
    }
  }
  if (!online) {
    return [
      "EWS is forbidden (HTTP 403): by a proxy or a firewall in between, by IIS, or for this account",
      [
        "Ask who runs the proxy or the publishing rule; on the server look here:",
        "Get-OrganizationConfig | Format-List Ews*",
        ...(mailbox === undefined ? [] : allowEwsFor(mailbox)),
      ],
    ];
  }
  const id = checkup.learned.token?.appId;
  return [
    "EWS is blocked in Exchange Online (HTTP 403): by default since October 2026, unless the organisation allows this application",
    [
      `An administrator of Exchange Online must allow the application${id === undefined ? "" : ` ${id}`}; EwsEnabled counts after about an hour, the list after up to 24 hours:`,
      ...(id === undefined ? ["# put the application's client id in place of $application.AppId"] : []),
      ...allowEws(id),
      "If it is allowed already, the mailbox may have no EWS (Kiosk, F1, F3), or it is switched off for it:",
      ...allowEwsFor(mailbox ?? "somebody@example.com"),
      "Or leave EWS, which ends there on 2027-04-01. What is missing for that:",
      ...planCommand(checkup),
    ],
  ];
}

function planCommand(checkup: Checkup): readonly string[] {
  return [`mailcordon doctor --plan graph --connection ${connectionOf(checkup).name}`];
}

/** What speaks TLS ends a connection that begins without it. */
function suggestTls(checkup: Checkup): readonly string[] {
  const { host, pathname } = urlOf(checkup);
  return ["The URL says http, and the server may speak TLS there. Set for this connection:", `ews: { url: https://${host}${pathname} }`];
}

function suggestAutodiscover(checkup: Checkup): readonly string[] {
  const url = urlOf(checkup);
  return [
    `Set for this connection (the path is the same on every server), if ${url.host} is the right one:`,
    `ews: { url: ${url.origin}/EWS/Exchange.asmx }`,
    "An administrator can say which URL it is:",
    showVirtualDirectory,
  ];
}

function busy({ backOffMs }: Failure, online: boolean): readonly string[] {
  const wait = backOffMs === undefined ? "some minutes" : `${Math.ceil(backOffMs / 1000)} s`;
  const first = `Exchange is throttling or starting: wait ${wait} and try again; others may use the same account.`;
  return online
    ? [first]
    : [first, "If it happens often, give the account a throttling policy of its own: `mailcordon setup onprem` prints how."];
}
