import * as z from "zod";
import { archiveStates } from "../exchange/search/search-query.ts";
import { mostCharacters } from "./limits.ts";

export const mailbox = z
  .string()
  .min(1)
  .max(mostCharacters.mailbox)
  .optional()
  .describe(
    "The mailbox to work in: its SMTP address; or, to impersonate, its user principal name or SID (S-1-…). Default: the mailbox that the connection names.",
  );
export const access = z
  .enum(["impersonation", "delegate"])
  .optional()
  .describe("How to reach a mailbox of somebody else. Default: as the connection says.");
export const timeout_seconds = z
  .number()
  .positive()
  .max(3600)
  .optional()
  .describe("Seconds until the answer to one request must begin. Default: as the connection says.");

/** What an answer says of the archive mailbox. */
export const ArchiveNoun = z
  .enum(archiveStates)
  .optional()
  .describe(
    "The archive mailbox: searched; not_searched, though there is one; none; unknown where it is not told, as over Microsoft Graph. Absent where nothing was searched by Message-ID or filters, or where folder says where to look.",
  );

/** What every action takes. A choice of back end has no place here before there are two. */
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
