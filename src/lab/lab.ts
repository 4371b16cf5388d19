import type { FaultRule } from "./faults.ts";
import type { Store } from "./store.ts";

/** How to start the lab. */
export interface LabOptions {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 0: a free one. */
  readonly port?: number | undefined;
  /** PEM. */
  readonly tls?: { readonly key: string; readonly cert: string } | undefined;
  /** Fill the store with the practice organisation; default true. */
  readonly seed?: boolean | undefined;
  /** A folder of `.eml` files to deliver. */
  readonly importDir?: string | undefined;
  readonly faults?: readonly FaultRule[] | undefined;
  /** What ServerVersionInfo says; default ExchangeSE. */
  readonly version?: "Exchange2013" | "Exchange2016" | "Exchange2019" | "ExchangeSE" | undefined;
  /** The password of every seeded user. */
  readonly password?: string | undefined;
  /** Bearer tokens: token -> address of the user. */
  readonly tokens?: Readonly<Record<string, string>> | undefined;
  /** Keep the bodies of requests and replies in `requests`. */
  readonly keepBodies?: boolean | undefined;
  /** Compress replies when the client accepts it; default true. */
  readonly gzip?: boolean | undefined;
}

/** One request as the lab saw it; nothing secret in it. */
export interface LabRequest {
  readonly method: string;
  readonly path: string;
  readonly operation: string | undefined;
  /** Address of the authenticated user. */
  readonly caller: string | undefined;
  /** Address of the mailbox whose rights were used. */
  readonly acting: string | undefined;
  readonly anchorMailbox: string | undefined;
  readonly status: number;
  /** Body bytes as they came over the wire. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Without authorization and cookies. */
  readonly headers: Readonly<Record<string, string>>;
  readonly requestId: string;
  readonly requestBody?: string;
  readonly replyBody?: string;
}

/** A running lab. */
export interface Lab {
  readonly url: string;
  readonly ewsUrl: string;
  readonly store: Store;
  readonly requests: readonly LabRequest[];
  addFault(rule: FaultRule): void;
  clearFaults(): void;
  close(): Promise<void>;
}
