import * as z from "zod";
import { defineWholeAnswerAction } from "../catalogue/action-definition.ts";
import { completenessFields, ErrorNoun, errorNoun } from "../catalogue/answer-envelope.ts";
import { commonFields, omitUndefined } from "../catalogue/common-fields.ts";
import { mostCharacters } from "../catalogue/limits.ts";
import { narrowing } from "../catalogue/read-input.ts";
import type { UnlistedMailbox } from "../exchange/exchange.ts";

const backend = z.string().optional().describe("Back end that listed it.");

/** Which mailboxes the account may search. Where Exchange refuses, the failure names the role that is missing. */
export const getSearchableMailboxes = defineWholeAnswerAction({
  name: "get-searchable-mailboxes",
  title: "Get Searchable Mailboxes",
  summary: "List the mailboxes that the account may search.",
  uses: ["searchableMailboxes"],
  overGraph: {
    supported: "yes",
    differs:
      "`source` is `admin_api` or `directory`: all mailboxes, including those that the application may not open. `note` says why the source is not `admin_api`, and `unopened` names the people of the directory whose mailbox Graph cannot open.",
    why: "Graph has no list of what an account may search. The Exchange Online Admin API has a list of mailboxes, and needs a permission and a role of its own.",
  },
  input: z.strictObject({
    ...commonFields,
    mailbox: commonFields.mailbox.describe(
      "Accepted for consistency, without effect: the list always belongs to the connection's own account.",
    ),
    filter: z
      .string()
      .min(1)
      .max(mostCharacters.search)
      .register(narrowing)
      .optional()
      .describe("Beginning of a name or address. Default: all mailboxes."),
    expand_groups: z
      .boolean()
      .default(false)
      .describe("List the members of groups instead of the groups. Exchange requires a filter for this."),
    // Exchange has no paging here and returns all mailboxes in one reply; this limits only the answer.
    limit: z.number().int().min(1).max(100_000).default(1000).describe("Maximum number of mailboxes."),
  }),
  glance: {
    columns: ["mailbox", "display_name", "mailbox_type"],
    members: ({ source, note, mailboxes, failed, unopened, truncated }) => ({
      mailboxes,
      failed,
      unopened,
      source,
      ...(note !== undefined && { note }),
      ...(truncated && { more: "there are more than limit" }),
    }),
  },
  example: { filter: "user" },
  output: z.strictObject({
    success: z.boolean(),
    message: z.string(),
    source: z
      .enum(["ediscovery", "admin_api", "directory"])
      .describe(
        "ediscovery: mailboxes the account may search; admin_api: mailboxes that the Exchange Online Admin API lists; directory: all users whose mailbox replies. The latter two may include mailboxes that the application may not open.",
      ),
    note: z.string().optional().describe("Why the list does not come from the preferred source."),
    mailboxes: z.array(
      z.strictObject({
        mailbox: z.string(),
        reference_id: z.string().optional().describe("Absent if the server returns none."),
        display_name: z.string().optional(),
        mailbox_type: z.enum(["mailbox", "group", "external"]),
        backend,
        is_external: z.boolean().optional(),
        external_email_address: z.string().optional(),
      }),
    ),
    failed: z
      .array(z.strictObject({ mailbox: z.string(), backend, message: z.string(), error: ErrorNoun.optional() }))
      .describe("Mailboxes for which Exchange returned an error."),
    unopened: z
      .array(z.strictObject({ mailbox: z.string(), backend, message: z.string(), error: ErrorNoun.optional() }))
      .optional()
      .describe(
        "With `source` directory: people of the directory without a mailbox that Microsoft Graph can open, for example because it is on an Exchange Server or has no licence. Guests are not listed. Present if there are any.",
      ),
    truncated: z.boolean().describe("Whether there are more than limit. The call still succeeded."),
    incomplete: completenessFields.incomplete,
  }),
}).run(async ({ filter, expand_groups, limit }, { exchange, call }) => {
  const {
    source,
    note,
    mailboxes,
    failed,
    unopened = [],
  } = await exchange.searchableMailboxes({ filter, expandGroups: expand_groups }, call);
  // A connection with one back end does not need to find out which one it is.
  const listed = exchange.backend === "auto" ? undefined : exchange.backend;
  const count = mailboxes.length === 1 ? "1 searchable mailbox" : `${mailboxes.length} searchable mailboxes`;
  const found = mailboxes.length === 0 ? "No searchable mailboxes found" : `${count} found`;
  const untold = failed.length === 0 ? "" : `; for ${failed.length} it is not known`;
  const people = unopened.length === 1 ? "1 person has" : `${unopened.length} people have`;
  const none = unopened.length === 0 ? "" : `; ${people} no mailbox that Microsoft Graph can open`;
  const untoldRow = ({ mailbox, message, failure, ...one }: UnlistedMailbox) =>
    omitUndefined({ mailbox, backend: one.backend ?? listed, message, error: failure && errorNoun(failure) });
  return omitUndefined({
    success: failed.length === 0,
    message: mailboxes.length === 0 && untold === "" && none === "" ? found : `${found}${untold}${none}.`,
    source,
    note,
    mailboxes: mailboxes.slice(0, limit).map((found) =>
      omitUndefined({
        mailbox: found.mailbox,
        reference_id: found.referenceId,
        display_name: found.displayName,
        mailbox_type: found.isGroup ? ("group" as const) : found.isExternal ? ("external" as const) : ("mailbox" as const),
        backend: found.backend ?? listed,
        is_external: found.isExternal,
        external_email_address: found.externalEmailAddress,
      }),
    ),
    failed: failed.map(untoldRow),
    unopened: unopened.length === 0 ? undefined : unopened.map(untoldRow),
    truncated: mailboxes.length > limit,
    incomplete: failed.length > 0 ? (true as const) : undefined,
  });
});
