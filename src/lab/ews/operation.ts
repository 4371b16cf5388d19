import type { Faults } from "../faults.ts";
import type { ServerVariants } from "../server-variants.ts";
import type { User } from "../store/organisation.ts";
import type { Store } from "../store/store.ts";
import { el, esc, type XmlElement } from "../xml.ts";
import type { Subscriptions } from "./subscriptions.ts";

export const soapNamespace = "http://schemas.xmlsoap.org/soap/envelope/";
export const messagesNamespace = "http://schemas.microsoft.com/exchange/services/2006/messages";
export const typesNamespace = "http://schemas.microsoft.com/exchange/services/2006/types";
export const errorsNamespace = "http://schemas.microsoft.com/exchange/services/2006/errors";

/** XML for a reply, in one piece or in many: large content is passed piece by piece and never joined. */
export type Content = string | Iterable<string | Uint8Array>;

/** The context of one call. */
export interface RequestContext {
  readonly store: Store;
  /** The authenticated account. */
  readonly caller: User;
  /** The user whose rights apply: the impersonated user, otherwise the caller. */
  readonly acting: User;
  /** The value of RequestServerVersion, such as `Exchange2013_SP1`; without the header, the newest version that the lab knows. */
  readonly version: string;
  /** The id of TimeZoneContext; `UTC` without it. */
  readonly timeZone: string;
  readonly faults: Faults;
  readonly habits: ServerVariants;
  readonly subscriptions: Subscriptions;
  /** The operation element; it is valid by the schema. */
  readonly request: XmlElement;
}

/** One SOAP operation, under Microsoft's name. Throws Fault. Uses the prefixes m and t, which the envelope of the reply declares. */
export interface Operation {
  readonly name: string;
  /** Returns the inner XML of s:Body. All work is done when it returns; only the writing of content may be lazy. */
  handle(context: RequestContext): Content;
  /** Further bodies of the same reply, each in an envelope of its own, until the stream ends or `closing` is aborted; undefined if there are none. */
  follow?(context: RequestContext): ((closing: AbortSignal) => AsyncIterable<Content>) | undefined;
}

/** The children of m:MessageXml or t:MessageXml as tagged values: `<t:Value Name="…">`. */
export function messageValues(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => el("t:Value", { Name: name }, esc(String(value))))
    .join("");
}

/** Becomes one ResponseMessage of class Error under HTTP 200. */
export class ItemError extends Error {
  override readonly name = "ItemError";
  readonly code: string;
  /** Children of m:MessageXml, XML already. */
  readonly messageXml: string | undefined;

  constructor(code: string, message: string, messageXml?: string) {
    super(message);
    this.code = code;
    this.messageXml = messageXml;
  }
}

/** Becomes one ResponseMessage of class Warning that holds its content all the same. */
export class ItemWarning extends Error {
  override readonly name = "ItemWarning";
  readonly code: string;
  readonly content: string;

  constructor(code: string, message: string, content: string) {
    super(message);
    this.code = code;
    this.content = content;
  }
}

/** Becomes HTTP 500 with a SOAP fault. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly code: string;
  /** Children of t:MessageXml, XML already. */
  readonly messageXml: string | undefined;
  /** The faultstring, if it says more than the message. */
  readonly faultString: string | undefined;

  constructor(code: string, message: string, messageXml?: string, faultString?: string) {
    super(message);
    this.code = code;
    this.messageXml = messageXml;
    this.faultString = faultString;
  }
}

/** One item of a batch: its work, and the id of the item if faults must find it. */
export type Task = (() => Content) | { readonly itemId: string; run(): Content };

/** A task for each id of a list in the request, such as `ItemIds`. */
export function tasksOf({ request }: RequestContext, list: string, run: (id: XmlElement) => Content): Task[] {
  return (request.child(list)?.children ?? []).map((id) => ({ itemId: id.attributes.get("Id") ?? "", run: () => run(id) }));
}

/**
 * Codes after which Exchange does not try the rest of a batch.
 * @see https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/how-to-process-email-messages-in-batches-by-using-ews-in-exchange
 */
const stoppingCodes: ReadonlySet<string> = new Set([
  "ErrorAccessDenied",
  "ErrorAccountDisabled",
  "ErrorADOperation",
  "ErrorADUnavailable",
  "ErrorConnectionFailed",
  "ErrorInsufficientResources",
  "ErrorMailboxMoveInProgress",
  "ErrorMailboxStoreUnavailable",
  "ErrorPasswordChangeRequired",
  "ErrorPasswordExpired",
  "ErrorQuotaExceeded",
]);

