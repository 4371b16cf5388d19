/** The refusals of the store itself. Each protocol translates them into its own codes. */
export type StoreErrorCode =
  | "folder-exists"
  | "folder-not-found"
  | "distinguished-folder"
  | "folder-into-itself"
  | "item-not-found"
  | "attachment-not-found"
  | "attachment-too-deep"
  | "address-taken";

export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
