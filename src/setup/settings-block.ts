import type { SetupCloud } from "./exchange-online-commands.ts";

/** A value that the administrator's commands print, for the person to put in. */
const printed = { clientId: "PUT-AppId-OF-STEP-2-HERE" } as const;

/** Values of a connection to Exchange Online. */
export interface OnlineSettings {
  readonly tenant: string;
  /** Undefined: the commands register the application and print it. */
  readonly clientId: string | undefined;
  readonly cloud: SetupCloud;
  readonly backend: "ews" | "graph";
  /** The credential: a PEM file with certificate and key, the place of a client secret, or a person who signs in. */
  readonly credential: { readonly pem: string } | { readonly secret: string } | { readonly deviceCode: true };
  readonly mailbox: string | undefined;
}

/** Values of a connection to an Exchange Server. */
export interface OnPremisesSettings {
  /** Undefined: found by Autodiscover, from the mailbox. */
  readonly url: string | undefined;
  readonly account: string;
  /** The place of the password: `env:NAME` or `file:PATH`. */
  readonly password: string;
  readonly delegate: boolean;
  readonly caFile?: string | undefined;
  readonly mailbox: string | undefined;
}

/** Returns the text of a `mailcordon.yaml` with one connection to Exchange Online. It contains no secret. */
export function onlineBlock(values: OnlineSettings): string {
  const { tenant, clientId = printed.clientId, cloud, backend, credential, mailbox } = values;
  const delegate = "deviceCode" in credential;
  return block("online", [
    // Graph is the default online; EWS must be named, because Microsoft ends it.
    ...(backend === "ews" ? ["backend: ews"] : ["backend: graph"]),
    "auth:",
    "  oauth:",
    `    tenant: ${quoted(tenant)}`,
    `    client_id: ${quoted(clientId)}`,
    ...(cloud === "worldwide" ? [] : [`    cloud: ${cloud}`]),
    "pem" in credential
      ? `    certificate: { pem: ${quoted(credential.pem)} }`
      : "secret" in credential
        ? `    client_secret: ${quoted(credential.secret)}`
        : "    device_code: true",
    ...(delegate ? ["access: delegate"] : []),
    ...mailboxLine(mailbox),
  ]);
}

/** Returns the text of a `mailcordon.yaml` with one connection to an Exchange Server. It contains no secret. */
export function onPremisesBlock({ url, account, password, delegate, caFile, mailbox }: OnPremisesSettings): string {
  return block("onprem", [
    "backend: ews",
    "ews:",
    url === undefined ? "  autodiscover: true" : `  url: ${quoted(url)}`,
    ...(caFile === undefined ? [] : [`  ca_file: ${quoted(caFile)}`]),
    "auth:",
    `  auto: { username: ${quoted(account)}, password: ${quoted(password)} }`,
    `access: ${delegate ? "delegate" : "impersonation"}`,
    ...mailboxLine(mailbox),
  ]);
}

function mailboxLine(mailbox: string | undefined): string[] {
  return mailbox === undefined ? [] : [`mailbox: ${quoted(mailbox)}`];
}

function block(name: string, lines: readonly string[]): string {
  return ["connections:", `  ${name}:`, ...lines.map((line) => `    ${line}`), `default: ${name}`, ""].join("\n");
}

/** A JSON text is a YAML text (YAML 1.2, section 1.3); a plain one would make a backslash or a colon mean something. */
function quoted(text: string): string {
  return /^[A-Za-z][\w.@-]*$/.test(text) ? text : JSON.stringify(text);
}
