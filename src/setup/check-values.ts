// src/setup/: The commands that an administrator runs to connect mailcordon, with values filled in.

import { Failure } from "../failure.ts";
import { parseSecretPlace } from "../settings/secrets.ts";
import { isPrivate, isWebAddress } from "../settings/setting-fields.ts";
import { isSetupCloud, type SetupCloud, setupClouds } from "./exchange-online-commands.ts";

/** Values that a person gives about their own organisation. Each check throws Failure `invalid-input` naming the flag. */

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const domain = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/i;
/** RFC 5321, 4.5.3.1: 64 characters before the @. No white space, no quoted strings, nothing that ends an address in a list. */
const localPart = /^[^\s\p{C}@"(),:;<>[\]\\]{1,64}$/u;
/** Characters that Windows does not allow in an account name, in addition to control characters. */
const accountName = /^[^\p{C}\p{Zl}\p{Zp}"/\\[\]:;|=,+*?<>@]{1,64}$/u;

export function clientId(text: string): string {
  if (guid.test(text)) return text.toLowerCase();
  throw wrong("--client-id", "the Application (client) ID, such as 11111111-2222-3333-4444-555555555555");
}

export function tenant(text: string): string {
  if (guid.test(text) || domain.test(text)) return text.toLowerCase();
  throw wrong("--tenant", "the tenant's id or one of its domains, such as example.onmicrosoft.com");
}

export function cloud(text: string): SetupCloud {
  if (isSetupCloud(text)) return text;
  throw wrong("--cloud", `one of ${setupClouds.join(", ")}`);
}

/** Checks comma-separated addresses of mailboxes. */
export function mailboxes(texts: readonly string[]): readonly string[] {
  const all = texts.flatMap((text) => text.split(",")).flatMap((text) => text.trim() || []);
  if (all.every(isAddress)) return [...new Set(all)];
  throw wrong("--mailboxes", "addresses with commas between, such as a@example.com,b@example.com");
}

/** Checks an account: an address, or `EXAMPLE\name`. */
export function account(text: string): string {
  const [first = "", second, ...rest] = text.split("\\");
  const isWindows = second !== undefined && rest.length === 0 && accountName.test(first) && accountName.test(second);
  if (isAddress(text) || isWindows) return text;
  throw wrong("--account", "the account's address, such as soc@example.com, or EXAMPLE\\soc");
}

/** Checks the address of one mailbox. */
export function mailbox(text: string): string {
  if (isAddress(text)) return text;
  throw wrong("--mailbox", "the address of a mailbox, such as soc@example.com");
}

/** Checks the address of Exchange Web Services. Plain http is allowed for this machine alone. */
export function ewsUrl(text: string): string {
  if (isWebAddress(text) && isPrivate(text)) return text;
  throw wrong("--url", "an https address such as https://mail.example.com/EWS/Exchange.asmx");
}

/** Checks the place of a secret: never the secret itself. */
export function secretPlace(text: string, flag: string): string {
  if (parseSecretPlace(text) !== undefined) return text;
  throw wrong(flag, "env:NAME (the environment variable that holds it) or file:PATH (the file that holds it), never the secret itself");
}

/** Checks the path of a file that the settings name. */
export function path(text: string, flag: string): string {
  if (isPath(text)) return text;
  throw wrong(flag, "the path of a file");
}

function isPath(text: string): boolean {
  return text.trim() !== "" && text.length <= 1024 && !/\p{C}/u.test(text);
}

/** Checks the path of a certificate file. */
export function certificate(text: string): string {
  if (isPath(text)) return text;
  throw wrong("--certificate", "the path of the certificate's public part (.cer)");
}

function isAddress(text: string): boolean {
  const at = text.lastIndexOf("@");
  return at > 0 && localPart.test(text.slice(0, at)) && domain.test(text.slice(at + 1));
}

function wrong(flag: string, what: string): Failure {
  return new Failure("invalid-input", `${flag} is not valid; put ${what}.`, {
    hint: "`mailcordon setup --help` and `mailcordon init --help` list the flags.",
  });
}
