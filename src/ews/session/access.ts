// src/ews/session/: How one mailbox sends requests: SOAP, batches, retries, the endpoint and the identity it acts as.

/** How to reach mailboxes of other people: as their owner (which needs a role), or as oneself with rights to them. */
export type Access = "impersonation" | "delegate";
