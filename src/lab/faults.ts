/** The deliberate faults of the lab. Each has a form seen from real servers, or from proxies and gateways before them. */
export const faultKinds = {
  "server-busy-fault": "SOAP fault ErrorServerBusy with BackOffMilliseconds",
  "server-busy-item": "ErrorServerBusy as one item's response under HTTP 200, with BackOffMilliseconds; the item is not done",
  "connection-count-fault": "SOAP fault ErrorExceededConnectionCount with three values and no BackOffMilliseconds",
  "401": "HTTP 401 although the credentials are right",
  "403": "HTTP 403 with an HTML body",
  "429": "HTTP 429 with Retry-After (Microsoft Graph only)",
  "500": "HTTP 500 with an HTML body",
  "503": "HTTP 503 with Retry-After",
  "504": "the operation is done, but a gateway gave up waiting: HTTP 504 (Microsoft Graph only)",
  "error-after": "the operation is done, the reply says ErrorInternalServerError",
  "reset-before": "the connection is reset before anything is done",
  "reset-after": "the operation is done, the reply is lost",
  "reset-mid-body": "the operation is done, the connection is reset in the middle of the reply",
  truncate: "the operation is done, the reply ends early although its length says that it is complete",
  "close-cut": "the operation is done, the reply has no length, and the connection is closed in the middle of it",
  page: "a proxy's sign-in page under HTTP 200 instead of the operation",
  "page-after": "the operation is done, its reply is replaced: a proxy's sign-in page under HTTP 200",
  "page-404": "a page under HTTP 404 instead of the operation",
  "page-404-after": "the operation is done, its reply is replaced: a page under HTTP 404",
  "page-503": "a page under HTTP 503 with Retry-After instead of the operation",
  "page-503-after": "the operation is done, its reply is replaced: a page under HTTP 503 with Retry-After",
  "json-404": "HTTP 404 with JSON that is not an error of Microsoft Graph instead of the operation",
  "json-404-after": "the operation is done, its reply is replaced: HTTP 404 with JSON that is not an error of Microsoft Graph",
  "empty-200": "HTTP 200 without a body instead of the operation",
  "empty-200-after": "the operation is done, its reply is replaced: HTTP 200 without a body",
  "empty-204": "HTTP 204 instead of the operation",
  "empty-204-after": "the operation is done, its reply is replaced: HTTP 204",
  "empty-object": "HTTP 200 with an empty JSON object instead of the operation",
  "empty-object-after": "the operation is done, its reply is replaced: HTTP 200 with an empty JSON object",
  redirect: "a redirect to a sign-in page instead of the operation",
  "redirect-after": "the operation is done, its reply is replaced: a redirect to a sign-in page",
  delay: "the reply comes late",
  "illegal-characters": "subjects and names of the reply hold references to characters that XML forbids",
  "batch-stopped": "one item fails with ErrorAccessDenied, the later ones are not done",
  "item-error": "one item of a batch fails and is not done",
  "short-batch": "one error for a batch of several items, none done",
  "missing-answers": "all of a $batch is done, but its reply has only one of the answers (Microsoft Graph only)",
} as const satisfies Record<string, string>;

export type FaultKind = keyof typeof faultKinds;

/** One fault. Matching requests are counted from 1. */
export interface FaultRule {
  readonly kind: FaultKind;
  /** Microsoft's name, such as `GetItem`; every operation when absent. */
  readonly operation?: string | undefined;
  /** Address of the mailbox whose rights are used. */
  readonly mailbox?: string | undefined;
  /** The first matching request that fails. Default: 1. */
  readonly nth?: number | undefined;
  /** How many requests in a row fail. Default: 1. */
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

/** The reply for one item that is not done. */
export interface ItemFault {
  readonly code: string;
  readonly message: string;
  /** Values of MessageXml. */
  readonly values?: Readonly<Record<string, string | number>> | undefined;
  /** Whether the rest of the batch is left undone. */
  readonly stops: boolean;
}

/** The faults of one request. */
export interface Faults {
  /** The rule of this kind, when it hits this request. */
  rule(kind: FaultKind): FaultRule | undefined;
  /** Returns the fault that replaces the request for the item with this number (from 1) or id. */
  ofItem(number: number, itemId: string | undefined): ItemFault | undefined;
  /** Whether the reply has only one error for all requested items. */
  shortBatch(): boolean;
}

/** Suggested wait if a rule names none: short, so that practice does not stop for long. */
export const defaultBackOffMs = 200;

const busyMessage = "The server cannot service this request right now. Try again later.";

const itemKinds: ReadonlySet<FaultKind> = new Set(["server-busy-item", "batch-stopped", "item-error"]);

function itemFault(rule: FaultRule): ItemFault {
  switch (rule.kind) {
    case "server-busy-item":
      return {
        code: "ErrorServerBusy",
        message: busyMessage,
        values: { BackOffMilliseconds: rule.backOffMs ?? defaultBackOffMs },
        stops: false,
      };
    case "batch-stopped":
      return { code: rule.code ?? "ErrorAccessDenied", message: "Access is denied. Check credentials and try again.", stops: true };
    default:
      return { code: rule.code ?? "ErrorCorruptData", message: "Data is corrupt.", stops: false };
  }
}

interface Counted {
  readonly rule: FaultRule;
  seen: number;
}

function hits(counted: Counted): boolean {
  counted.seen += 1;
  const first = counted.rule.nth ?? 1;
  return counted.seen >= first && counted.seen < first + (counted.rule.times ?? 1);
}

/** The rules of a lab and how often each has matched. */
export class FaultPlan {
  #rules: Counted[] = [];

