import { readFileSync } from "node:fs";
import { errorCode, Failure } from "./failure.ts";

/**
 * The bytes of a file that a setting names.
 * @param field what the settings call it, for the error
 * @throws Failure `invalid-settings` when it cannot be read
 */
export function readFileSetting(path: string, field: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    const code = errorCode(thrown) ?? "unreadable";
    throw new Failure("invalid-settings", `${field}: the file ${path} cannot be read (${code}).`, { cause: thrown });
  }
}
