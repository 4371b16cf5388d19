import { StoreError, type StoreErrorCode } from "../store/store-error.ts";
import { ItemError } from "./operation.ts";

/** The store's refusals for items, as Exchange's codes. */
const codes: Partial<Record<StoreErrorCode, string>> = {
  "attachment-too-deep": "ErrorAttachmentNestLevelLimitExceeded",
  "attachment-not-found": "ErrorInvalidAttachmentId",
  "item-not-found": "ErrorItemNotFound",
};

/** Those for folders. Only DeleteFolder may name a default folder here: MoveFolder refuses it with a code of its own. */
const folderCodes: Partial<Record<StoreErrorCode, string>> = {
  "distinguished-folder": "ErrorDeleteDistinguishedFolder",
  "folder-exists": "ErrorFolderExists",
  "folder-into-itself": "ErrorMoveCopyFailed",
};

/** Runs `act` on items of the store and turns a refusal by the store into an ItemError. */
export function withStoreErrors<T>(act: () => T): T {
  return translated(act, codes);
}

/** As `withStoreErrors`, for folders. */
export function withFolderErrors<T>(act: () => T): T {
  return translated(act, folderCodes);
}

function translated<T>(act: () => T, byCode: typeof codes): T {
  try {
    return act();
  } catch (error) {
    const code = error instanceof StoreError ? byCode[error.code] : undefined;
    if (code === undefined || !(error instanceof StoreError)) throw error;
    throw new ItemError(code, error.message);
  }
}
