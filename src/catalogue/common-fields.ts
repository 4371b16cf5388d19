import * as z from "zod";
import { archiveStates } from "../exchange/search/search-query.ts";
import { mostCharacters } from "./limits.ts";

/** Whether a text can name one mailbox: it is not the word for all of them, nor several addresses. */
const isOneMailbox = (text: string) =>
  text.trim().toLowerCase() !== "all" && text.split(/[,;\s]/).filter((part) => part.includes("@")).length < 2;
const oneMailboxText =
  "names one mailbox. To search several, use mailboxes of search-emails-extended; to change messages in several, plan a sweep (`mailcordon sweep plan --mailboxes`)";

/** The name of one mailbox. */
export const oneMailbox = z.string().min(1).max(mostCharacters.mailbox).refine(isOneMailbox, oneMailboxText);

export const mailbox = oneMailbox
  .optional()
  .describe("Mailbox: its SMTP address or, for impersonation, its user principal name or SID (S-1-…). Default: the connection's mailbox.");
export const access = z
  .enum(["impersonation", "delegate"])
  .optional()
  .describe("How the account opens a mailbox that is not its own. Default: the connection's access.");
export const timeout_seconds = z
  .number()
  .positive()
  .max(3600)
  .optional()
  .describe("Maximum number of seconds until Exchange begins its reply to one request. Default: the connection's setting.");

/** What an answer reports about the archive mailbox. */
export const ArchiveNoun = z
  .enum(archiveStates)
  .optional()
  .describe(
    "State of the archive mailbox. searched; not_searched: it exists but was not searched; none: there is none; unknown: the server does not tell, as over Microsoft Graph. Absent if nothing was searched by Message-ID or filters, or if folder was given.",
  );

/** Fields that every action accepts. */
export const commonFields = { mailbox, access, timeout_seconds };

/** The hashes of bytes that were read to their end, hexadecimal. */
export const digests = { md5: z.string(), sha1: z.string(), sha256: z.string() };

/** An object without its undefined members. */
export function omitUndefined<T extends object>(whole: T): DefinedMembers<T> {
  // Without lists of entries: a thousand messages have forty members each.
  const defined: Record<string, unknown> = {};
  for (const name in whole) if (whole[name] !== undefined) defined[name] = whole[name];
  // The boundary is checked by the line itself: every member that is undefined is gone.
  return defined as DefinedMembers<T>;
}
type DefinedMembers<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};
