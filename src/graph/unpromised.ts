/** Behaviour that Microsoft has not promised, or that only some clouds have. @see https://learn.microsoft.com/en-us/graph/deployments */
export interface UnpromisedBehaviour {
  /** `false` where the cloud has no permanentDelete. A permanent deletion then moves to the Recoverable Items, and the answer reports it. */
  readonly permanentDelete: boolean;
  /** `false` where the cloud has no export and import of mailbox items. A copy for another mailbox then uses the RFC 5322 form. */
  readonly importExport: boolean;
  /**
   * The form of ids that exportItems accepts. Microsoft only says that it accepts ids of its own item lists, which look like default ids of messages;
   * that they are the same is not promised.
   */
  readonly exportIds: "restId" | "ewsId" | "restImmutableEntryId";
  /** How a message gets into the Recoverable Items: by a move, or by one or two plain DELETE requests. */
  readonly softDelete: "move" | "delete" | "delete_twice";
  /** `drafts_only`: attachments of other messages are refused without a request. */
  readonly deleteAttachments: "try" | "drafts_only";
  /** Whether `$filter` may use `contains`. */
  readonly containsFilter: "try" | "never";
  /** How an id of Exchange Web Services becomes one of Graph. */
  readonly ewsIds: "translate" | "rewrite";
  /** Whether lists of attachments request content ids. */
  readonly contentIds: boolean;
  /** Whether messages are requested with their size and item class. */
  readonly sizes: boolean;
}

/** The worldwide cloud. Settings change it for other clouds. */
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
