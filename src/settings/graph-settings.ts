import * as z from "zod";
import { type CloudName, onlineEws, onlineGraph } from "../wire/sign-in/clouds.ts";
import { expected, isPrivate, isWebAddress, text } from "./setting-fields.ts";

const graphWords = "the https address of Microsoft Graph with its version, such as https://graph.microsoft.com/v1.0";

const adminApiWords = "the https address of Exchange Online, such as https://outlook.office365.com";

const flag = (what: string) => z.boolean(expected(`true or false: ${what}`));

/**
 * What of Microsoft Graph is promised nowhere: one setting each, with the doubt as its description. The defaults are what is known best; nobody
 * could look at a real tenant.
 */
export const graphBehaviour = {
  permanent_delete: flag("whether this cloud deletes for good")
    .optional()
    .describe(
      "Whether the cloud has permanentDelete. Default: true in the worldwide cloud, false elsewhere. Microsoft's page says so; that others have got it since is possible, and that a tenant is refused it, too.",
    ),
  soft_delete: z
    .enum(["move", "delete", "delete_twice"], expected("move, delete or delete_twice"))
    .default("move")
    .describe(
      "How a message gets into the Recoverable Items. `move` puts it there by name, which others have seen to work and no page promises. `delete` is for a service that refuses this: a plain DELETE, where it leads straight there; `delete_twice` where it leads to Deleted Items first. Microsoft's pages say both of DELETE, so where it leads is looked at afterwards.",
    ),
  delete_attachments: z
    .enum(["try", "drafts_only"], expected("try or drafts_only"))
    .default("try")
    .describe(
      "From 2026-12-31 Graph guards received mail against changes by applications without Mail-Advanced.ReadWrite.All; whether taking out an attachment is such a change is not said. `try` asks for it; `drafts_only` refuses it for mail that is no draft before anything is asked.",
    ),
  contains_filter: z
    .enum(["try", "never"], expected("try or never"))
    .default("try")
    .describe(
      "Whether Graph may be asked what a subject or a sender contains: reported both as working and as refused. `try` asks, and does it here when it is refused; `never` does it here at once, which spares a request and reads more messages.",
    ),
  ews_ids: z
    .enum(["translate", "rewrite"], expected("translate or rewrite"))
    .default("translate")
    .describe(
      "How an id of EWS becomes one of Graph. `translate` asks translateExchangeIds (an application needs User.Read.All for it, a person User.ReadBasic.All) and rewrites what that does not give; `rewrite` only puts - and _ for / and +, which is what ids look like and is promised nowhere.",
    ),
  content_ids: flag("whether the content ids of attachments are asked for")
    .default(true)
    .describe(
      "Whether lists of attachments ask for the content id, by a name with its type in it, since only files have one. No page shows this form in a list; `false` leaves it out should a service refuse it, and then inline pictures have no content id.",
    ),
  sizes: flag("whether size and item class of messages are asked for")
    .default(true)
    .describe(
      "Whether size and item class are asked for as properties of MAPI, since a message of Graph has neither. That every list gives them is not promised; `false` leaves them out, and then filters by size or class are refused.",
    ),
  import_export: flag("whether this cloud exports and imports items")
    .optional()
    .describe(
      "Whether a message may be carried to another mailbox by export and import of items. Default: true in the worldwide cloud, false elsewhere, where it becomes a draft. Whether an application limited by RBAC for Applications may do it is not said.",
    ),
  export_ids: z
    .enum(["restId", "restImmutableEntryId", "ewsId"], expected("restId, restImmutableEntryId or ewsId"))
    .default("restId")
    .describe(
      "Which form of id exportItems takes: Microsoft shows only those of its own lists of items, and others have used the default form.",
    ),
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
      "Where the list of mailboxes comes from. `auto` asks the Exchange Online Admin API, a preview that needs Exchange.ManageAsAppV2 and a role of Exchange, and takes the directory where that does not answer; the answer says which. `admin_api` and `directory` ask one of them only. Who signs in with a device code is asked for it with `admin_api` only.",
    ),
  admin_api_url: z
    .string(expected(adminApiWords))
    .refine((value) => isWebAddress(value) && isPrivate(value), expected(adminApiWords))
    .optional(),
  ...graphBehaviour,
});

/** Where the list of mailboxes comes from. */
export interface MailboxList {
  readonly from: "auto" | "admin_api" | "directory";
  /** Undefined where the Admin API is not to be asked: that of a cloud belongs to the Graph of that cloud. */
  readonly adminApi: URL | undefined;
}

export function readMailboxList(graph: z.output<typeof GraphSettings>, cloud: CloudName): MailboxList {
  const { mailbox_list: from, admin_api_url: url } = graph;
  if (url !== undefined) return { from, adminApi: new URL(url) };
  const isElsewhere = graph.url !== undefined && new URL(graph.url).host !== onlineGraph(cloud).host;
  return { from, adminApi: isElsewhere && from === "auto" ? undefined : new URL(onlineEws(cloud).origin) };
}

/** The habits of Graph as the back end names them. */
export type GraphBehaviour = ReturnType<typeof readGraphBehaviour>;

/** What only the worldwide cloud has is taken for absent elsewhere, unless the settings say otherwise. */
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
