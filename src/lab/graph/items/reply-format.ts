import type { IdForm } from "../ids.ts";

/** How the reply to one request is written. */
export interface ReplyFormat {
  readonly ids: IdForm;
  /** The body type that a Prefer header requested; undefined: unchanged. */
  readonly bodyType: "text" | "html" | undefined;
  /** Whether HTML is returned unchanged, including its harmful parts. */
  readonly isUnsafe?: boolean | undefined;
  /** Whether the caller may see neither body nor headers nor attachments: the least permission. */
  readonly isBasic?: boolean | undefined;
}
