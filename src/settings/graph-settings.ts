import * as z from "zod";
import { type CloudName, onlineEws, onlineGraph } from "../wire/sign-in/clouds.ts";
import { expected, isPrivate, isWebAddress, text } from "./setting-fields.ts";

const graphWords = "the https address of Microsoft Graph with its version, such as https://graph.microsoft.com/v1.0";

const adminApiWords = "the https address of Exchange Online, such as https://outlook.office365.com";

const flag = (what: string) => z.boolean(expected(`true or false: ${what}`));

/**
 * Behaviour of Microsoft Graph that Microsoft does not promise: one setting each, with the uncertainty in its description. The defaults are the best
 * known values; they were not checked on a real tenant.
 */
export const graphBehaviour = {
  permanent_delete: flag("whether this cloud deletes permanently")
    .optional()
    .describe(
      "Whether the cloud has permanentDelete. Default: true in the worldwide cloud, false elsewhere, as Microsoft's page says. Other clouds may have got it since, and a tenant may be refused it.",
    ),
  soft_delete: z
    .enum(["move", "delete", "delete_twice"], expected("move, delete or delete_twice"))
    .default("move")
    .describe(
      "How a message gets into the Recoverable Items. `move` moves it to the folder's well-known name; others have seen this work, but no page promises it. For a service that refuses the move: `delete` if a plain DELETE moves the message to the Recoverable Items, `delete_twice` if DELETE moves it to Deleted Items first. Microsoft's pages say both about DELETE, so mailcordon checks afterwards where the message is.",
    ),
  delete_attachments: z
    .enum(["try", "drafts_only"], expected("try or drafts_only"))
    .default("try")
    .describe(
      "Whether attachments may be deleted from received messages. From 2026-12-31 Graph protects received messages against changes by applications without Mail-Advanced.ReadWrite.All; Microsoft does not say whether deleting an attachment is such a change. `try` sends the request; `drafts_only` refuses it without a request unless the message is a draft.",
    ),
  contains_filter: z
    .enum(["try", "never"], expected("try or never"))
    .default("try")
    .describe(
      "Whether Graph filters by text that a subject or a sender contains; there are reports that it works and that it is refused. `try` asks Graph, and filters in mailcordon if Graph refuses; `never` always filters in mailcordon, which saves a request and reads more messages.",
    ),
  ews_ids: z
    .enum(["translate", "rewrite"], expected("translate or rewrite"))
    .default("translate")
    .describe(
      "How an EWS id becomes a Graph id. `translate` calls translateExchangeIds (an application needs User.Read.All for it, a person User.ReadBasic.All) and rewrites ids that it does not translate; `rewrite` only replaces / and + by - and _, which matches ids seen so far but is promised nowhere.",
    ),
  content_ids: flag("whether content ids of attachments are requested")
    .default(true)
    .describe(
      "Whether lists of attachments request the content id, by a property name that includes its type, because only files have one. No page shows this form in a list. Set `false` if a service refuses it; then inline images have no content id.",
    ),
  sizes: flag("whether size and item class of messages are requested")
    .default(true)
    .describe(
      "Whether mailcordon requests size and item class as MAPI properties, because a Graph message has neither. No page promises them in every list. With `false`, filters by size or class are refused.",
    ),
  import_export: flag("whether this cloud exports and imports items")
    .optional()
    .describe(
      "Whether a message may be copied to another mailbox by export and import of items. Default: true in the worldwide cloud, false elsewhere, where the copy becomes a draft. Microsoft does not say whether an application limited by RBAC for Applications may do this.",
    ),
  export_ids: z
    .enum(["restId", "restImmutableEntryId", "ewsId"], expected("restId, restImmutableEntryId or ewsId"))
    .default("restId")
    .describe("Form of id that exportItems accepts. Microsoft shows only ids of its own item lists; others have used the default form."),
} as const;

/** `graph` of a connection. */
export const GraphSettings = z.strictObject({
  url: z
    .string(expected(graphWords))
    .refine((value) => isWebAddress(value) && isPrivate(value), expected(graphWords))
    .optional(),
  ca_file: text("the path of the PEM file with the authority that signed the server's certificate").optional(),
  mailbox_list: z
    .enum(["auto", "admin_api", "directory"], expected("auto, admin_api or directory"))
    .default("auto")
    .describe(
      "Where the list of mailboxes comes from. `auto` asks the Exchange Online Admin API, a preview that needs Exchange.ManageAsAppV2 and an Exchange role, and uses the directory if that fails; the answer says which. `admin_api` and `directory` ask only one of them. With a device code, the Admin API is asked only with `admin_api`.",
    ),
  admin_api_url: z
    .string(expected(adminApiWords))
    .refine((value) => isWebAddress(value) && isPrivate(value), expected(adminApiWords))
    .optional(),
  ...graphBehaviour,
});

/** The source of the list of mailboxes. */
export interface MailboxList {
  readonly from: "auto" | "admin_api" | "directory";
  /** Undefined if the Admin API is not used: each cloud's API belongs to the Graph of that cloud. */
  readonly adminApi: URL | undefined;
}

export function readMailboxList(graph: z.output<typeof GraphSettings>, cloud: CloudName): MailboxList {
  const { mailbox_list: from, admin_api_url: url } = graph;
  if (url !== undefined) return { from, adminApi: new URL(url) };
  const isElsewhere = graph.url !== undefined && new URL(graph.url).host !== onlineGraph(cloud).host;
  return { from, adminApi: isElsewhere && from === "auto" ? undefined : new URL(onlineEws(cloud).origin) };
}

/** Unpromised behaviour of Graph, in the terms of the back end. */
export type GraphBehaviour = ReturnType<typeof readGraphBehaviour>;

/** Features of the worldwide cloud are treated as absent in other clouds unless the settings enable them. */
export function readGraphBehaviour(graph: z.output<typeof GraphSettings>, cloud: CloudName) {
  const isWorldwide = cloud === "worldwide";
  return {
    permanentDelete: graph.permanent_delete ?? isWorldwide,
    importExport: graph.import_export ?? isWorldwide,
    exportIds: graph.export_ids,
    softDelete: graph.soft_delete,
    deleteAttachments: graph.delete_attachments,
    containsFilter: graph.contains_filter,
    ewsIds: graph.ews_ids,
    contentIds: graph.content_ids,
    sizes: graph.sizes,
  };
}
