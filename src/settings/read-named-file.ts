import { closeSync, fstatSync, readFileSync } from "node:fs";
import { errorCode, Failure } from "../failure.ts";
import { openRegularSync, readRegularSync } from "../files/regular-file.ts";

/**
 * Returns the bytes of a file that a setting names.
 * @param field name of the setting, for the error
 * @throws Failure `invalid-settings` if it cannot be read
 */
export function readFileSetting(path: string, field: string): Buffer {
  try {
    return readRegularSync(path);
  } catch (thrown) {
    const code = errorCode(thrown) ?? "unreadable";
    throw new Failure("invalid-settings", `${field}: the file cannot be read (${code}).`, { local: path, cause: thrown });
  }
}

/**
 * Returns the bytes of a file that contains a secret or decides where secrets are sent: it must belong to the user or to root, and no other user may
 * write it. Windows has other rules; there every file passes.
 * @param field what the settings call it, for the error
 * @throws Failure `invalid-settings` when it cannot be read, or others could have written it
 */
export function readOwnFile(path: string, field: string): Buffer {
  const prefix = field === path ? "" : `${field}: `;
  let file: number | undefined;
  try {
    file = openRegularSync(path);
    // Checks the open file: between a check of the path and the reading, another user could replace the file.
    const { uid, mode } = fstatSync(file);
    const user = process.getuid?.();
    if (user !== undefined && uid !== user && uid !== 0) {
      throw new Failure("invalid-settings", `${prefix}the file ${path} belongs to another user, so mailcordon did not read it.`, {
        hint: `Check its contents, then make yourself the owner: chown $(id -un) ${path}`,
      });
    }
    if (user !== undefined && (mode & 0o022) !== 0) {
      throw new Failure("invalid-settings", `${prefix}other users can write the file ${path}, so mailcordon did not read it.`, {
        hint: `Check its contents, then remove the others' write permission: chmod go-w ${path}`,
      });
    }
    return readFileSync(file);
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    const code = errorCode(thrown) ?? "unreadable";
    throw new Failure("invalid-settings", `${prefix}the file ${path} cannot be read (${code}).`, { cause: thrown });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
