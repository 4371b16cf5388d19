/** How mailboxes of others are reached: as their owner (a role is needed), or as oneself with rights in them. */
export type Access = "impersonation" | "delegate";
