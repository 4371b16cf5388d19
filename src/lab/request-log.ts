/** One request as the lab saw it; nothing secret in it. */
export interface LabRequest {
  readonly method: string;
  readonly path: string;
  readonly operation: string | undefined;
  /** Those of the requests inside of it, in the order in which they came: what a `$batch` of Graph is made of. */
  readonly inner?: readonly string[] | undefined;
  /** Address of the authenticated user. */
  readonly caller: string | undefined;
  /** Address of the mailbox whose rights were used. */
  readonly acting: string | undefined;
  readonly anchorMailbox: string | undefined;
  /** What came of the credentials, where `LabOptions.signIn` is set: how it signed in, or why not. */
  readonly signIn?: string | undefined;
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
