/** The ways in which the lab can fail on purpose. Each is a shape seen from real servers or from what stands between. */
export const faultKinds = {
  "server-busy-fault": "SOAP fault ErrorServerBusy with BackOffMilliseconds",
  "server-busy-item": "ErrorServerBusy as one item's response under HTTP 200, with BackOffMilliseconds; the item is not done",
  "connection-count-fault": "SOAP fault ErrorExceededConnectionCount with three values and no BackOffMilliseconds",
  "401": "HTTP 401 although the credentials are right",
  "403": "HTTP 403 with an HTML body",
  "500": "HTTP 500 with an HTML body",
  "503": "HTTP 503 with Retry-After",
  "reset-before": "the connection is reset before anything is done",
  "reset-after": "the operation is done, the answer is lost",
  "reset-mid-body": "the operation is done, the connection is reset in the middle of the reply",
  truncate: "the operation is done, the reply ends early although its length says that it is complete",
  delay: "the reply comes late",
  "illegal-characters": "subjects and names of the reply hold references to characters that XML forbids",
  "batch-stopped": "one item fails with ErrorAccessDenied, the later ones are not done",
  "item-error": "one item of a batch fails and is not done",
  "short-batch": "one error for a batch of several items, none done",
} as const satisfies Record<string, string>;

export type FaultKind = keyof typeof faultKinds;

/** One fault, as data. Requests that match are counted from 1. */
export interface FaultRule {
  readonly kind: FaultKind;
  /** Microsoft's name, such as `GetItem`; every operation when absent. */
  readonly operation?: string | undefined;
  /** Address of the mailbox whose rights are used. */
  readonly mailbox?: string | undefined;
  /** The first matching request that fails; default 1. */
  readonly nth?: number | undefined;
  /** How many in a row fail; default 1. */
  readonly times?: number | undefined;
  /** For kinds about one item: its number in the batch, from 1; default 1. */
  readonly item?: number | undefined;
  /** For kinds about one item: its id, instead of its number. */
  readonly itemId?: string | undefined;
  /** Default 200 ms; 0 is a shape of its own. */
  readonly backOffMs?: number | undefined;
  /** Default 1000 ms. */
  readonly delayMs?: number | undefined;
  /** The response code of an item error. */
  readonly code?: string | undefined;
}

/** What one item answers instead of being done. */
export interface ItemFault {
  readonly code: string;
  readonly message: string;
  readonly messageXml?: string;
}

/** The faults of one request. */
export interface Faults {
  /** The rule of this kind, when it hits this request. */
  rule(kind: FaultKind): FaultRule | undefined;
  /** What the item of this number (from 1) or id answers instead of being done. */
  ofItem(number: number, itemId: string | undefined): ItemFault | undefined;
  /** Whether the reply holds one error only, however many items were asked. */
  shortBatch(): boolean;
}
