import { StoreError, type StoreErrorCode } from "../store/store-error.ts";
import { ItemError } from "./operation.ts";

/** The store's refusals for items, as Exchange's codes. */
const codes: Partial<Record<StoreErrorCode, string>> = {
  "attachment-too-deep": "ErrorAttachmentNestLevelLimitExceeded",
  "attachment-not-found": "ErrorInvalidAttachmentId",
  "item-not-found": "ErrorItemNotFound",
};

/** Runs `work` in the store and turns a refusal by the store into an ItemError. */
export function withStoreErrors<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    const code = error instanceof StoreError ? codes[error.code] : undefined;
    if (code === undefined || !(error instanceof StoreError)) throw error;
    throw new ItemError(code, error.message);
  }
}
