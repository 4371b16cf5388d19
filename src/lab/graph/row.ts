import type { JsonObject } from "./json.ts";

/** The kinds of objects that queries apply to; each has its own selectable, filterable and sortable properties. */
export type Resource =
  | "message"
  | "mailFolder"
  | "messageRule"
  | "attachment"
  | "contact"
  | "contactFolder"
  | "event"
  | "user"
  | "group"
  | "directoryObject"
  | "exchangeMessageTrace";

/** One object that a query applies to. */
export interface Row {
  /** All its properties, including those returned only if selected (`onlySelected`), `@odata.type` and `@odata.etag`. */
  readonly properties: JsonObject;
  /** Names of the properties that a reply leaves out unless `$select` names them. */
  readonly onlySelected?: ReadonlySet<string> | undefined;
  /**
   * Returns the rows for `$expand` of a navigation property (`attachments`, `microsoft.graph.itemattachment/item`); undefined if there is none with this
   * name.
   */
  readonly expanded?: ((navigation: string) => Row | readonly Row[] | undefined) | undefined;
  /** Value of an extended property by its id as Graph writes it, such as `String 0x001A`. */
  readonly extended?: ((id: string) => string | undefined) | undefined;
  /** Exact times, to the millisecond, for filters and orders; the reply shows whole seconds. */
  readonly exact?: Readonly<Record<string, Date | undefined>> | undefined;
  /** The texts that `$search` searches. */
  readonly searched?: (() => Searched) | undefined;
}

/** The words of a message by the properties of the search language. */
export interface Searched {
  readonly subject: string;
  readonly body: string;
  /** Names and addresses. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  /** Names of attached files and messages. */
  readonly attachments: readonly string[];
  readonly received: Date;
  readonly sent: Date | undefined;
  /** Bytes. */
  readonly size: number;
  readonly hasAttachments: boolean;
  readonly importance: string;
}
