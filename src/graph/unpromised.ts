/**
 * What Microsoft has not promised, or has in some clouds only.
 * @see https://learn.microsoft.com/en-us/graph/deployments
 */
export interface UnpromisedBehaviour {
  /** `false` where the cloud has no permanentDelete: what should be gone for good goes to the Recoverable Items then, and it is said so. */
  readonly permanentDelete: boolean;
  /** `false` where the cloud has no export and import of mailbox items: a copy for another mailbox goes in RFC 5322 form then. */
  readonly importExport: boolean;
  /**
   * The form of ids that exportItems takes. Microsoft says only that those of its own lists of items are taken, which look like default ids of
   * messages; that these are the same is not promised.
   */
  readonly exportIds: "restId" | "ewsId" | "restImmutableEntryId";
  /** How a message gets into the Recoverable Items: by moving it there, or by a plain DELETE, once or twice. */
  readonly softDelete: "move" | "delete" | "delete_twice";
  /** `drafts_only`: attachments of other messages are not even asked to be deleted. */
  readonly deleteAttachments: "try" | "drafts_only";
  /** Whether `$filter` may ask what a text contains. */
  readonly containsFilter: "try" | "never";
  /** How an id of Exchange Web Services becomes one of Graph. */
  readonly ewsIds: "translate" | "rewrite";
  /** Whether lists of attachments ask for content ids. */
  readonly contentIds: boolean;
  /** Whether messages are asked for their size and item class. */
  readonly sizes: boolean;
}

/** As everywhere in the worldwide cloud; others say otherwise in their settings. */
export const defaultBehaviour: UnpromisedBehaviour = {
  permanentDelete: true,
  importExport: true,
  exportIds: "restId",
  softDelete: "move",
  deleteAttachments: "try",
  containsFilter: "try",
  ewsIds: "translate",
  contentIds: true,
  sizes: true,
};