/** MessageText, ResponseCode, DescriptiveLinkKey and MessageXml of an error, in the order of the schema. */
function errorParts(error: ItemError | ItemWarning): string {
  return (
    `<m:MessageText>${esc(error.message)}</m:MessageText><m:ResponseCode>${error.code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>` +
    (error instanceof ItemWarning || error.messageXml === undefined ? "" : `<m:MessageXml>${error.messageXml}</m:MessageXml>`)
  );
}

const stopped = new ItemError("ErrorBatchProcessingStopped", "The batch processing was stopped because of an error in an earlier item.");

/** The whole response element of an operation whose reply is `m:ResponseMessages`, from the content of its messages. */
export interface BatchOptions {
  /** The element after the code in a failed message: Exchange keeps the empty container, such as `<m:Items/>`. */
  readonly empty?: string;
  /** Attributes of the message element, XML already. */
  readonly element?: string;
}

/**
 * Returns one ResponseMessage per task, in order. A task returns the XML after ResponseCode (`<m:Items>…</m:Items>`). An ItemError becomes a
 * message of class Error; after a code that stops a batch, the rest becomes ErrorBatchProcessingStopped of class Warning and is not done. All tasks
 * are done when this returns.
 */
export function responses(
  operation: string,
  tasks: Iterable<Task>,
  context: RequestContext,
  options: BatchOptions = {},
): Iterable<string | Uint8Array> {
  const message = options.element ?? `m:${operation}ResponseMessage`;
  const failed = (responseClass: string, error: ItemError): string =>
    `<${message} ResponseClass="${responseClass}">${errorParts(error)}${options.empty ?? ""}</${message}>`;
  const pieces: Content[] = [];
  let number = 0;
  let stop = false;
  for (const task of tasks) {
    number += 1;
    if (stop) {
      pieces.push(failed("Warning", stopped));
      continue;
    }
    try {
      const injected = context.faults.ofItem(number, typeof task === "function" ? undefined : task.itemId);
      if (injected !== undefined) {
        stop = injected.stops;
        throw new ItemError(injected.code, injected.message, injected.values && messageValues(injected.values));
      }
      const content = typeof task === "function" ? task() : task.run();
      pieces.push(flatten([`<${message} ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode>`, content, `</${message}>`]));
    } catch (error) {
      if (error instanceof ItemWarning) {
        pieces.push(`<${message} ResponseClass="Warning">${errorParts(error)}${error.content}</${message}>`);
        continue;
      }
      if (!(error instanceof ItemError)) throw error;
      pieces.push(failed("Error", error));
      stop ||= stoppingCodes.has(error.code);
    }
  }
  const messages = context.faults.shortBatch() ? pieces.slice(-1) : pieces;
  const wrapper = context.habits.wrapperOf(operation);
  return flatten([`<m:${operation}Response><${wrapper}>`, ...messages, `</${wrapper}></m:${operation}Response>`]);
}

export interface SingleOptions {
  /** The element after the error. */
  readonly empty?: string;
  /** For the older operations about one mailbox: the code is in m:ResponseMessage, and the result of the task follows it. */
  readonly nested?: boolean;
}

/** Returns the reply of an operation with one result: `task` returns the XML after ResponseCode. An ItemError becomes class Error. */
export function response(
  operation: string,
  task: () => Content,
  context: RequestContext,
  options: SingleOptions = {},
): Iterable<string | Uint8Array> {
  const element = `m:${operation}Response`;
  const write = (responseClass: string, code: string, content: Content): Iterable<string | Uint8Array> =>
    flatten(
      options.nested === true
        ? [`<${element}><m:ResponseMessage ResponseClass="${responseClass}">${code}</m:ResponseMessage>`, content, `</${element}>`]
        : [`<${element} ResponseClass="${responseClass}">${code}`, content, `</${element}>`],
    );
  try {
    const injected = context.faults.ofItem(1, undefined);
    if (injected !== undefined) throw new ItemError(injected.code, injected.message, injected.values && messageValues(injected.values));
    return write("Success", "<m:ResponseCode>NoError</m:ResponseCode>", task());
  } catch (error) {
    if (!(error instanceof ItemError)) throw error;
    return write("Error", errorParts(error), options.empty ?? "");
  }
}

/** The pieces in order, strings whole. */
export function* flatten(contents: Iterable<Content>): Iterable<string | Uint8Array> {
  for (const content of contents) {
    if (typeof content === "string") yield content;
    else yield* content;
  }
}

/** Bytes as base64 text in pieces, without line breaks, as Exchange writes it. */
export function* base64(bytes: Uint8Array): Iterable<string> {
  // A multiple of 3, so that only the last piece is padded; about 190 KiB, so that a piece is small compared with a socket's buffers.
  const piece = 3 * 65_536;
  for (let start = 0; start < bytes.length; start += piece) {
    const end = Math.min(start + piece, bytes.length);
    yield Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("base64");
  }
}
