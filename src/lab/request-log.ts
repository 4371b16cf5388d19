/** One request as the lab saw it; nothing secret in it. */
export interface LabRequest {
  readonly method: string;
  readonly path: string;
  readonly operation: string | undefined;
  /** The requests inside it, in their order: the parts of a `$batch` of Graph. */
  readonly inner?: readonly string[] | undefined;
  /** Address of the authenticated user. */
  readonly caller: string | undefined;
  /** Address of the mailbox whose rights were used. */
  readonly acting: string | undefined;
  readonly anchorMailbox: string | undefined;
  /** The result of the sign-in, if `LabOptions.signIn` is set: its method, or the reason for a refusal. */
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
