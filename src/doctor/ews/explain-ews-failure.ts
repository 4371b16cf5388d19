import { retirement } from "../../ews/session/online-failures.ts";
import type { Failure } from "../../failure.ts";
import { allowEws, allowEwsFor } from "../../setup/exchange-online-commands.ts";
import { showVirtualDirectory } from "../../setup/on-premises-commands.ts";
import { type Checkup, connectionOf, type Finding } from "../checkup.ts";
import { isOnline, urlOf } from "../connection-facts.ts";
import { askInbox } from "./ask-mailbox.ts";

type Explanation = Omit<Finding, "tried">;

/** Returns true if the failure did not come from EWS itself, or says nothing about the requested mailbox. */
export function isNotFromEws({ code, wireCode }: Failure): boolean {
  return (
    wireCode?.startsWith("Error") !== true || code === "unauthenticated" || code === "busy" || code === "unsupported" || code === "timeout"
  );
}

/** Explains why EWS did not answer, with hints. */
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
    return why("Exchange Online no longer offers EWS (it ended on 2027-04-01)", [
      "Use Microsoft Graph for these mailboxes; EWS remains for mailboxes on premises. This command shows what is missing for Graph:",
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

/** Returns what the server reports for readers of its logs. */
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
  // No password was wrong: the step sign-in gives the hint.
  if (auth.kind === "auto" && failure.message.includes("at_least")) return [failure.hint];
  // The token came, but allows too little.
  if (failure.code === "role-missing") return [failure.hint];
  if (auth.kind === "oauth" || (auth.kind === "auto" && auth.account === undefined && auth.oauth !== undefined))
    return [failure.hint, "The step token shows the contents of the token; the step clock shows whether this machine's clock is right."];
  if (auth.kind === "bearer") {
    return [
      "Exchange does not accept this token. The step token shows its audience and when it expires; x-ms-diagnostics, if shown above, gives Exchange's reason.",
      `Get a new token and store it where connections.${name}.auth.bearer.token points.`,
    ];
  }
  if (auth.kind === "basic" && offers !== "" && !/\bBasic\b/i.test(offers)) {
    return [
      `The server does not offer Basic. Instead of auth.basic, use the strongest scheme that the server offers:`,
      `auth: { auto: { username: ${JSON.stringify(auth.username)}, password: env:MAILCORDON_PASSWORD } }`,
      "Or ask an administrator to check which schemes are enabled:",
      showVirtualDirectory,
    ];
  }
  return [
    failure.hint,
    `Check connections.${name}.auth: the password, and the name as EXAMPLE\\name or name@example.com. It was tried only once, to avoid locking the account.`,
    "An administrator can check whether the account is locked, expired or disabled, and which sign-in schemes are enabled:",
    "Get-ADUser -Identity '<account>' -Properties LockedOut,PasswordExpired,Enabled | Format-List LockedOut,PasswordExpired,Enabled",
    showVirtualDirectory,
  ];
}

/**
 * Explains a 403 without SOAP, which has five causes and names none: the reply for a second mailbox, and on premises or online, tell some of them
 * apart.
 */
async function explainForbidden(checkup: Checkup, mailbox: string | undefined, online: boolean): Promise<[string, readonly string[]]> {
  const { mailbox: own } = connectionOf(checkup);
  if (mailbox !== undefined && own !== undefined && own.toLowerCase() !== mailbox.toLowerCase()) {
    const other = await askInbox(checkup, own);
    if (other.ok || !isNotFromEws(other.failure)) {
      return [
        `EWS is forbidden for ${mailbox}, though not for ${own}: its licence does not include EWS (Kiosk, F1, F3), EWS is disabled for it, or Exchange Online disables EWS temporarily`,
        ["Check the mailbox, and retry later:", ...allowEwsFor(mailbox)],
      ];
    }
  }
  if (!online) {
    return [
      "EWS is forbidden (HTTP 403): by a proxy or a firewall in between, by IIS, or for this account",
      [
        "Ask the administrator of the proxy or the publishing rule; on the server, check:",
        "Get-OrganizationConfig | Format-List Ews*",
        ...(mailbox === undefined ? [] : allowEwsFor(mailbox)),
      ],
    ];
  }
  const id = checkup.learned.token?.appId;
  return [
    "EWS is blocked in Exchange Online (HTTP 403): by default since October 2026, unless the organisation allows this application",
    [
      `An administrator of Exchange Online must allow the application${id === undefined ? "" : ` ${id}`}; EwsEnabled takes effect after about an hour, the list after up to 24 hours:`,
      ...(id === undefined ? ["# replace $application.AppId with the application's client id"] : []),
      ...allowEws(id),
      "If the application is allowed already, the mailbox's licence may not include EWS (Kiosk, F1, F3), or EWS is disabled for it:",
      ...allowEwsFor(mailbox ?? "somebody@example.com"),
      "Or move to Microsoft Graph: EWS ends there on 2027-04-01. This command shows what is missing:",
      ...planCommand(checkup),
    ],
  ];
}

function planCommand(checkup: Checkup): readonly string[] {
  return [`mailcordon doctor --plan graph --connection ${connectionOf(checkup).name}`];
}

/** A server that expects TLS closes a connection without it. */
function suggestTls(checkup: Checkup): readonly string[] {
  const { host, pathname } = urlOf(checkup);
  return [
    "The URL begins with http, but the server may expect TLS at this port. Set for this connection:",
    `ews: { url: https://${host}${pathname} }`,
  ];
}

function suggestAutodiscover(checkup: Checkup): readonly string[] {
  const url = urlOf(checkup);
  return [
    `If ${url.host} is the right server, set for this connection (the path is the same on every server):`,
    `ews: { url: ${url.origin}/EWS/Exchange.asmx }`,
    "An administrator can find the URL:",
    showVirtualDirectory,
  ];
}

function busy({ backOffMs }: Failure, online: boolean): readonly string[] {
  const wait = backOffMs === undefined ? "some minutes" : `${Math.ceil(backOffMs / 1000)} s`;
  const first = `Exchange is throttling or starting. Wait ${wait} and retry; other programs may use the same account.`;
  return online
    ? [first]
    : [first, "If this happens often, give the account its own throttling policy: `mailcordon setup onprem` prints the commands."];
}
