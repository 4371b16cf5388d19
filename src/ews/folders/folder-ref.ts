/** A folder as requests name it. */
export type FolderRef =
  | { readonly id: string; readonly changeKey?: string | undefined }
  /** `mailbox` is written for delegate access only. */
  | { readonly distinguished: string; readonly mailbox?: string | undefined };