  add(rule: FaultRule): void {
    this.#rules.push({ rule, seen: 0 });
  }

  clear(): void {
    this.#rules = [];
  }

  /** Counts this request; call it once for each. */
  of(operation: string | undefined, mailboxes: readonly string[]): Faults {
    const matching = this.#rules.filter(
      ({ rule }) =>
        (rule.operation === undefined || rule.operation === operation) &&
        (rule.mailbox === undefined || mailboxes.some((address) => address.toLowerCase() === rule.mailbox?.toLowerCase())),
    );
    // A rule about one id counts the uses of this id, not the requests.
    const byId = matching.filter(({ rule }) => itemKinds.has(rule.kind) && rule.itemId !== undefined);
    const hit = matching.filter((counted) => !byId.includes(counted) && hits(counted)).map(({ rule }) => rule);
    return {
      rule: (kind) => hit.find((rule) => rule.kind === kind),
      ofItem: (number, itemId) => {
        const short = hit.find((rule) => rule.kind === "short-batch");
        if (short !== undefined) return itemFault(short);
        const rule =
          hit.find((one) => itemKinds.has(one.kind) && (one.item ?? 1) === number) ??
          byId.find((counted) => counted.rule.itemId === itemId && hits(counted))?.rule;
        return rule && itemFault(rule);
      },
      shortBatch: () => hit.some((rule) => rule.kind === "short-batch"),
    };
  }
}

function isFaultKind(text: string): text is FaultKind {
  return Object.hasOwn(faultKinds, text);
}

function count(text: string | undefined, what: string): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${what} must be a whole number, not "${text}".`);
  return Number(text);
}

/**
 * Parses a rule: `kind[:operation][:nth][:times]`, then any of `,mailbox=…` `,item=…` `,itemId=…` `,backOffMs=…` `,delayMs=…` `,code=…`. An operation that
 * is empty or `*` means every operation. Throws an Error that describes the mistake.
 */
export function parseFault(text: string): FaultRule {
  const [head = "", ...options] = text.split(",");
  const [kind = "", operation, nth, times, ...rest] = head.split(":");
  if (!isFaultKind(kind)) throw new Error(`"${kind}" is not a kind of fault. Kinds: ${Object.keys(faultKinds).join(", ")}.`);
  if (rest.length > 0) throw new Error(`"${head}" has too many parts: kind:operation:nth:times.`);
  const given = new Map<string, string>();
  for (const option of options) {
    const equals = option.indexOf("=");
    const key = option.slice(0, Math.max(equals, 0));
    if (!["mailbox", "item", "itemId", "backOffMs", "delayMs", "code"].includes(key))
      throw new Error(`"${option}" is not an option of a fault.`);
    given.set(key, option.slice(equals + 1));
  }
  return {
    kind,
    operation: operation === "" || operation === "*" ? undefined : operation,
    nth: count(nth, "nth"),
    times: count(times, "times"),
    mailbox: given.get("mailbox"),
    item: count(given.get("item"), "item"),
    itemId: given.get("itemId"),
    backOffMs: count(given.get("backOffMs"), "backOffMs"),
    delayMs: count(given.get("delayMs"), "delayMs"),
    code: given.get("code"),
  };
}
