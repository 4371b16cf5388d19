import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { errorCode, Failure } from "../failure.ts";
import { readRegular } from "../files/regular-file.ts";
import type { OpenedFile } from "./action-definition.ts";

/**
 * Opens a file that the input names as an attachment.
 * @throws Failure `invalid-input` when there is no such file
 */
export async function openFile(path: string): Promise<OpenedFile> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Failure("invalid-input", `${path} is not a file.`);
    return { name: basename(path), size: found.size, open: () => readRegular(path) };
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    throw new Failure("invalid-input", `${path} cannot be read (${errorCode(thrown) ?? "unknown"}).`, { cause: thrown });
  }
}
