// src/ews/session/: How one mailbox sends requests: SOAP, batches, retries, the endpoint and the identity it acts as.

/** How mailboxes of others are reached: as their owner (a role is needed), or as oneself with rights in them. */
export type Access = "impersonation" | "delegate";
